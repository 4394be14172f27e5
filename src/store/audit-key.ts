/**
 * The key under which blocks of the audit log are sealed. Made once a store, and a sealed secret like any other: it
 * stays when the server key is changed, and whoever has the database alone cannot open it.
 */
import { randomBytes } from 'node:crypto'
import { type Database, type Sql, statement, type Transaction } from './database.ts'
import type { SealedSecret, Sealing } from './sealing.ts'
import { insertSecrets } from './secrets.ts'

const scope = { purpose: 'audit-seal', projectId: null }

/** An arbitrary number: two processes never make the key at once. */
const lockNumber = 7_235_190_412

const lock = statement('select pg_advisory_xact_lock($1)')

const select = statement(`
  select id, project_id as "projectId", purpose, key_fingerprint as "keyFingerprint", sealed_key as "sealedKey", sealed
  from secret where purpose = $1 and project_id is null order by created_at, id limit 1`)

const makeKey = async (tx: Transaction, sealing: Sealing): Promise<Buffer> => {
  const key = randomBytes(32)
  await insertSecrets(tx, [sealing.seal(key.toString('base64'), scope)])
  return key
}

/** Undefined where nothing has been sealed yet. Throws where it was sealed under another server key, or was altered. */
export const findAuditKey = async (sql: Sql, sealing: Sealing): Promise<Buffer | undefined> => {
  const [row] = await sql.query<SealedSecret>(select, [scope.purpose])
  return row && Buffer.from(sealing.open(row), 'base64')
}

/** Made where there is none yet; throws as `findAuditKey` does. */
export const openAuditKey = (database: Database, sealing: Sealing): Promise<Buffer> =>
  database.transaction(async (tx) => {
    await tx.query(lock, [lockNumber])
    return (await findAuditKey(tx, sealing)) ?? makeKey(tx, sealing)
  })
