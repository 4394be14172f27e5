/** What a mirror of the grants (an OpenFGA server) knows of them, and what it has still to be told. */
import type { ObjectKey } from '#model/object-key.ts'
import { type Database, type Sql, statement, type Transaction } from './database.ts'

/** Where grants are mirrored. */
export interface MirrorPlace {
  readonly store: string
  readonly model: string
  /** Of the model that was written there. */
  readonly digest: string
}

export interface MirrorRow {
  /** Of policy. */
  readonly epoch: number
  readonly store: string | null
  readonly pending: readonly ObjectKey[]
  readonly roles: readonly string[]
  readonly nextExpiry: number | null
}

/** `$1` objects, `$2` roles. */
const selectState = statement(`
  select s.policy_epoch as epoch, s.grants_mirror ->> 'store' as store,
    array(select u.object from unmirrored_object u where u.object = any($1)) as pending,
    array(select distinct t.subject_id from relation_tuple t
      where t.subject_kind = 'role' and t.subject_id = any($2) and t.object = any($1)) as roles,
    (select extract(epoch from min(t.expires_at))::float8 * 1000 from relation_tuple t
      where t.object = any($1) and t.expires_at > now()) as "nextExpiry"
  from server s`)

/** In one statement: what the mirror may not know of the objects, and what of the roles matters on them. */
export const loadMirrorState = async (
  sql: Sql,
  roles: readonly string[],
  objects: readonly ObjectKey[],
): Promise<MirrorRow> => {
  const [row] = await sql.query<MirrorRow>(selectState, [objects, roles])
  if (row === undefined) throw new Error('the store has no server row')
  return row
}

interface Unmirrored {
  readonly object: ObjectKey
  /** Of this change, and of no other: a count begins anew once an object has been settled. */
  readonly version: string
}

/** One row at least, while grants are mirrored in that store. */
const selectPending = statement(`
  select u.object, u.xmin::text as version from server s left join (
    select object, xmin, created_at from unmirrored_object order by created_at, object limit $2) u on true
  where s.grants_mirror ->> 'store' = $1
  order by u.created_at, u.object`)

/** The longest waiting first; undefined where grants are not mirrored in `store`. */
export const loadPending = async (
  sql: Sql,
  store: string,
  size: number,
): Promise<readonly Unmirrored[] | undefined> => {
  const rows = await sql.query<Unmirrored | { readonly object: null }>(selectPending, [store, size])
  return rows.length === 0 ? undefined : rows.filter((row) => row.object !== null)
}

const deletePending = statement(`
  with settled as (delete from unmirrored_object where object = $1 and xmin = $2::xid returning 1)
  insert into unmirrored_object (object) select $1 where not exists (select from settled)
  on conflict (object) do update set version = unmirrored_object.version + 1`)

/**
 * Where it has changed again meanwhile, or somebody else has settled it, it has to be looked at once more: the mirror may
 * have been told of what was before after what is.
 */
export const settlePending = async (sql: Sql, { object, version }: Unmirrored): Promise<void> => {
  await sql.execute(deletePending, [object, version])
}

const selectGrants = statement(`
  select relation, subject_kind as kind, subject_id as id,
    extract(epoch from expires_at)::float8 * 1000 as "expiresAt"
  from relation_tuple where object = $1 and (expires_at is null or expires_at > now())`)

export interface MirroredRow {
  readonly relation: string
  readonly kind: 'principal' | 'role' | 'anyone'
  readonly id: string
  readonly expiresAt: number | null
}

export const loadGrantsOn = (sql: Sql, object: ObjectKey): Promise<readonly MirroredRow[]> =>
  sql.query<MirroredRow>(selectGrants, [object])

/** An arbitrary number, for who prepares a mirror: nobody else waits for its server. */
const lockNumber = 7_235_190_413

const lock = statement('select pg_advisory_xact_lock($1)')
const selectPlace = statement('select grants_mirror as place from server')
const holdServer = statement('select from server for update')
const updatePlace = statement('update server set grants_mirror = $1::jsonb')
/** Whoever is about to grant waits, or has finished: nothing slips in that no trigger has seen. */
const holdWriters = statement('lock table relation_tuple in share row exclusive mode')
const everyObject = statement(`
  insert into unmirrored_object (object) select distinct object from relation_tuple order by 1
  on conflict (object) do update set version = unmirrored_object.version + 1`)

const attach = async (
  tx: Transaction,
  prepare: (known: MirrorPlace | undefined) => Promise<MirrorPlace>,
): Promise<MirrorPlace> => {
  await tx.query(lock, [lockNumber])
  const [row] = await tx.query<{ place: MirrorPlace | null }>(selectPlace, [])
  const known = row?.place ?? undefined
  const place = await prepare(known)
  if (place.store === known?.store && place.digest === known.digest) return place
  await tx.query(holdServer)
  await tx.execute(holdWriters, [])
  await tx.execute(updatePlace, [JSON.stringify(place)])
  if (place.store !== known?.store) await tx.execute(everyObject, [])
  return place
}

/**
 * Says where grants are mirrored from here on: `prepare` is asked by one process at a time, with what was so before. In
 * another store than before everything has to be told anew.
 */
export const attachMirror = (
  database: Database,
  prepare: (known: MirrorPlace | undefined) => Promise<MirrorPlace>,
): Promise<MirrorPlace> => database.transaction((tx) => attach(tx, prepare))
