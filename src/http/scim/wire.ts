/** Users and groups as provisioning clients read them (RFC 7643). */
import type { Group, GroupMember } from '#gateway/operations/scim/groups.ts'
import type { Listed } from '#gateway/operations/scim/place.ts'
import { attributesOf } from '#gateway/operations/scim/user-attributes.ts'
import type { ProvisionedUser } from '#gateway/operations/scim/users.ts'
import { encodeJsonChunks, type JsonObject } from '#model/json.ts'
import type { Answer, Header } from '../answer.ts'
import type { HttpRequest } from '../endpoint.ts'
import { mediaType } from './error.ts'

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

export const scimAnswer = (value: JsonObject, headers: readonly Header[] = []): Answer => ({
  status: 200,
  headers,
  contentType: mediaType,
  body: encodeJsonChunks(value),
})

export const placeOf = ({ caller }: HttpRequest, kind: string, id: string): string =>
  `${caller.base}/scim/v2/${kind}/${encodeURIComponent(id)}`

const tagOf = (version: number): string => `W/"${version}"`

interface Stored {
  readonly id: string
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** The database tells dates of plain statements as it tells those of typed ones. */
const metaOf = (request: HttpRequest, kind: 'User' | 'Group', stored: Stored): JsonObject => ({
  resourceType: kind,
  created: new Date(stored.createdAt).toISOString(),
  lastModified: new Date(stored.updatedAt).toISOString(),
  location: placeOf(request, `${kind}s`, stored.id),
  version: tagOf(Number(stored.version)),
})

const userWire = (request: HttpRequest, user: ProvisionedUser): JsonObject => {
  const { texts, name, lists, ...keys } = attributesOf(user)
  const full = Object.keys(name).length > 0 ? { name } : {}
  return {
    schemas: [userSchema],
    id: user.id,
    ...keys,
    ...texts,
    ...full,
    ...lists,
    meta: metaOf(request, 'User', user),
  }
}

const memberWire =
  (request: HttpRequest) =>
  ({ kind, id, name }: GroupMember): JsonObject => {
    const type = kind === 'role' ? 'Group' : 'User'
    return {
      value: id,
      type,
      $ref: placeOf(request, `${type}s`, id),
      ...(name === null ? {} : { display: name }),
    }
  }

const groupWire = (request: HttpRequest, { role, members }: Group): JsonObject => ({
  schemas: [groupSchema],
  id: role.id,
  externalId: role.sourceId,
  displayName: role.name,
  ...(members === undefined ? {} : { members: members.map(memberWire(request)) }),
  meta: metaOf(request, 'Group', role),
})

const namesIn = (text: string | undefined): ReadonlySet<string> | undefined =>
  text === undefined || text.trim() === ''
    ? undefined
    : new Set(text.split(',').map((name) => (name.trim().split(/[.[]/)[0] ?? '').toLowerCase()))

/** What is left of a resource (RFC 7644, 3.9): `schemas` and `id` always are. */
const chosen = ({ query }: HttpRequest, resource: JsonObject): JsonObject => {
  const wanted = namesIn(query.get('attributes'))
  const unwanted = namesIn(query.get('excludedAttributes'))
  const isShown = (name: string): boolean => {
    if (name === 'schemas' || name === 'id') return true
    const key = name.toLowerCase()
    return wanted === undefined ? !unwanted?.has(key) : wanted.has(key)
  }
  return Object.fromEntries(Object.entries(resource).filter(([name]) => isShown(name)))
}

/** Members are read only for who wants them. */
export const wantsMembers = ({ query }: HttpRequest): boolean => {
  const wanted = namesIn(query.get('attributes'))
  return wanted === undefined
    ? !namesIn(query.get('excludedAttributes'))?.has('members')
    : wanted.has('members')
}

type Wire<T> = (request: HttpRequest, value: T) => JsonObject

const one =
  <T>(wire: Wire<T>, versionOf: (value: T) => number) =>
  (value: T, request: HttpRequest): Answer =>
    scimAnswer(chosen(request, wire(request, value)), [['ETag', tagOf(Number(versionOf(value)))]])

export const answerUser = one(userWire, ({ version }) => version)
export const answerGroup = one(groupWire, ({ role }) => role.version)

const created = (answer: Answer, location: string): Answer => ({
  ...answer,
  status: 201,
  headers: [...(answer.headers ?? []), ['Location', location]],
})

export const answerCreatedUser = (user: ProvisionedUser, request: HttpRequest): Answer =>
  created(answerUser(user, request), placeOf(request, 'Users', user.id))

export const answerCreatedGroup = (group: Group, request: HttpRequest): Answer =>
  created(answerGroup(group, request), placeOf(request, 'Groups', group.role.id))

const list =
  <T>(wire: Wire<T>) =>
  ({ total, startIndex, items }: Listed<T>, request: HttpRequest): Answer =>
    scimAnswer({
      schemas: [listSchema],
      totalResults: total,
      startIndex,
      itemsPerPage: items.length,
      Resources: items.map((item) => chosen(request, wire(request, item))),
    })

export const answerUsers = list(userWire)
export const answerGroups = list(groupWire)
