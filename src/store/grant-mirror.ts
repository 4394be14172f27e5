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

const selectPending = statement(
  'select object, version from unmirrored_object order by created_at, object limit $1',
)

export const loadPending = (
  sql: Sql,
  size: number,
): Promise<readonly { readonly object: ObjectKey; readonly version: number }[]> =>
  sql.query(selectPending, [size])

const deletePending = statement('delete from unmirrored_object where object = $1 and version = $2')

/** Not where it has changed again meanwhile. */
export const settlePending = async (
  sql: Sql,
  { object, version }: { readonly object: ObjectKey; readonly version: number },
): Promise<void> => {
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

const selectPlace = statement('select grants_mirror as place from server for update')
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
  const [row] = await tx.query<{ place: MirrorPlace | null }>(selectPlace, [])
  const known = row?.place ?? undefined
  const place = await prepare(known)
  if (place.store === known?.store && place.digest === known.digest) return place
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
