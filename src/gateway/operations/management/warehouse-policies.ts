/**
 * What a warehouse is told in Lakekeeper's words and does not act on yet. It is stored and told back, and the answer
 * lists what of it is without effect, so that nobody relies on it.
 */
import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import type { StorageRecord } from './registry.ts'

const strict = { additionalProperties: false } as const

const deleteProfile = Type.Union([
  Type.Object({ type: Type.Literal('hard') }, strict),
  Type.Object({ type: Type.Literal('soft'), 'expiration-seconds': Type.Integer({ minimum: 0 }) }, strict),
])
const version = Type.Integer({ minimum: 1, maximum: 3 })
const versions = Type.Array(version, { minItems: 1, maxItems: 3, uniqueItems: true })
const maybeVersion = Type.Optional(Type.Union([version, Type.Null()]))

/** Members of a new warehouse. */
export const policyMembers = {
  'delete-profile': Type.Optional(deleteProfile),
  'allowed-format-versions': Type.Optional(Type.Union([versions, Type.Null()])),
  'default-format-version': maybeVersion,
  /** Nobody but its project administers a warehouse. */
  'managed-by': Type.Optional(Type.Literal('self-managed')),
}
export const deleteProfileSchema = Type.Object({ 'delete-profile': deleteProfile }, strict)
export const formatVersionsSchema = Type.Object(
  { 'allowed-format-versions': versions, 'default-format-version': maybeVersion },
  strict,
)

const policiesSchema = Type.Object(policyMembers)
type Policies = Static<typeof policiesSchema>

const everyVersion = [1, 2, 3]

/** BadRequest where the default version is none of those that are allowed. */
const checkVersions = (policies: Policies): void => {
  const allowed = policies['allowed-format-versions'] ?? everyVersion
  const usual = policies['default-format-version']
  if (usual !== undefined && usual !== null && !allowed.includes(usual))
    throw new CatalogError(
      'BadRequestException',
      'Invalid default-format-version: it must be one of allowed-format-versions',
    )
}

/** What is recorded of the members: those that say something; null takes back what was said before. */
export const policiesOf = (wire: Policies, before: JsonObject = {}): JsonObject => {
  checkVersions(wire)
  const members = Object.keys(policyMembers).filter((name) => name !== 'managed-by')
  const said = members.map((name) => [name, wire[name as keyof Policies]] as const)
  const merged = { ...before, ...Object.fromEntries(said.filter(([, value]) => value !== undefined)) }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as JsonObject
}

export const policiesWire = (policies: JsonObject): JsonObject => ({
  'delete-profile': policies['delete-profile'] ?? { type: 'hard' },
  'managed-by': 'self-managed',
  'allowed-format-versions': policies['allowed-format-versions'] ?? everyVersion,
  ...(policies['default-format-version'] === undefined
    ? {}
    : { 'default-format-version': policies['default-format-version'] }),
})

/** The members of an S3 profile that are in force; all others of a record are kept for later. */
const activeSettings: ReadonlySet<string> = new Set([
  'region',
  'endpoint',
  'flavor',
  'path-style-access',
  'access-key-id',
  'secret-access-key',
])

const isSoft = ({ 'delete-profile': profile }: JsonObject): boolean =>
  typeof profile === 'object' && profile !== null && 'type' in profile && profile.type === 'soft'

const limits = ({ 'allowed-format-versions': allowed }: JsonObject): boolean =>
  Array.isArray(allowed) && allowed.length < everyVersion.length

/** Names of what is stored and has no effect yet. */
export const inactiveOf = (storage: StorageRecord, policies: JsonObject): readonly string[] => [
  ...Object.keys(storage.settings)
    .filter((name) => !activeSettings.has(name))
    .map((name) => (name === 'external-id' ? `storage-credential.${name}` : `storage-profile.${name}`))
    .sort(),
  ...(isSoft(policies) ? ['delete-profile'] : []),
  ...(limits(policies) ? ['allowed-format-versions'] : []),
  ...(policies['default-format-version'] === undefined ? [] : ['default-format-version']),
]
