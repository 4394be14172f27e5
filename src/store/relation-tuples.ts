/** Grants as the embedded evaluator asks for them: what somebody holds on the objects of a request, in one statement. */
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement } from './database.ts'

interface HeldTuple {
  readonly object: ObjectKey
  readonly relation: string
  readonly subjectKind: 'principal' | 'role' | 'anyone'
  /** Milliseconds since 1970; null: for good. */
  readonly expiresAt: number | null
}

interface TupleHolders {
  readonly principal?: string
  readonly roles: readonly string[]
}

interface HeldRows {
  readonly tuples: readonly HeldTuple[]
  /** The epoch of policy of the same moment. */
  readonly epoch: number
}

const columns = `t.object, t.relation, t.subject_kind as "subjectKind",
  extract(epoch from t.expires_at)::float8 * 1000 as "expiresAt"`

/** Each by the primary key: what others hold on these objects costs nothing. */
const heldBy = (kind: string, ids: string): string => `
  select ${columns} from relation_tuple t
  where t.subject_kind = '${kind}' and t.subject_id = ${ids} and t.object = any($1::text[])`

/** `$1` objects, `$2` the principal, `$3` roles. A row at least: the epoch is told where nothing is held. */
const selectHeld = statement(`
  select s.policy_epoch as epoch, h.* from server s left join lateral (
    ${heldBy('principal', '$2')} union all ${heldBy('role', 'any($3::text[])')} union all ${heldBy('anyone', "'*'")}
  ) h on true`)

interface HeldRow extends HeldTuple {
  readonly epoch: number
}

export const loadHeldTuples = async (
  sql: Sql,
  { principal, roles }: TupleHolders,
  objects: readonly ObjectKey[],
): Promise<HeldRows> => {
  const rows = await sql.query<HeldRow>(selectHeld, [objects, principal ?? null, roles])
  const [first] = rows
  if (first === undefined) throw new Error('the store has no server row')
  return { epoch: first.epoch, tuples: first.object === null ? [] : rows }
}
