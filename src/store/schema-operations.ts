/** Tables of operations: outbox, audit, idempotency, intents, leases, and what waits to be deleted. */
import { index, integer, jsonb, pgTable, primaryKey, smallint, sql, text, uuid } from './drizzle.ts'
import { bytea, created, currentTx, instant, int8, key, updated, xid8 } from './schema-columns.ts'

/** Read in order of (tx, id), and only below the oldest transaction in flight: a serial alone loses late commits. */
export const outbox = pgTable(
  'outbox',
  {
    tx: xid8('tx').notNull().default(currentTx),
    id: int8('id').notNull().generatedAlwaysAsIdentity(),
    type: text('type').notNull(),
    object: text('object').notNull(),
    warehouse: text('warehouse').notNull(),
    requestId: text('request_id'),
    data: jsonb('data').notNull(),
    createdAt: created(),
  },
  (t) => [primaryKey({ columns: [t.tx, t.id] })],
)

export const outboxCursor = pgTable('outbox_cursor', {
  consumer: key('consumer').primaryKey(),
  /** Of the store: a cursor into a restored store's past is not trusted. */
  incarnation: uuid('incarnation').notNull(),
  tx: xid8('tx').notNull(),
  id: int8('id').notNull(),
  updatedAt: updated(),
})

/** Append-only (`audit-partitions.ts`), a partition a month. `digest` covers every other column but `tx`; blocks cover that. */
export const auditEntry = pgTable(
  'audit_entry',
  {
    at: instant('at').notNull(),
    id: uuid('id').notNull(),
    tx: xid8('tx').notNull().default(currentTx),
    /** `decision`: what was decided about a request. `change`: what a request changed. */
    kind: text('kind').$type<'decision' | 'change'>().notNull(),
    requestId: text('request_id').notNull(),
    operation: text('operation').notNull(),
    principalKind: text('principal_kind').notNull(),
    principal: text('principal').notNull(),
    warehouse: text('warehouse'),
    /** Text, because the digest covers its spelling. Decision, reason, status, needs; or the event. */
    detail: text('detail').notNull(),
    decision: text('decision'),
    status: smallint('status'),
    digest: bytea('digest').notNull(),
    /** Null in what builds before these two columns wrote: its digest covers neither. */
    project: text('project'),
    /** From the arrival of the request until the entry was written down. */
    latencyMs: integer('latency_ms'),
  },
  (t) => [
    primaryKey({ columns: [t.at, t.id] }),
    // In this order entries are sealed.
    index('audit_entry_tx').on(t.tx),
    // What was not allowed is rare and asked for often.
    index('audit_entry_refused').on(t.at, t.id).where(sql`${t.decision} <> 'allowed'`),
    // Summaries of page ranges: nearly nothing at an insert, and a rare value is found without reading the rest. Small
    // enough that a row of four of them fits a page whatever is in it; with more values they are merely less sharp.
    index('audit_entry_summary')
      .using(
        'brin',
        t.requestId.op('text_bloom_ops (n_distinct_per_range = 2000)'),
        t.principal.op('text_bloom_ops (n_distinct_per_range = 500)'),
        t.project.op('text_bloom_ops (n_distinct_per_range = 100)'),
        t.warehouse.op('text_bloom_ops (n_distinct_per_range = 200)'),
      )
      .with({ autosummarize: true }),
  ],
)

export const idempotency = pgTable(
  'idempotency',
  {
    scope: key('scope').notNull(),
    key: uuid('key').notNull(),
    digest: text('digest').notNull(),
    state: text('state').$type<'in-flight' | 'settled'>().notNull(),
    /** Text: a stored answer keeps its spelling. */
    outcome: text('outcome'),
    /** While in flight toward an upstream: when the relaying process counts as gone. */
    leaseUntil: instant('lease_until'),
    intentId: uuid('intent_id'),
    createdAt: created(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_age').on(t.createdAt)],
)

export const commitIntent = pgTable(
  'commit_intent',
  {
    id: uuid('id').primaryKey(),
    connectionId: uuid('connection_id').notNull(),
    identifiers: jsonb('identifiers').notNull(),
    operation: text('operation').notNull(),
    digest: text('digest').notNull(),
    addedSnapshotIds: text('added_snapshot_ids').array().notNull(),
    /** The configuration's epoch under which the commit was routed: a fence raises it and waits for older intents. */
    epoch: int8('epoch').notNull(),
    leaseUntil: instant('lease_until').notNull(),
    /** `abandoned`: nobody looks any more, and whether it happened stays unknown. */
    state: text('state')
      .$type<'open' | 'committed' | 'refused' | 'unknown' | 'abandoned'>()
      .notNull()
      .default('open'),
    /** When a doubtful one is looked at next. */
    lookAt: instant('look_at').notNull().defaultNow(),
    /** What a creation will be known by. */
    marks: jsonb('marks'),
    /** What is still to be recorded of it where it has happened. Null once that is recorded, or where there is nothing. */
    record: jsonb('record'),
    /** How a look, or the end of looking, settled it. */
    reason: text('reason'),
    idempotencyScope: key('idempotency_scope'),
    idempotencyKey: uuid('idempotency_key'),
    createdAt: created(),
    settledAt: instant('settled_at'),
  },
  (t) => [
    index('commit_intent_open').on(t.connectionId, t.epoch).where(sql`${t.state} in ('open', 'unknown')`),
    index('commit_intent_doubtful').on(t.connectionId, t.lookAt).where(sql`${t.state} = 'unknown'`),
    index('commit_intent_unrecorded')
      .on(t.leaseUntil)
      .where(sql`${t.state} = 'committed' and ${t.record} is not null`),
    index('commit_intent_key')
      .on(t.idempotencyScope, t.idempotencyKey)
      .where(sql`${t.idempotencyKey} is not null`),
    index('commit_intent_settled').on(t.settledAt).where(sql`${t.settledAt} is not null`),
  ],
)

/** Who does a job that only one process may do. `epoch` grows with each new holder: a fencing token. */
export const lease = pgTable('lease', {
  name: key('name').primaryKey(),
  holder: text('holder').notNull(),
  epoch: int8('epoch').notNull().default(1),
  until: instant('until').notNull(),
})

/** A drop that asked for its files to go. Durable; executed later, by reachability. */
export const purgeRequest = pgTable(
  'purge_request',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    warehouseId: uuid('warehouse_id').notNull(),
    contentId: uuid('content_id').notNull(),
    pointer: int8('pointer').notNull(),
    metadataLocation: key('metadata_location').notNull(),
    location: key('location').notNull(),
    requestedBy: text('requested_by').notNull(),
    state: text('state').notNull().default('requested'),
    createdAt: created(),
  },
  (t) => [index('purge_request_state').on(t.state, t.createdAt)],
)

/** Metadata files whose version left retention. The rows are a list of candidates: nothing here deletes a file. */
export const expiredMetadataFile = pgTable(
  'expired_metadata_file',
  {
    id: int8('id').primaryKey().generatedAlwaysAsIdentity(),
    warehouseId: uuid('warehouse_id').notNull(),
    contentId: uuid('content_id').notNull(),
    metadataLocation: key('metadata_location').notNull(),
    createdAt: created(),
  },
  (t) => [index('expired_metadata_file_content').on(t.contentId)],
)
