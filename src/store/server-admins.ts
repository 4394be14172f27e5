/** Who administers the server: principals that are marked so. */
import { CatalogError } from '#model/errors.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import { raiseIdentityEpoch } from './server.ts'

const selectAdmins = statement(`
  select id from principal where server_admin and deleted_at is null order by id limit $1`)

/** Ids, in byte order. */
export const listServerAdmins = async (sql: Sql, limit: number): Promise<readonly string[]> =>
  (await sql.query<{ id: string }>(selectAdmins, [limit])).map(({ id }) => id)

export interface AdminChange {
  readonly writes: readonly string[]
  readonly deletes: readonly string[]
}

const setAdmins = statement(`
  update principal set server_admin = $2, version = version + 1, updated_at = now()
  where id = any($1::text[]) and kind = 'user' and deleted_at is null and server_admin <> $2`)

const selectUnknown = statement(`
  select wanted.id from unnest($1::text[]) as wanted(id)
  where not exists (select 1 from principal p where p.id = wanted.id and p.kind = 'user' and p.deleted_at is null)
  limit 1`)

const selectActive = statement(
  'select 1 from principal where server_admin and active and deleted_at is null limit 1',
)

/**
 * All or none; who is one already stays one. NotFound for an unknown user; Conflict where nobody would be left who may
 * administer the server. One such change comes after the other, so that two that each leave one do not leave none.
 */
export const changeServerAdmins = async (
  tx: Transaction,
  { writes, deletes }: AdminChange,
): Promise<void> => {
  await raiseIdentityEpoch(tx)
  const [unknown] = await tx.query<{ id: string }>(selectUnknown, [writes.map(storable)])
  if (unknown !== undefined) throw new CatalogError('NotFoundException', `User does not exist: ${unknown.id}`)
  await tx.execute(setAdmins, [writes, true])
  const taken = await tx.execute(setAdmins, [deletes.map(storable), false])
  if (taken > 0 && (await tx.query(selectActive)).length === 0)
    throw new CatalogError('ConflictException', 'The last server admin cannot be taken away')
}
