/** Tables of identity: who may sign in, by what, in which roles and projects; and what is kept sealed. */
import {
  boolean,
  check,
  index,
  jsonb,
  pgTable,
  primaryKey,
  sql,
  text,
  unique,
  uniqueIndex,
  uuid,
} from './drizzle.ts'
import { project } from './schema.ts'
import { bytea, created, instant, int8, key, updated } from './schema-columns.ts'

/** A user or a service account. A user is there from first sight, also where nothing was allowed. */
export const principal = pgTable(
  'principal',
  {
    /** `provider~subject`, e.g. `oidc~alice`, `kubernetes~uid`; of a service account `lakegate~uuid`. */
    id: key('id').primaryKey(),
    kind: text('kind').notNull(),
    /** As the management API tells: `human` or `application`. */
    userType: text('user_type').notNull(),
    name: text('name').notNull(),
    email: text('email'),
    /** What a service account belongs to; null for users, who belong to the server. */
    projectId: key('project_id').references(() => project.id),
    active: boolean('active').notNull().default(true),
    /** May administer the server; has no right to data by that. */
    serverAdmin: boolean('server_admin').notNull().default(false),
    lastUpdatedWith: text('last_updated_with').notNull(),
    /** Id in the system that provisions it (SCIM), where one does. */
    externalId: text('external_id'),
    /** Under which that system knows it; no two differ in letter case alone. */
    userName: text('user_name'),
    /** What else that system wrote, in its words: told again, and used for nothing. */
    profile: jsonb('profile'),
    /** Deleted: kept for the audit log, refused everywhere else; signing in again does not revive it. */
    deletedAt: instant('deleted_at'),
    lastSeenAt: instant('last_seen_at'),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    check('principal_kind', sql`${t.kind} in ('user', 'service-account')`),
    index('principal_name').on(sql`lower(${t.name}) text_pattern_ops`),
    index('principal_project').on(t.projectId),
    // By every three letters of name and address; the function is made by the change that makes the index.
    index('principal_pieces')
      .using('gin', sql`lakegate_pieces(lower(${t.name} || ' ' || coalesce(${t.email}, '')))`)
      .where(sql`${t.kind} = 'user' and ${t.deletedAt} is null`),
    uniqueIndex('principal_external').on(t.externalId).where(sql`${t.externalId} is not null`),
    uniqueIndex('principal_user_name').on(sql`lower(${t.userName})`).where(sql`${t.userName} is not null`),
  ],
)

/** API keys and client secrets of service accounts: 256 random bits each, of which only the hash is here. */
export const apiKey = pgTable(
  'api_key',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    principalId: key('principal_id')
      .notNull()
      .references(() => principal.id),
    /** `api-key` signs a request by itself; `client-secret` is exchanged at the token endpoint. */
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    /** SHA-256 of the whole key. */
    hash: bytea('hash').notNull().unique(),
    /** Its first characters, by which people tell keys apart; never enough to guess the rest. */
    hint: text('hint').notNull(),
    expiresAt: instant('expires_at'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
    createdAt: created(),
  },
  (t) => [
    check('api_key_kind', sql`${t.kind} in ('api-key', 'client-secret')`),
    index('api_key_principal').on(t.principalId),
  ],
)

export const role = pgTable(
  'role',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id),
    name: text('name').notNull(),
    description: text('description'),
    /** `lakegate` where it is filled by hand; else the provider whose tokens or provisioning fill it. */
    providerId: key('provider_id').notNull(),
    /** Its id at the provider: the group in the token, the external id in SCIM. */
    sourceId: key('source_id').notNull(),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    unique('role_origin').on(t.projectId, t.providerId, t.sourceId),
    uniqueIndex('role_name').on(t.projectId, sql`lower(${t.name})`),
    index('role_ident').on(t.providerId, t.sourceId),
  ],
)

/** A principal or a role in a role. No cycles: whoever adds one raises the epoch of identity before looking. */
export const roleMember = pgTable(
  'role_member',
  {
    roleId: uuid('role_id')
      .notNull()
      .references(() => role.id, { onDelete: 'cascade' }),
    memberKind: text('member_kind').notNull(),
    memberId: key('member_id').notNull(),
    createdAt: created(),
  },
  (t) => [
    primaryKey({ columns: [t.roleId, t.memberKind, t.memberId] }),
    check('role_member_kind', sql`${t.memberKind} in ('principal', 'role')`),
    index('role_member_of').on(t.memberKind, t.memberId),
  ],
)

/** Who may act inside a project: principals and roles. */
export const projectMember = pgTable(
  'project_member',
  {
    projectId: key('project_id')
      .notNull()
      .references(() => project.id, { onDelete: 'cascade' }),
    memberKind: text('member_kind').notNull(),
    memberId: key('member_id').notNull(),
    createdAt: created(),
  },
  (t) => [
    primaryKey({ columns: [t.projectId, t.memberKind, t.memberId] }),
    check('project_member_kind', sql`${t.memberKind} in ('principal', 'role')`),
    index('project_member_of').on(t.memberKind, t.memberId),
  ],
)

/** Sealed under a key of its own, which is sealed under the server key: rotation reseals the small part only. */
export const secret = pgTable(
  'secret',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    projectId: key('project_id').references(() => project.id),
    /** What it is for, e.g. `connection`, `storage-credential`, `signing-key`; bound into the seal. */
    purpose: text('purpose').notNull(),
    /** Of the server key that sealed the inner key. */
    keyFingerprint: text('key_fingerprint').notNull(),
    sealedKey: bytea('sealed_key').notNull(),
    sealed: bytea('sealed').notNull(),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [index('secret_project').on(t.projectId)],
)

/** Keys that our own tokens are signed with; the public halves are published until the last token has expired. */
export const signingKey = pgTable('signing_key', {
  /** The `kid`. */
  id: key('id').primaryKey(),
  algorithm: text('algorithm').notNull(),
  publicJwk: jsonb('public_jwk').notNull(),
  /** The private half. */
  secretId: uuid('secret_id')
    .notNull()
    .references(() => secret.id),
  /** Signs from here on; published earlier, so that every replica knows it before the first token comes. */
  activeFrom: instant('active_from').notNull(),
  /** Signs until here; published a token's lifetime longer. */
  activeUntil: instant('active_until').notNull(),
  createdAt: created(),
})

/** Tokens that must not be used again before they expire: exchanged once, or revoked. */
export const spentToken = pgTable(
  'spent_token',
  {
    /** SHA-256 of issuer and token id, or of the whole token where it has none. */
    digest: bytea('digest').primaryKey(),
    /** Of its first use. */
    spentAt: instant('spent_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [index('spent_token_expiry').on(t.expiresAt)],
)
