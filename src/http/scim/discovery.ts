/** What the provisioning face says of itself (RFC 7643, 5 to 7). */
import type { ScimFacts } from '#gateway/operations/scim/scim.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import type { Answer } from '../answer.ts'
import type { HttpRequest } from '../endpoint.ts'
import { groupSchema, listSchema, placeOf, scimAnswer, userSchema } from './wire.ts'

const configSchema = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
const typeSchema = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
const schemaSchema = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

export const answerConfig = ({ mostResults }: ScimFacts, { caller }: HttpRequest): Answer =>
  scimAnswer({
    schemas: [configSchema],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: mostResults },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'An API key or a token of an administrator of the server',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${caller.base}/scim/v2/ServiceProviderConfig` },
  })

const typeOf = (request: HttpRequest, name: 'User' | 'Group', schema: string): JsonObject => ({
  schemas: [typeSchema],
  id: name,
  name,
  endpoint: `/${name}s`,
  schema,
  meta: { resourceType: 'ResourceType', location: placeOf(request, 'ResourceTypes', name) },
})

const typesOf = (request: HttpRequest): readonly JsonObject[] => [
  typeOf(request, 'User', userSchema),
  typeOf(request, 'Group', groupSchema),
]

type Told = readonly [name: string, more?: JsonObject]

const attribute = ([name, more = {}]: Told): JsonObject => ({
  name,
  type: 'string',
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...more,
})

const parts = (...names: readonly Told[]): JsonObject => ({
  type: 'complex',
  subAttributes: names.map(attribute),
})
const items: JsonObject = {
  ...parts(['value'], ['type'], ['display'], ['primary', { type: 'boolean' }]),
  multiValued: true,
}

const userAttributes: readonly Told[] = [
  ['userName', { required: true, uniqueness: 'server' }],
  ['externalId', { caseExact: true, uniqueness: 'server' }],
  ['active', { type: 'boolean' }],
  ['displayName'],
  ['nickName'],
  ['title'],
  ['userType'],
  ['preferredLanguage'],
  ['locale'],
  ['timezone'],
  [
    'name',
    parts(
      ['formatted'],
      ['familyName'],
      ['givenName'],
      ['middleName'],
      ['honorificPrefix'],
      ['honorificSuffix'],
    ),
  ],
  ['emails', items],
  ['phoneNumbers', items],
]

const groupAttributes: readonly Told[] = [
  ['displayName', { required: true, uniqueness: 'server' }],
  ['externalId', { caseExact: true, uniqueness: 'server' }],
  [
    'members',
    {
      ...parts(
        ['value', { mutability: 'immutable' }],
        ['$ref', { type: 'reference', referenceTypes: ['User', 'Group'], mutability: 'immutable' }],
        ['type', { mutability: 'immutable', canonicalValues: ['User', 'Group'] }],
        ['display', { mutability: 'readOnly' }],
      ),
      multiValued: true,
    },
  ],
]

const schemaOf = (request: HttpRequest, id: string, told: readonly Told[]): JsonObject => ({
  schemas: [schemaSchema],
  id,
  name: id.slice(id.lastIndexOf(':') + 1),
  attributes: told.map(attribute),
  meta: { resourceType: 'Schema', location: placeOf(request, 'Schemas', id) },
})

const schemasOf = (request: HttpRequest): readonly JsonObject[] => [
  schemaOf(request, userSchema, userAttributes),
  schemaOf(request, groupSchema, groupAttributes),
]

const listOf =
  (resources: (request: HttpRequest) => readonly JsonObject[]) =>
  (_output: unknown, request: HttpRequest): Answer => {
    const all = resources(request)
    return scimAnswer({
      schemas: [listSchema],
      totalResults: all.length,
      startIndex: 1,
      itemsPerPage: all.length,
      Resources: all,
    })
  }

const oneOf =
  (resources: (request: HttpRequest) => readonly JsonObject[]) =>
  (id: string, request: HttpRequest): Answer => {
    const found = resources(request).find((resource) => resource['id'] === id)
    if (found === undefined) throw new CatalogError('NotFoundException', `There is no ${id}`)
    return scimAnswer(found)
  }

export const answerResourceTypes = listOf(typesOf)
export const answerResourceType = oneOf(typesOf)
export const answerSchemas = listOf(schemasOf)
export const answerSchema = oneOf(schemasOf)
