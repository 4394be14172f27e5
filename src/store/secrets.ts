/** Sealed secrets: written and deleted in the transaction of what refers to them, opened by whoever has the key. */
import { CatalogError } from '#model/errors.ts'
import { sealedIdsIn } from '#model/secret.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { and, eq } from './drizzle.ts'
import { checkSealedUnder } from './resealing.ts'
import { secret } from './schema-identity.ts'
import type { SealedSecret, Sealing, SecretScope } from './sealing.ts'

/** ServiceUnavailable where the store has got another server key meanwhile. */
export const insertSecrets = async (tx: Sql, secrets: readonly SealedSecret[]): Promise<void> => {
  const [first] = secrets
  if (first === undefined) return
  await tx.orm((orm) => orm.insert(secret).values([...secrets]))
  // Once the insert is through, whoever changes the key has either finished or waits for us.
  await checkSealedUnder(tx, first.keyFingerprint)
}

const deleteByIds = statement('delete from secret where id = any($1::uuid[])')

export const deleteSecrets = async (tx: Sql, ids: readonly string[]): Promise<void> => {
  if (ids.length > 0) await tx.execute(deleteByIds, [ids])
}

/** Deletes what the configuration of before refers to and that of after does not. The owner's row must be locked. */
export const releaseSecrets = (tx: Transaction, before: unknown, after?: unknown): Promise<void> => {
  const kept = new Set(sealedIdsIn(after))
  return deleteSecrets(
    tx,
    sealedIdsIn(before).filter((id) => !kept.has(id)),
  )
}

const missing = (id: string): CatalogError =>
  new CatalogError('BadRequestException', `Cannot resolve the secret secret:${id}`)

/** BadRequest for one that is not there, or that another purpose or project has. */
export const openSecret = async (
  { sql, sealing }: { readonly sql: Sql; readonly sealing: Sealing },
  id: string,
  { purpose, projectId }: SecretScope,
): Promise<string> => {
  const [row] = await sql.orm((orm) =>
    orm
      .select()
      .from(secret)
      .where(and(eq(secret.id, id), eq(secret.purpose, purpose))),
  )
  if (row === undefined || row.projectId !== projectId) throw missing(id)
  return sealing.open(row)
}
