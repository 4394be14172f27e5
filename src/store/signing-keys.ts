/** The keys that our own tokens are signed with: made ahead of their time by whichever replica comes first. */
import {
  createPrivateKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import { CatalogError } from '#model/errors.ts'
import { type Database, type Sql, statement, type Transaction } from './database.ts'
import { asc, eq } from './drizzle.ts'
import { lock } from './entries-write.ts'
import { secret, signingKey } from './schema-identity.ts'
import type { Sealing, SecretScope } from './sealing.ts'
import { deleteSecrets, insertSecrets } from './secrets.ts'

export interface SigningKeyRecord {
  /** The `kid`. */
  readonly id: string
  /** The public half. */
  readonly publicJwk: JsonWebKey
  readonly privateKey: KeyObject
  /** Epoch milliseconds, of the database's clock. */
  readonly activeFrom: number
  readonly activeUntil: number
}

export interface SigningSchedule {
  /** How long a key signs. */
  readonly rotateSeconds: number
  /** How long before its first signature a key is published. Shorter than `rotateSeconds`. */
  readonly leadSeconds: number
  /** How long after its last signature a key is published: as long as the longest token lives. */
  readonly keepSeconds: number
}

export interface SigningKeyDeps {
  readonly database: Database
  readonly sealing: Sealing
  readonly schedule: SigningSchedule
}

const scope: SecretScope = { purpose: 'signing-key', projectId: null }
const keysLock = { order: '0 signing keys', exclusive: true }

/** What may be told of a key. */
export type SigningKeyFacts = Pick<
  typeof signingKey.$inferSelect,
  'id' | 'algorithm' | 'activeFrom' | 'activeUntil'
>

type Row = typeof signingKey.$inferSelect & { readonly secret: typeof secret.$inferSelect }

const loadRows = async (sql: Sql): Promise<readonly Row[]> => {
  const rows = await sql.orm((orm) =>
    orm
      .select({ key: signingKey, secret })
      .from(signingKey)
      .innerJoin(secret, eq(secret.id, signingKey.secretId))
      .orderBy(asc(signingKey.activeFrom)),
  )
  return rows.map(({ key, secret: sealed }) => ({ ...key, secret: sealed }))
}

const clock = async (sql: Sql): Promise<number> => {
  const [row] = await sql.query<{ now: Date }>('select clock_timestamp() as now')
  return row?.now.getTime() ?? Number.NaN
}

const isOver = (row: Row, now: number, { keepSeconds }: SigningSchedule): boolean =>
  row.activeUntil.getTime() + keepSeconds * 1000 <= now

/** From when on the next key signs, where it is time to publish it. */
const nextFrom = (
  rows: readonly Row[],
  now: number,
  { leadSeconds }: SigningSchedule,
): number | undefined => {
  const ends = Math.max(now, ...rows.map((row) => row.activeUntil.getTime()))
  return ends - leadSeconds * 1000 <= now ? ends : undefined
}

const isInOrder = (rows: readonly Row[], now: number, schedule: SigningSchedule): boolean =>
  nextFrom(rows, now, schedule) === undefined && !rows.some((row) => isOver(row, now, schedule))

/** Ed25519: a signature costs two thirds of an ECDSA one. */
const makeKey = async (
  tx: Transaction,
  { sealing, schedule }: Pick<SigningKeyDeps, 'sealing' | 'schedule'>,
  from: number,
): Promise<SigningKeyFacts> => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const sealed = sealing.seal(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), scope)
  await insertSecrets(tx, [sealed])
  const facts = {
    ...{ id: randomUUID(), algorithm: 'EdDSA' },
    activeFrom: new Date(from),
    activeUntil: new Date(from + schedule.rotateSeconds * 1000),
  }
  const publicJwk = publicKey.export({ format: 'jwk' })
  await tx.orm((orm) => orm.insert(signingKey).values({ ...facts, publicJwk, secretId: sealed.id }))
  return facts
}

const dropKey = async (tx: Transaction, row: Row): Promise<void> => {
  await tx.orm((orm) => orm.delete(signingKey).where(eq(signingKey.id, row.id)))
  await deleteSecrets(tx, [row.secretId])
}

/** Under a lock, after a second look: replicas that come at the same time make one key. */
const putInOrder = (deps: SigningKeyDeps): Promise<void> =>
  deps.database.transaction(async (tx) => {
    await lock(tx, [keysLock])
    const [rows, now] = [await loadRows(tx), await clock(tx)]
    const next = nextFrom(rows, now, deps.schedule)
    if (next !== undefined) await makeKey(tx, deps, next)
    for (const row of rows) if (isOver(row, now, deps.schedule)) await dropKey(tx, row)
  })

const recordOf = (row: Row, sealing: Sealing): SigningKeyRecord => ({
  id: row.id,
  publicJwk: row.publicJwk as JsonWebKey,
  privateKey: createPrivateKey(sealing.open(row.secret)),
  activeFrom: row.activeFrom.getTime(),
  activeUntil: row.activeUntil.getTime(),
})

/** All that are published, the oldest first. One of them signs now, and the next is there before it is needed. */
export const loadSigningKeys = async (deps: SigningKeyDeps): Promise<readonly SigningKeyRecord[]> => {
  const { database, sealing, schedule } = deps
  const [found, now] = [await loadRows(database), await clock(database)]
  if (!isInOrder(found, now, schedule)) await putInOrder(deps)
  const rows = isInOrder(found, now, schedule) ? found : await loadRows(database)
  return rows.map((row) => recordOf(row, sealing))
}

/** All that are published, the oldest first. */
export const listSigningKeys = (sql: Sql): Promise<readonly SigningKeyFacts[]> =>
  sql.orm((orm) =>
    orm
      .select({
        id: signingKey.id,
        algorithm: signingKey.algorithm,
        activeFrom: signingKey.activeFrom,
        activeUntil: signingKey.activeUntil,
      })
      .from(signingKey)
      .orderBy(asc(signingKey.activeFrom)),
  )

/** Longer than a replica that meets a key which it does not know waits before it looks again. */
const handoverSeconds = 15
const mostKeys = 20

/** Those that were to sign later never will; they stay published, for a replica that has not heard of it. */
const endBy = statement(`
  update signing_key set active_from = least(active_from, $1::timestamptz - interval '1 millisecond'),
    active_until = least(active_until, $1::timestamptz)`)

/**
 * Has a new key sign in a moment, and every other one no longer; what they have signed stays good. Conflict where too
 * many are published still.
 */
export const rotateSigningKeys = async (
  tx: Transaction,
  deps: Pick<SigningKeyDeps, 'sealing' | 'schedule'>,
): Promise<SigningKeyFacts> => {
  await lock(tx, [keysLock])
  const known = await listSigningKeys(tx)
  if (known.length >= mostKeys)
    throw new CatalogError('ConflictException', `At most ${mostKeys} signing keys are published at a time`)
  const from = (await clock(tx)) + (known.length === 0 ? 0 : handoverSeconds * 1000)
  await tx.execute(endBy, [new Date(from)])
  return makeKey(tx, deps, from)
}
