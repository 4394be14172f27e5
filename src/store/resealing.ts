/** All sealed secrets under another server key: in one transaction with the fingerprint by which processes know theirs. */
import { CatalogError } from '#model/errors.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { appendEvents } from './outbox.ts'
import { createResealing, type SealedSecret, type SealingKey } from './sealing.ts'

export interface KeyChange {
  readonly from: SealingKey
  readonly to: SealingKey
}

const batch = 500

/** Nobody seals anything meanwhile; whoever waits to finds the new fingerprint then. */
const lockSecrets = statement('lock table secret in exclusive mode')
const selectFingerprint = statement('select key_fingerprint as "fingerprint" from server for update')

const selectBatch = statement(`
  select id, project_id as "projectId", purpose, key_fingerprint as "keyFingerprint", sealed_key as "sealedKey", sealed
  from secret where id > $1::uuid and key_fingerprint <> $2 order by id limit ${batch}`)

const updateBatch = statement(`
  update secret set sealed_key = n.sealed_key, key_fingerprint = $3, updated_at = now()
  from unnest($1::uuid[], $2::bytea[]) as n(id, sealed_key) where secret.id = n.id`)

const updateFingerprint = statement('update server set key_fingerprint = $1')

const nil = '00000000-0000-0000-0000-000000000000'
const mostNamed = 10

/** Each with what it becomes, or its id where it does not open. */
const resealed = (secrets: readonly SealedSecret[], reseal: (secret: SealedSecret) => SealedSecret) => {
  const opened: SealedSecret[] = []
  const closed: string[] = []
  for (const secret of secrets)
    try {
      opened.push(reseal(secret))
    } catch {
      closed.push(secret.id)
    }
  return { opened, closed }
}

const refuseClosed = (closed: readonly string[]): void => {
  if (closed.length === 0) return
  const named = closed.slice(0, mostNamed).join(', ')
  const more = closed.length > mostNamed ? ` and ${closed.length - mostNamed} more` : ''
  throw new CatalogError(
    'ConflictException',
    `Nothing was changed: these secrets do not open with the present server key: ${named}${more}`,
  )
}

const resealAll = async (tx: Transaction, { from, to }: KeyChange): Promise<number> => {
  const reseal = createResealing(from, to)
  const refused: string[] = []
  let count = 0
  for (let after = nil; ; ) {
    const secrets = await tx.query<SealedSecret>(selectBatch, [after, to.fingerprint])
    const last = secrets.at(-1)
    if (last === undefined) break
    after = last.id
    const { opened, closed } = resealed(secrets, reseal)
    refused.push(...closed)
    const values = [opened.map(({ id }) => id), opened.map(({ sealedKey }) => sealedKey), to.fingerprint]
    count += await tx.execute(updateBatch, values)
  }
  refuseClosed(refused)
  return count
}

/**
 * How many were sealed anew; undefined where the store has the new key already. Conflict, and nothing changed, where one
 * does not open, or the store has another key than `from`.
 */
export const resealSecrets = async (tx: Transaction, change: KeyChange): Promise<number | undefined> => {
  const { from, to } = change
  await tx.execute(lockSecrets)
  const [server] = await tx.query<{ fingerprint: string | null }>(selectFingerprint)
  const present = server?.fingerprint ?? from.fingerprint
  if (present === to.fingerprint) return undefined
  if (present !== from.fingerprint)
    throw new CatalogError(
      'ConflictException',
      'The store was made with another server key than the present one',
    )
  const count = await resealAll(tx, change)
  await tx.execute(updateFingerprint, [to.fingerprint])
  const event = { type: 'server.key-changed', object: 'server', warehouse: '', data: { secrets: count } }
  await appendEvents(tx, [event])
  return count
}

const selectOther = statement('select from server where key_fingerprint <> $1')

/** ServiceUnavailable where the store has got another key than the one that this process seals with. */
export const checkSealedUnder = async (sql: Sql, fingerprint: string): Promise<void> => {
  if ((await sql.query(selectOther, [fingerprint])).length > 0)
    throw new CatalogError(
      'ServiceUnavailableException',
      'The server key has been changed: this process has to be started with the new one',
    )
}
