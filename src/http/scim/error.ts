/** Refusals as provisioning clients read them (RFC 7644, 3.12). */
import { Type } from 'typebox'
import { ScimRefusal } from '#gateway/operations/scim/refusal.ts'
import type { ErrorWords } from '../error-answer.ts'

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

export const scimErrors: ErrorWords = {
  contentType: mediaType,
  bodyOf: (error) => ({
    schemas: [errorSchema],
    status: String(error.status),
    ...(error instanceof ScimRefusal ? { scimType: error.scimType } : {}),
    detail: error.message.toWellFormed(),
  }),
}
