/**
 * The pool toward Postgres: queries, short transactions, and errors in our words. It keeps no session state, so a
 * transaction pooler may stand in front; what needs a session (LISTEN) uses `directUrl`.
 */
import { createHash } from 'node:crypto'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { drizzle } from './drizzle.ts'
import { CommitUnknown, isConnectionLost, translateError } from './errors.ts'
import { type Listener, listen } from './listen.ts'

export interface DatabaseConfig {
  /** `postgres://…`; a unix socket as `postgres://user@localhost/name?host=/folder`. */
  readonly url: string
  /** Past the pooler, for the few that need a session. Default: `url` where no pooler was found there. */
  readonly directUrl?: string
  readonly poolSize?: number
  /** A statement that runs longer is cancelled and answered with 503. Milliseconds. */
  readonly statementTimeoutMs?: number
  /** How long a request waits for a connection before it is answered with 429. Milliseconds. */
  readonly acquireTimeoutMs?: number
  /** Named statements. `auto`: off behind a pooler, which might send them to another connection. */
  readonly preparedStatements?: 'auto' | 'on' | 'off'
  /** Errors of idle connections: noted, never thrown. */
  readonly onIdleError?: (error: Error) => void
}

/** A text sent often: parsed and planned once a connection, where the connection is ours alone. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const statement = (text: string): Statement => ({
  name: `lg_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
  text,
})

type Orm = NodePgDatabase

/** What may be asked inside a transaction and outside of one. 64-bit integers come as numbers while they are safe, else as bigints. */
export interface Sql {
  query<Row>(statement: Statement | string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** The number of rows touched. */
  execute(statement: Statement | string, values?: readonly unknown[]): Promise<number>
  /** Typed queries, with drizzle's wrapping of errors undone. */
  orm<T>(work: (orm: Orm) => Promise<T>): Promise<T>
}

export interface Transaction extends Sql {
  /** Run when COMMIT is known to have happened, and at no other time. Must not throw. */
  afterCommit(callback: () => void): void
  /** NOTIFY once it has committed: not as a part of it, which would put all commits behind one lock. */
  announce(channel: string): void
}

export interface Database extends Sql, AsyncDisposable {
  /**
   * READ COMMITTED. Rolls back when `work` throws. Throws `TransactionConflict` (nothing happened, may be tried
   * again), `CommitUnknown` (may have happened), or a `CatalogError` of 429 or 503 (nothing happened).
   * Nothing is retried here.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Calls back on each NOTIFY, and once after every reconnection. A nudge, never a promise: poll besides. */
  listen(channel: string, notify: () => void): Listener
  /** True where something stands between us and the server. */
  readonly pooled: boolean
}

interface Session {
  readonly client: Pick<pg.Pool, 'query'>
  readonly prepared: boolean
}

const int8 = (text: string): number | bigint => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? int8
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

const run = async (
  session: Session,
  query: Statement | string,
  values: readonly unknown[],
): Promise<pg.QueryResult> => {
  const named = typeof query !== 'string' && session.prepared
  const text = typeof query === 'string' ? query : query.text
  try {
    const config = named ? { name: query.name, text } : { text }
    return await session.client.query({ ...config, values: [...values] })
  } catch (error) {
    throw translateError(error)
  }
}

/** `createOrm`: most transactions never ask for one. */
const createSql = (session: Session, createOrm: () => Orm): Sql => ({
  query: async <Row>(query: Statement | string, values: readonly unknown[] = []) =>
    (await run(session, query, values)).rows as Row[],
  execute: async (query, values = []) => (await run(session, query, values)).rowCount ?? 0,
  orm: async (work) => {
    try {
      return await work(createOrm())
    } catch (error) {
      throw translateError(error)
    }
  },
})

const commitTransaction = async (client: pg.PoolClient): Promise<void> => {
  const result = await client.query('commit').catch((error: unknown) => {
    throw isConnectionLost(error) ? new CommitUnknown(error) : translateError(error)
  })
  // An aborted transaction answers COMMIT with ROLLBACK and no error.
  if (result.command !== 'COMMIT')
    throw new CatalogError(
      'InternalServerErrorException',
      'A transaction with a failed statement was committed',
    )
}

interface TransactionSettings {
  readonly begin: string
  readonly prepared: boolean
  readonly announce: (channel: string) => void
}

const inTransaction = async <T>(
  client: pg.PoolClient,
  settings: TransactionSettings,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> => {
  const sql = createSql({ client, prepared: settings.prepared }, () => drizzle({ client }))
  await client.query(settings.begin).catch((error: unknown) => {
    throw translateError(error)
  })
  const committed: (() => void)[] = []
  const afterCommit = (callback: () => void): void => {
    committed.push(callback)
  }
  const announce = (channel: string): void => afterCommit(() => settings.announce(channel))
  const result = await work({ ...sql, afterCommit, announce })
  await commitTransaction(client)
  for (const callback of committed) callback()
  return result
}

const isLoss = (error: unknown): boolean =>
  error instanceof CommitUnknown || (isCatalogError(error) && isConnectionLost(error.cause))

/** Gives the client back clean, or destroys it where that cannot be known. */
const releaseAfterFailure = async (client: pg.PoolClient, lost: boolean): Promise<void> => {
  if (lost) return client.release(true)
  await client.query('rollback').then(
    () => client.release(),
    () => client.release(true),
  )
}

const createTransactions =
  (pool: pg.Pool, settings: TransactionSettings) =>
  async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw translateError(error)
    })
    // Without a listener the loss of a checked-out connection would end the process.
    let lost = false
    const onError = (): void => {
      lost = true
    }
    client.on('error', onError)
    try {
      const result = await inTransaction(client, settings, work)
      client.release()
      return result
    } catch (error) {
      await releaseAfterFailure(client, lost || isLoss(error))
      throw error
    } finally {
      client.off('error', onError)
    }
  }

const announceDelayMs = 20

/** One NOTIFY for all that commits within a moment. It may be lost: who listens also polls. */
const createAnnouncer = (pool: pg.Pool): ((channel: string) => void) => {
  const waiting = new Set<string>()
  return (channel) => {
    if (waiting.has(channel)) return
    waiting.add(channel)
    setTimeout(() => {
      waiting.delete(channel)
      if (!pool.ending) pool.query('select pg_notify($1, $2)', [channel, '']).catch(() => {})
    }, announceDelayMs).unref()
  }
}

interface Probe {
  readonly pooled: boolean
}

const oldestServer = 150_000

/** Refuses a server that is too old, and finds out whether a pooler answers (it makes up the process id of its greeting). */
const probe = async (url: string): Promise<Probe> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(
      `select pg_backend_pid() as pid, current_setting('server_version_num')::int as version,
              current_setting('server_encoding') as encoding`,
    )
    const [row] = rows as { pid: number; version: number; encoding: string }[]
    if (row === undefined || row.version < oldestServer || row.encoding !== 'UTF8')
      throw new Error('The database must be PostgreSQL 15 or newer, with encoding UTF8')
    const { processID } = client as unknown as { processID: number | null }
    return { pooled: processID !== row.pid }
  } catch (error) {
    throw translateError(error)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Connects once, to learn what answers; throws the 503 of an unreachable server. Schema changes are not looked at. */
export const openDatabase = async (config: DatabaseConfig): Promise<Database> => {
  const { pooled } = await probe(config.url)
  const statementTimeout = config.statementTimeoutMs ?? 30_000
  // A pooler refuses start-up parameters it does not know, and must see no session setting.
  const timeouts = pooled
    ? { query_timeout: statementTimeout + 5_000 }
    : { statement_timeout: statementTimeout, idle_in_transaction_session_timeout: 60_000 }
  const pool = new pg.Pool({
    connectionString: config.url,
    max: config.poolSize ?? 16,
    connectionTimeoutMillis: config.acquireTimeoutMs ?? 10_000,
    idleTimeoutMillis: 60_000,
    types,
    ...timeouts,
  })
  pool.on('error', (error) => {
    // A pool that is ending loses its connections on purpose.
    if (!pool.ending) config.onIdleError?.(error)
  })
  const mode = config.preparedStatements ?? 'auto'
  const prepared = mode === 'on' || (mode === 'auto' && !pooled)
  const begin = pooled ? `begin; set local statement_timeout = ${statementTimeout}` : 'begin'
  const directUrl = config.directUrl ?? (pooled ? undefined : config.url)
  const orm = drizzle({ client: pool })
  return {
    ...createSql({ client: pool, prepared }, () => orm),
    transaction: createTransactions(pool, { begin, prepared, announce: createAnnouncer(pool) }),
    listen: (channel, notify) => listen(directUrl, channel, notify),
    pooled,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
