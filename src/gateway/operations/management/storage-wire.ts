/** A warehouse's storage as management clients spell it (the paths and JSON of Lakekeeper), and as it is recorded. */
import { type Static, type TSchema, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { nearest } from '#model/schema.ts'
import { secretSchema } from '#model/secret.ts'
import type { StorageRecord } from './registry.ts'

const strict = { additionalProperties: false } as const

const secret = secretSchema()
const text = Type.String({ minLength: 1 })
const absent = Type.Null()
const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, absent]))

const fileProfile = Type.Object({ type: Type.Literal('file'), location: text }, strict)

/** Stored and told back; without effect until credentials are vended, and the answer says so. */
const storedMembers = {
  'sts-enabled': maybe(Type.Boolean()),
  'remote-signing-enabled': maybe(Type.Boolean()),
  'remote-signing-url-style': maybe(text),
  'assume-role-arn': maybe(text),
  'sts-role-arn': maybe(text),
  'sts-endpoint': maybe(Type.String({ pattern: '^https?://' })),
  'sts-token-validity-seconds': maybe(Type.Integer({ minimum: 0 })),
  'sts-session-tags': maybe(Type.Record(Type.String(), Type.String())),
  'aws-kms-key-arn': maybe(text),
  'allow-alternative-protocols': maybe(Type.Boolean()),
  'legacy-md5-behavior': maybe(Type.Boolean()),
  'push-s3-delete-disabled': maybe(Type.Boolean()),
  'storage-layout': maybe(Type.Object({ type: text })),
}

const s3Profile = Type.Object(
  {
    type: Type.Literal('s3'),
    bucket: text,
    region: text,
    'key-prefix': maybe(text),
    endpoint: maybe(Type.String({ pattern: '^https?://' })),
    flavor: maybe(Type.String({ pattern: '^(aws|s3-compat|minio)$' })),
    'path-style-access': maybe(Type.Boolean()),
    ...storedMembers,
  },
  strict,
)

const accessKey = Type.Object(
  {
    type: Type.Optional(Type.Literal('s3')),
    'credential-type': Type.Literal('access-key'),
    'access-key-id': secret,
    'secret-access-key': secret,
    /** Stored, without effect. */
    'external-id': maybe(text),
  },
  strict,
)

const systemIdentity = Type.Object(
  { type: Type.Optional(Type.Literal('s3')), 'credential-type': Type.Literal('aws-system-identity') },
  strict,
)

/** The two members that say where data lies and how it is reached. */
export const storageMembers = {
  'storage-profile': Type.Union([fileProfile, s3Profile]),
  'storage-credential': Type.Optional(Type.Union([accessKey, systemIdentity, absent])),
}
export const newCredentialSchema = Type.Object(
  { 'new-storage-credential': storageMembers['storage-credential'] },
  strict,
)

/** The settings of a recorded storage in which secrets stand. */
export const storageSettingsSchema = Type.Object({ 'access-key-id': secret, 'secret-access-key': secret })

const storageSchema = Type.Object(storageMembers)
type StorageWire = Static<typeof storageSchema>

const bare = (location: string): string => location.replace(/(?<=[^/:])\/+$/, '')

type Members = Readonly<Record<string, JsonObject[string] | undefined>>

const said = (members: Members): JsonObject =>
  Object.fromEntries(
    Object.entries(members).filter(
      (entry): entry is [string, JsonObject[string]] => entry[1] !== undefined && entry[1] !== null,
    ),
  )

/** What is only stored is not worth a word where it asks for nothing. */
const storedOf = (profile: Members): JsonObject =>
  Object.fromEntries(
    Object.keys(storedMembers).flatMap((name) => {
      const value = profile[name]
      return value === undefined || value === null || value === false ? [] : [[name, value]]
    }),
  )

const credentialOf = (credential: StorageWire['storage-credential']): Members =>
  credential?.['credential-type'] === 'access-key'
    ? {
        'access-key-id': credential['access-key-id'],
        'secret-access-key': credential['secret-access-key'],
        'external-id': credential['external-id'],
      }
    : {}

/** BadRequest for a file profile with a credential, or one whose location is no `file:` location. */
export const storageRecord = (wire: StorageWire): StorageRecord => {
  const { 'storage-profile': profile, 'storage-credential': credential } = wire
  if (profile.type === 'file') {
    if (!profile.location.startsWith('file:'))
      throw new CatalogError('BadRequestException', 'Invalid storage-profile: location must start with file:')
    return { kind: 'file', location: bare(profile.location), settings: {} }
  }
  const prefix = (profile['key-prefix'] ?? '').replace(/^\/+|\/+$/g, '')
  return {
    kind: 's3',
    location: prefix === '' ? `s3://${profile.bucket}` : `s3://${profile.bucket}/${prefix}`,
    settings: said({
      region: profile.region,
      endpoint: profile.endpoint,
      flavor: profile.flavor,
      'path-style-access': profile['path-style-access'],
      ...storedOf(profile),
      ...credentialOf(credential),
    }),
  }
}

const s3Wire = ({ location, settings }: StorageRecord): JsonObject => {
  const { 'access-key-id': id, 'secret-access-key': secret, 'external-id': external, ...profile } = settings
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? []
  return {
    'storage-profile': {
      type: 's3',
      bucket,
      ...(prefix === '' ? {} : { 'key-prefix': prefix }),
      'sts-enabled': false,
      'remote-signing-enabled': false,
      ...profile,
    },
    ...(id === undefined || secret === undefined
      ? {}
      : {
          'storage-credential-type': { type: 's3', 'credential-type': 'access-key' },
          // References, never secrets: whoever declares the state compares them.
          'storage-credential': said({
            'access-key-id': id,
            'secret-access-key': secret,
            'external-id': external,
          }),
        }),
  }
}

export const storageWire = (storage: StorageRecord): JsonObject =>
  storage.kind === 's3'
    ? s3Wire(storage)
    : { 'storage-profile': { type: 'file', location: storage.location } }

/** For a message: the kind that was probably meant. */
export const nearestKind = (kind: string, kinds: readonly string[]): string => {
  const meant = nearest(kind, kinds)
  return meant === undefined ? `one of ${kinds.join(', ')}` : `did you mean "${meant}"?`
}
