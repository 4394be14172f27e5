/** Tables of policy: grants, the mounted objects that they bind to, rules, governed tags; and the seals of the audit log. */
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  sql,
  text,
  unique,
  uniqueIndex,
  uuid,
} from './drizzle.ts'
import { project, warehouse } from './schema.ts'
import { bytea, created, instant, int8, key, updated } from './schema-columns.ts'

/** A grant: `relation` of `object` to `subject` (`#authz/grants.ts`). The truth, whichever engine evaluates it. */
export const relationTuple = pgTable(
  'relation_tuple',
  {
    /** `type:id`. */
    object: key('object').notNull(),
    relation: key('relation').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: key('subject_id').notNull(),
    /** What the object lies in, for listings and cleaning; null above. */
    projectId: key('project_id').references(() => project.id, { onDelete: 'cascade' }),
    warehouseId: uuid('warehouse_id').references(() => warehouse.id, { onDelete: 'cascade' }),
    /** Of a local table or view: by what its present name is found. */
    contentId: uuid('content_id'),
    /** Of a namespace, or of what is mounted: levels joined by U+001F. */
    ns: key('ns'),
    /** Of a mounted table or view. */
    name: key('name'),
    expiresAt: instant('expires_at'),
    /** Why, where somebody had to say so: break-glass. */
    reason: text('reason'),
    grantedBy: key('granted_by').notNull(),
    createdAt: created(),
  },
  (t) => [
    primaryKey({ columns: [t.subjectKind, t.subjectId, t.object, t.relation] }),
    check('relation_tuple_subject', sql`${t.subjectKind} in ('principal', 'role', 'anyone')`),
    index('relation_tuple_object').on(t.object, t.relation),
    index('relation_tuple_content').on(t.contentId).where(sql`${t.contentId} is not null`),
    index('relation_tuple_ns').on(t.warehouseId, t.ns).where(sql`${t.ns} is not null`),
    index('relation_tuple_expiry').on(t.expiresAt).where(sql`${t.expiresAt} is not null`),
  ],
)

/** What policy knows of a namespace or of a mounted object by name. A local table has its content id and no row here. */
export const governedObject = pgTable(
  'governed_object',
  {
    /** `type:id`, as in grants. */
    object: key('object').primaryKey(),
    /** How the management API names it: derived from `object`, so that it is known without a look. */
    id: uuid('id').notNull().unique(),
    kind: text('kind').notNull(),
    warehouseId: uuid('warehouse_id')
      .notNull()
      .references(() => warehouse.id, { onDelete: 'cascade' }),
    ns: key('ns').notNull(),
    name: key('name'),
    /** Of a mounted table or view: grants on it stand for this uuid only. Null: none has been seen yet. */
    tableUuid: text('table_uuid'),
    /** When another uuid was found under the name: no grant on it counts until somebody confirms or takes it back. */
    suspendedAt: instant('suspended_at'),
    suspendedFor: text('suspended_for'),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    unique('governed_object_name').on(t.warehouseId, t.kind, t.ns, t.name).nullsNotDistinct(),
    check('governed_object_kind', sql`${t.kind} in ('namespace', 'table', 'view')`),
  ],
)

/** The rules as one validated set; every replica evaluates the newest. */
export const ruleSet = pgTable('rule_set', {
  id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
  /** SHA-256 of `sources`. */
  digest: bytea('digest').notNull(),
  /** File name to text: rules in Cedar, and the decision tables that they were held against. */
  sources: jsonb('sources').notNull(),
  /** The same rules as `#authz/cedar/rule-set.ts` prepares them, so that nobody need parse Cedar to know what they read. */
  prepared: jsonb('prepared').notNull(),
  appliedBy: key('applied_by').notNull(),
  createdAt: created(),
})

/** A governed tag: who may set which values on what. */
export const tagDefinition = pgTable(
  'tag_definition',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id, { onDelete: 'cascade' }),
    name: key('name').notNull(),
    description: text('description'),
    valueKind: text('value_kind').notNull(),
    /** Of `enumerated` alone; never made fewer. */
    allowedValues: text('allowed_values').array().notNull().default(sql`'{}'`),
    /** Kinds of objects that may have it; never made fewer. */
    scope: text('scope').array().notNull(),
    version: int8('version').notNull().default(1),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    uniqueIndex('tag_definition_name').on(t.projectId, sql`lower(${t.name})`),
    check('tag_definition_kind', sql`${t.valueKind} in ('marker', 'free-text', 'enumerated')`),
  ],
)

/** A tag on an object; what lies inside has it too, unless it has a value of its own. */
export const tagAssignment = pgTable(
  'tag_assignment',
  {
    object: key('object').notNull(),
    tagId: uuid('tag_id')
      .notNull()
      .references(() => tagDefinition.id, { onDelete: 'cascade' }),
    /** Empty where the tag is a marker. */
    value: text('value').notNull(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id, { onDelete: 'cascade' }),
    warehouseId: uuid('warehouse_id').references(() => warehouse.id, { onDelete: 'cascade' }),
    contentId: uuid('content_id'),
    ns: key('ns'),
    name: key('name'),
    setBy: key('set_by').notNull(),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    primaryKey({ columns: [t.object, t.tagId] }),
    index('tag_assignment_tag').on(t.tagId, t.object),
    index('tag_assignment_warehouse').on(t.warehouseId),
    index('tag_assignment_content').on(t.contentId).where(sql`${t.contentId} is not null`),
  ],
)

/**
 * What must not be read of a table, whoever asks: rows outside the filter, and columns. An engine that is trusted to may
 * be told to apply it; nobody else gets any data of the table.
 */
export const readRestriction = pgTable(
  'read_restriction',
  {
    /** `table:id`, as in grants. */
    object: key('object').primaryKey(),
    projectId: key('project_id')
      .notNull()
      .references(() => project.id, { onDelete: 'cascade' }),
    warehouseId: uuid('warehouse_id')
      .notNull()
      .references(() => warehouse.id, { onDelete: 'cascade' }),
    contentId: uuid('content_id'),
    ns: key('ns'),
    name: key('name'),
    /** An Iceberg expression, as JSON text. */
    rowFilter: text('row_filter'),
    /** `[{fieldId, mask?}]`. */
    columns: jsonb('columns').notNull().default([]),
    setBy: key('set_by').notNull(),
    createdAt: created(),
    updatedAt: updated(),
  },
  (t) => [
    index('read_restriction_warehouse').on(t.warehouseId),
    index('read_restriction_content').on(t.contentId).where(sql`${t.contentId} is not null`),
  ],
)

/** Blocks of the audit log (`audit-blocks.ts`): each seals the entries of its span and the block before it. Outlives them. */
export const auditBlock = pgTable('audit_block', {
  number: int8('number').primaryKey(),
  /** SHA-256 over every other column but `leaves` (which its root stands for) and the seal. */
  hash: bytea('hash').notNull(),
  /** Unique: a chain cannot fork. */
  previousHash: bytea('previous_hash').notNull().unique(),
  entries: integer('entries').notNull(),
  /** Transaction, id and digest of each entry, in order. Null once retention has removed the entries. */
  leaves: bytea('leaves'),
  /** SHA-256 of `leaves`; stays. */
  root: bytea('root').notNull(),
  /** The first moment of the month in which all of its entries lie. */
  month: instant('month').notNull(),
  /** Its span in transaction order: entries with (tx, at, id) after the previous block's and up to here. */
  lastTx: text('last_tx').notNull(),
  lastAt: instant('last_at').notNull(),
  lastId: uuid('last_id').notNull(),
  sealedAt: instant('sealed_at').notNull(),
  /** HMAC-SHA-256 of `hash` under a key that only processes of the gateway have. */
  seal: bytea('seal').notNull(),
})

/** Months of the audit log that retention has removed: their blocks that were sealed until then are anchors from then on. */
export const auditRetired = pgTable(
  'audit_retired',
  {
    month: instant('month').notNull(),
    retiredAt: instant('retired_at').notNull(),
    entries: int8('entries').notNull(),
    /** HMAC-SHA-256 of the other columns, under the key of the blocks. */
    seal: bytea('seal').notNull(),
  },
  (t) => [primaryKey({ columns: [t.month, t.retiredAt] })],
)

/** Objects whose grants a mirror (an OpenFGA server) may not know as they are. Filled by triggers, so by every change. */
export const unmirroredObject = pgTable(
  'unmirrored_object',
  {
    /** `type:id`, as in grants. */
    object: key('object').primaryKey(),
    /** Counts changes, from 1 on each time that it waits: what tells one from another is the row's own `xmin`. */
    version: int8('version').notNull().default(1),
    createdAt: created(),
  },
  (t) => [index('unmirrored_object_age').on(t.createdAt)],
)
