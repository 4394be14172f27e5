/**
 * Grants as they are stored: the truth about them, whichever engine evaluates. What takes a right away raises the epoch
 * of policy in its own transaction; what adds one does not, since no denial is remembered.
 */
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import { type Namespace, namespaceKey } from '#model/identifier.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import { raisePolicyEpoch } from './server.ts'

/** An object, what it lies in, and by what its present name is found: written with each grant on it. */
export interface GrantPlace {
  readonly object: ObjectKey
  /** Null above projects. Absent in a warehouse: whatever project that lies in. */
  readonly projectId?: string | null
  readonly warehouseId?: string
  /** Of a local table or view. */
  readonly contentId?: string
  /** Of a namespace, or of what is mounted. */
  readonly namespace?: Namespace
  /** Of a mounted table or view. */
  readonly name?: string
}

/** `anyone` has the id `*`. */
export interface GrantSubject {
  readonly kind: 'principal' | 'role' | 'anyone'
  readonly id: string
}

export interface GrantKey {
  readonly relation: string
  readonly subject: GrantSubject
}

export interface GrantDraft extends GrantKey {
  readonly expiresAt?: Date
  /** Why, where somebody had to say so. */
  readonly reason?: string
}

export interface GrantRecord extends GrantKey {
  readonly object: ObjectKey
  readonly expiresAt: Date | null
  readonly reason: string | null
  readonly grantedBy: string
  readonly createdAt: Date
}

interface KeyRow {
  readonly relation: string
  readonly kind: GrantSubject['kind']
  readonly id: string
}

const keyOf = ({ relation, kind, id }: KeyRow): GrantKey => ({ relation, subject: { kind, id } })

/** The same text for the same grant on one object. */
export const textOfKey = ({ relation, subject }: GrantKey): string =>
  [relation, subject.kind, subject.id].join('\n')

const columnsOf = (keys: readonly GrantKey[]): readonly (readonly string[])[] => [
  keys.map(({ relation }) => relation),
  keys.map(({ subject }) => subject.kind),
  keys.map(({ subject }) => storable(subject.id)),
]

/** `granted_by`: of an earlier grant nobody changes the end who may only hand on what he has, unless it is his own. */
const insertGrants = statement(`
  insert into relation_tuple (object, project_id, warehouse_id, content_id, ns, name, granted_by,
    relation, subject_kind, subject_id, expires_at, reason)
  select $1, coalesce($2, (select project_id from warehouse where id = $3::uuid)), $3::uuid, $4::uuid, $5, $6, $7, d.*
  from unnest($8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[]) as d
  on conflict (subject_kind, subject_id, object, relation) do update
  set expires_at = excluded.expires_at, reason = excluded.reason, granted_by = excluded.granted_by,
    created_at = now()
  where (relation_tuple.expires_at is distinct from excluded.expires_at
      or relation_tuple.reason is distinct from excluded.reason)
    and ($13 or relation_tuple.granted_by = $7 or relation_tuple.expires_at <= now())
  returning relation, subject_kind as kind, subject_id as id, (xmax <> 0) as replaced`)

export interface Granting {
  /** The principal's id. */
  readonly by: string
  /** False for who may only hand on what he holds: grants of others stay as they are. */
  readonly anyones: boolean
}

/** Those that are new, or end at another time than before; who holds one already keeps it. */
export const insertGrantRows = async (
  tx: Transaction,
  place: GrantPlace,
  { drafts, by, anyones }: Granting & { readonly drafts: readonly GrantDraft[] },
): Promise<readonly GrantKey[]> => {
  if (drafts.length === 0) return []
  const { object, projectId = null, warehouseId = null, contentId = null, namespace, name = null } = place
  const rows = await tx.query<KeyRow & { readonly replaced: boolean }>(insertGrants, [
    ...[object, projectId, warehouseId, contentId],
    ...[namespace === undefined ? null : namespaceKey(namespace), name, by],
    ...columnsOf(drafts),
    drafts.map(({ expiresAt }) => expiresAt?.toISOString() ?? null),
    drafts.map(({ reason }) => (reason === undefined ? null : storable(reason))),
    anyones,
  ])
  if (rows.some(({ replaced }) => replaced)) await raisePolicyEpoch(tx)
  return rows.map(keyOf)
}

/** Takes from owners the right to grant what lies inside. Empty where it was set before. */
export const setManagedAccess = async (
  tx: Transaction,
  place: GrantPlace,
  by: string,
): Promise<readonly GrantKey[]> => {
  const draft = { relation: 'managed_access', subject: { kind: 'anyone', id: '*' } } as const
  const set = await insertGrantRows(tx, place, { drafts: [draft], by, anyones: true })
  if (set.length > 0) await raisePolicyEpoch(tx)
  return set
}

const selectHeld = statement(`
  select 1 from relation_tuple where object = $1 and relation = $2 and subject_kind = $3 and subject_id = $4
    and (expires_at is null or reason is null) and (expires_at is null or expires_at > now())`)

/** AlreadyExists where who is to get it has it anyway: a grant that ends must not take the place of one that does not. */
export const insertEmergency = async (
  tx: Transaction,
  place: GrantPlace,
  draft: GrantDraft,
): Promise<void> => {
  const { kind, id } = draft.subject
  const held = await tx.query(selectHeld, [place.object, draft.relation, kind, storable(id)])
  if (held.length > 0)
    throw new CatalogError('AlreadyExistsException', `It is granted already: ${draft.relation}`)
  await insertGrantRows(tx, place, { drafts: [draft], by: id, anyones: true })
}

const deleteGrants = statement(`
  delete from relation_tuple t using unnest($2::text[], $3::text[], $4::text[]) as d(relation, kind, id)
  where t.object = $1 and t.relation = d.relation and t.subject_kind = d.kind and t.subject_id = d.id
  returning t.relation, t.subject_kind as kind, t.subject_id as id, t.granted_by as "grantedBy"`)

/** Those that were there, with who had granted each. */
export const deleteGrantRows = async (
  tx: Transaction,
  object: ObjectKey,
  keys: readonly GrantKey[],
): Promise<readonly (GrantKey & { readonly grantedBy: string })[]> => {
  if (keys.length === 0) return []
  const rows = await tx.query<KeyRow & { readonly grantedBy: string }>(deleteGrants, [
    object,
    ...columnsOf(keys),
  ])
  if (rows.length > 0) await raisePolicyEpoch(tx)
  return rows.map((row) => ({ ...keyOf(row), grantedBy: row.grantedBy }))
}

const recordColumns = `
  t.object, t.relation, t.subject_kind as kind, t.subject_id as id, t.expires_at as "expiresAt", t.reason,
  t.granted_by as "grantedBy", t.created_at as "createdAt"`

type RecordRow = KeyRow & Omit<GrantRecord, 'subject' | 'relation'>

const recordOf = ({ kind, id, ...row }: RecordRow): GrantRecord => ({ ...row, subject: { kind, id } })

const selectOf = statement(`
  select ${recordColumns} from relation_tuple t
  where t.object = $1 and t.subject_kind <> 'anyone' and ($2::text[] is null or t.relation = any($2))
    and (t.expires_at is null or t.expires_at > now())
  order by t.relation, t.subject_kind, t.subject_id`)

/** Those in force, of some relations or of all. */
export const listGrants = async (
  sql: Sql,
  object: ObjectKey,
  relations?: readonly string[],
): Promise<readonly GrantRecord[]> =>
  (await sql.query<RecordRow>(selectOf, [object, relations ?? null])).map(recordOf)

const selectManaged = statement(`
  select object from relation_tuple where relation = 'managed_access' and object = any($1::text[])`)

/** Those of the objects that managed access is set on. */
export const findManaged = async (sql: Sql, objects: readonly ObjectKey[]): Promise<readonly string[]> =>
  (await sql.query<{ object: string }>(selectManaged, [objects])).map(({ object }) => object)

const reasoned = `
  select ${recordColumns} from relation_tuple t
  where t.reason is not null and t.project_id = $1
    and (t.expires_at is null or t.expires_at > now())`

const selectReasoned = statement(`${reasoned} order by t.created_at, t.object, t.relation, t.subject_id`)

/** In force in a project, and with a reason: opened in an emergency. */
export const listReasoned = async (sql: Sql, projectId: string): Promise<readonly GrantRecord[]> =>
  (await sql.query<RecordRow>(selectReasoned, [projectId])).map(recordOf)

/** What listeners are told: without a relation, everything on the object. */
export const grantEvent = (
  what: 'created' | 'revoked',
  { object, warehouseId = '' }: Pick<GrantPlace, 'object' | 'warehouseId'>,
  grant?: GrantDraft,
): EventDraft => ({
  type: `grant.${what}`,
  object,
  warehouse: warehouseId,
  data: {
    object,
    ...(grant && {
      ...{ relation: grant.relation, 'subject-kind': grant.subject.kind, 'subject-id': grant.subject.id },
      'expires-at': grant.expiresAt?.toISOString() ?? null,
    }),
    ...(grant?.reason === undefined ? {} : { reason: grant.reason }),
  },
})
