/**
 * Tables of identity, administration and versioned content; those of operations stand in `schema-operations.ts`.
 * What drizzle cannot say (partitions, fillfactor) is edited into the generated files under `changes/`.
 */
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  interval,
  json,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  sql,
  text,
  unique,
  uniqueIndex,
  uuid,
} from './drizzle.ts'
import { created, instant, int8, key, updated } from './schema-columns.ts'

/** What an entry's key names. Values are stored: never renumber. */
export const space = { namespace: 0, relation: 1, function: 2 } as const
export type EntryKind = 'namespace' | 'table' | 'view'

/** One sequence for every line of every warehouse: a descendant's number is larger, so it is a generation number too. */
export const commitSeq = pgSequence('commit_seq')
/** Shared by `pointer` and `namespace_properties`, so that an entry's pointer names one row whatever its kind. */
export const pointerId = pgSequence('pointer_id')
const nextPointer = sql`nextval('pointer_id')`

/* Identity and administration */

export const server = pgTable(
  'server',
  {
    only: boolean('only').primaryKey().default(true),
    id: uuid('id').notNull().defaultRandom(),
    /** Changes when a store is restored from a backup: cursors and hop headers name it. */
    incarnation: uuid('incarnation').notNull().defaultRandom(),
    keyFingerprint: text('key_fingerprint'),
    /** Raised by every change of a project, warehouse, connection or mount: caches reload when it moves. */
    epoch: int8('epoch').notNull().default(1),
    /** Raised by every change of who may sign in or what they belong to. */
    identityEpoch: int8('identity_epoch').notNull().default(1),
    /**
     * Raised by whatever takes a right away: a revoked grant, a new rule, a tag, managed access. What only adds rights
     * leaves it: denials are not remembered.
     */
    policyEpoch: int8('policy_epoch').notNull().default(1),
    /** Raised with it by rules, tags and read restrictions alone: what is remembered of those outlives a revoked grant. */
    governanceEpoch: int8('governance_epoch').notNull().default(1),
    /** Where grants are mirrored: store, model and its digest at an OpenFGA server. Null: nowhere, and nothing waits. */
    grantsMirror: jsonb('grants_mirror'),
    /** Null: open for bootstrap, which names the first admin. */
    bootstrappedAt: instant('bootstrapped_at'),
    createdAt: created(),
  },
  (t) => [check('server_one_row', sql`${t.only}`)],
)

export const project = pgTable('project', {
  id: key('id').primaryKey(),
  name: key('name').notNull().unique(),
  defaultWarehouse: uuid('default_warehouse'),
  /** Where false, service accounts of the project sign in with the tokens of other providers only. */
  apiKeysAllowed: boolean('api_keys_allowed').notNull().default(true),
  createdAt: created(),
  updatedAt: updated(),
})

export const warehouse = pgTable(
  'warehouse',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id),
    name: key('name').notNull(),
    status: text('status').notNull().default('active'),
    protected: boolean('protected').notNull().default(false),
    defaultRef: key('default_ref').notNull().default('main'),
    /** Locations outside the profiles that tables may have. */
    allowedLocations: text('allowed_locations').array().notNull().default(sql`'{}'`),
    /** Null: decided by the kind of store. */
    verifyMetadataFile: boolean('verify_metadata_file'),
    purgeByDefault: boolean('purge_by_default').notNull().default(false),
    /** Null: the server's `history-retention`. */
    historyRetentionSeconds: int8('history_retention_seconds'),
    settings: jsonb('settings').notNull().default({}),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [unique('warehouse_name').on(t.projectId, t.name)],
)

export const storageProfile = pgTable(
  'storage_profile',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    warehouseId: uuid('warehouse_id')
      .notNull()
      .references(() => warehouse.id, { onDelete: 'cascade' }),
    /** The first one holds the default location of new tables. */
    position: smallint('position').notNull().default(0),
    kind: text('kind').notNull(),
    location: key('location').notNull(),
    /** References to secrets (`env:NAME`, `file:/path`), never secrets. */
    settings: jsonb('settings').notNull().default({}),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [unique('storage_profile_position').on(t.warehouseId, t.position)],
)

export const connection = pgTable(
  'connection',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id),
    name: key('name').notNull(),
    kind: text('kind').notNull(),
    /** References to secrets (`env:NAME`, `file:/path`), never secrets. */
    config: jsonb('config').notNull(),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [unique('connection_name').on(t.projectId, t.name)],
)

export const mount = pgTable(
  'mount',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    warehouseId: uuid('warehouse_id')
      .notNull()
      .references(() => warehouse.id, { onDelete: 'cascade' }),
    /** Levels joined by U+001F; empty for the root. */
    namespace: key('namespace').notNull(),
    connectionId: uuid('connection_id')
      .notNull()
      .references(() => connection.id),
    /** Listings concatenate mounts in this order. */
    position: integer('position').notNull().default(0),
    settings: jsonb('settings').notNull().default({}),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    unique('mount_namespace').on(t.warehouseId, t.namespace),
    index('mount_connection').on(t.connectionId),
  ],
)

/* The versioned content of a warehouse. No foreign keys here: they would lock the line's row on every commit. */

export const line = pgTable(
  'line',
  {
    id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
    warehouseId: uuid('warehouse_id').notNull(),
    parentLine: int8('parent_line'),
    forkSeq: int8('fork_seq'),
    /** This line, its parent, its grandparent …: fixed at creation, so that no read is recursive. */
    chainLines: bigint('chain_lines', { mode: 'number' }).array().notNull(),
    /** The greatest seq visible on each line of the chain; 2^63-1 for the line itself. */
    chainSeqs: bigint('chain_seqs', { mode: 'bigint' }).array().notNull(),
    state: text('state').notNull().default('live'),
    /** Versions up to here have been looked at by the sweeper; put back by whoever removes a pin. */
    sweptSeq: int8('swept_seq').notNull().default(0),
    createdAt: created(),
  },
  (t) => [index('line_parent').on(t.parentLine, t.forkSeq), index('line_warehouse').on(t.warehouseId)],
)

export const ref = pgTable(
  'ref',
  {
    id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
    warehouseId: uuid('warehouse_id').notNull(),
    name: key('name').notNull(),
    kind: text('kind').notNull(),
    lineId: int8('line_id').notNull(),
    /** A tag's place on its line; null for a branch. */
    pinnedSeq: int8('pinned_seq'),
    incarnation: uuid('incarnation').notNull().unique().defaultRandom(),
    protection: jsonb('protection'),
    expiresAt: instant('expires_at'),
    idleTtl: interval('idle_ttl'),
    lastWriteAt: instant('last_write_at'),
    deletedAt: instant('deleted_at'),
    createdBy: text('created_by').notNull(),
    props: jsonb('props').notNull().default({}),
    createdAt: created(),
  },
  (t) => [
    uniqueIndex('ref_name').on(t.warehouseId, t.name).where(sql`${t.deletedAt} is null`),
    index('ref_expiry').on(t.expiresAt).where(sql`${t.expiresAt} is not null`),
    index('ref_line').on(t.lineId),
  ],
)

export const commit = pgTable(
  'commit',
  {
    lineId: int8('line_id').notNull(),
    seq: int8('seq').notNull(),
    /** Minted by the writer before it commits: looked up when the answer of COMMIT was lost. */
    id: uuid('id').notNull().unique(),
    op: text('op').notNull(),
    actor: text('actor').notNull(),
    authors: text('authors').array(),
    message: text('message'),
    props: jsonb('props'),
    requestId: text('request_id'),
    mergeLine: int8('merge_line'),
    mergeSeq: int8('merge_seq'),
    baseLine: int8('base_line'),
    baseSeq: int8('base_seq'),
    partial: boolean('partial').notNull().default(false),
    createdAt: created(),
  },
  (t) => [
    primaryKey({ columns: [t.lineId, t.seq] }),
    index('commit_merge').on(t.mergeLine, t.lineId, t.mergeSeq).where(sql`${t.mergeLine} is not null`),
  ],
)

const entryKey = () => ({
  lineId: int8('line_id').notNull(),
  /** Levels of the parent namespace joined by U+001F. */
  ns: key('ns').notNull(),
  space: smallint('space').notNull(),
  name: key('name').notNull(),
  seq: int8('seq').notNull(),
  contentId: uuid('content_id').notNull(),
  kind: text('kind').$type<EntryKind>().notNull(),
  /** `namespace_properties.id` for a namespace, else `pointer.id`; null: dropped here. */
  pointer: int8('pointer'),
})

/** Fillfactor 80 and no index on what a commit changes: updates stay in their page. */
export const entryHead = pgTable('entry_head', entryKey(), (t) => [
  primaryKey({ columns: [t.lineId, t.ns, t.space, t.name] }),
  index('entry_head_content').on(t.contentId),
])

export const entryVersion = pgTable(
  'entry_version',
  { ...entryKey(), prevPointer: int8('prev_pointer'), prevContent: uuid('prev_content') },
  (t) => [
    primaryKey({ columns: [t.lineId, t.ns, t.space, t.name, t.seq] }),
    unique('entry_version_seq').on(t.lineId, t.seq, t.ns, t.space, t.name),
    index('entry_version_pointer').on(t.pointer).where(sql`${t.pointer} is not null`),
  ],
)

/** One metadata file of one table or view. Rows never change. */
export const pointer = pgTable(
  'pointer',
  {
    id: int8('id').primaryKey().default(nextPointer),
    contentId: uuid('content_id').notNull(),
    metadataLocation: key('metadata_location').notNull(),
    location: key('location').notNull(),
    /** The table's or view's own uuid, which clients choose. */
    tableUuid: uuid('table_uuid').notNull(),
    formatVersion: smallint('format_version').notNull(),
    snapshotId: bigint('snapshot_id', { mode: 'bigint' }),
    schemaId: integer('schema_id'),
    schemaDigest: text('schema_digest'),
    metadataEtag: text('metadata_etag'),
    summary: jsonb('summary'),
    createdAt: created(),
  },
  (t) => [unique('pointer_file').on(t.contentId, t.metadataLocation), index('pointer_uuid').on(t.tableUuid)],
)

/** Properties of a namespace, the target of its pointer. Rows never change. */
export const namespaceProperties = pgTable('namespace_properties', {
  id: int8('id').primaryKey().default(nextPointer),
  contentId: uuid('content_id').notNull(),
  /** Text as the client sent it, in its order. */
  properties: json('properties').$type<Record<string, string>>().notNull(),
  createdAt: created(),
})

/** Who owns a directory. No row's path lies inside another's. */
export const locationClaim = pgTable(
  'location_claim',
  {
    /** Which object store: scheme, authority and endpoint in normal form. */
    store: key('store').notNull(),
    /** Normal form, ending in `/`. */
    path: key('path').notNull(),
    warehouseId: uuid('warehouse_id').notNull(),
    contentId: uuid('content_id').notNull(),
    /** Set while the create is staged only: the claim lapses then. */
    stagedUntil: instant('staged_until'),
  },
  (t) => [
    primaryKey({ columns: [t.store, t.path] }),
    index('location_claim_content').on(t.contentId),
    index('location_claim_staged').on(t.stagedUntil).where(sql`${t.stagedUntil} is not null`),
  ],
)
