/** Refusals as provisioning clients read them (RFC 7644, 3.12). */
import { Type } from 'typebox'
import { ScimRefusal } from '#gateway/operations/scim/refusal.ts'
import { isCatalogError } from '#model/errors.ts'
import { encodeJsonChunks } from '#model/json.ts'
import type { Answer } from '../answer.ts'
import { answerError } from '../error-answer.ts'

export const mediaType = 'application/scim+json'

const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

export const scimErrorForm = Type.Object(
  {
    schemas: Type.Array(Type.Literal(errorSchema)),
    status: Type.String({ pattern: '^[45]\\d\\d$' }),
    scimType: Type.Optional(Type.String()),
    detail: Type.String(),
  },
  { title: 'ScimError' },
)

/** What is no refusal is left to the one renderer: it is logged there. */
export const answerScimError = (thrown: unknown): Answer => {
  if (!isCatalogError(thrown) || thrown.status >= 500) throw thrown
  const body = {
    schemas: [errorSchema],
    status: String(thrown.status),
    ...(thrown instanceof ScimRefusal ? { scimType: thrown.scimType } : {}),
    detail: thrown.message.toWellFormed(),
  }
  return { ...answerError(thrown, ''), contentType: mediaType, body: encodeJsonChunks(body) }
}
