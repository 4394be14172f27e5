/** From a request of the provisioning face to the input of its operation. */
import type { GetGroup, ListGroups } from '#gateway/operations/scim/groups.ts'
import type { ById, ListAsked, Versioned } from '#gateway/operations/scim/place.ts'
import { ScimRefusal } from '#gateway/operations/scim/refusal.ts'
import type { WithBody } from '#gateway/operations/scim/users.ts'
import { CatalogError } from '#model/errors.ts'
import { parseJsonObject } from '#model/json.ts'
import type { HttpRequest } from '../endpoint.ts'
import { wantsMembers } from './wire.ts'

/** A group with its members comes in one body. */
const limits = { maxBytes: 8 * 1024 * 1024, maxDepth: 16, maxMembers: 400_000 }

export const readNothing = (): object => ({})

/** A `+` is itself: ids are often addresses. */
export const readId = ({ params }: HttpRequest): ById => {
  try {
    return { id: decodeURIComponent(params['id'] ?? '') }
  } catch (cause) {
    throw new CatalogError('BadRequestException', 'Malformed URL: invalid percent-encoding', { cause })
  }
}

export const readBody = ({ body }: HttpRequest): WithBody => {
  try {
    return { body: parseJsonObject(body, limits) }
  } catch (cause) {
    const why = cause instanceof CatalogError ? cause.message : 'it is no JSON'
    throw new ScimRefusal('invalidSyntax', `Invalid request: ${why}`, { cause })
  }
}

/** Undefined where anything will do; one of another form than ours is none that we have given. */
const versionOf = ({ header }: HttpRequest): number | undefined => {
  const sent = header('if-match')?.trim()
  if (sent === undefined || sent === '*') return undefined
  const [, version] = /^(?:W\/)?"(\d{1,15})"$/.exec(sent) ?? []
  if (version === undefined)
    throw new CatalogError('PreconditionFailedException', 'It has been changed since it was read')
  return Number(version)
}

export const readVersioned = (request: HttpRequest): Versioned => {
  const version = versionOf(request)
  return { ...readId(request), ...(version === undefined ? {} : { version }) }
}

export const readChange = (request: HttpRequest): Versioned & WithBody => ({
  ...readVersioned(request),
  ...readBody(request),
})

const integerOf = ({ query }: HttpRequest, name: string): number | undefined => {
  const text = query.get(name)
  if (text === undefined || text === '') return undefined
  if (!/^-?\d{1,15}$/.test(text)) throw new ScimRefusal('invalidValue', `Invalid ${name}`)
  return Number(text)
}

export const readList = (request: HttpRequest): ListAsked => ({
  filter: request.query.get('filter'),
  startIndex: integerOf(request, 'startIndex'),
  count: integerOf(request, 'count'),
})

export const readGroupList = (request: HttpRequest): ListGroups => ({
  ...readList(request),
  withMembers: wantsMembers(request),
})

export const readGroupId = (request: HttpRequest): GetGroup => ({
  ...readId(request),
  withMembers: wantsMembers(request),
})
