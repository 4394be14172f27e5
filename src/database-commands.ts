/** Commands that speak to the database itself: whoever reaches it needs no gateway to let him in. */
import { setTimeout as delay } from 'node:timers/promises'
import { CatalogError } from '#model/errors.ts'
import { applyChanges, checkSchema, loadSchemaState } from '#store/apply-changes.ts'
import { bootstrapStore, reopenBootstrap } from '#store/bootstrap.ts'
import type { Database } from '#store/database.ts'
import { appendEvents } from '#store/outbox.ts'
import type { Config, Environment } from './config.ts'
import { createLogs } from './log.ts'
import { openConfiguredDatabase, prepareSchema } from './open-database.ts'
import { createSecretResolver } from './secrets.ts'

export interface DatabaseCall {
  readonly config: Config
  readonly environment: Environment
  readonly print: (line: string) => void
}

const open = ({ config: { server }, environment }: DatabaseCall, parts: AsyncDisposableStack) =>
  openConfiguredDatabase(
    { server, secret: createSecretResolver(environment), logs: createLogs(server.logLevel) },
    parts,
  )

export const migrateSchema = async (call: DatabaseCall): Promise<void> => {
  await using parts = new AsyncDisposableStack()
  const { applied } = await applyChanges(await open(call, parts))
  call.print(`The schema is at change ${applied}.`)
}

export interface FirstAdmin {
  /** `provider~subject`; without it the store is closed for whoever holds the token of the configuration. */
  readonly admin?: string | undefined
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly memberOf?: string | undefined
}

const refuse = (message: string): CatalogError => new CatalogError('BadRequestException', message)

const checkAdmin = ({ admin }: FirstAdmin, { server }: Config): void => {
  if (admin === undefined && server.token === undefined)
    throw refuse('Say who administers: --admin PROVIDER~SUBJECT, e.g. --admin oidc~alice')
  if (admin !== undefined && !/^[^~\s]+~.+$/.test(admin))
    throw refuse(`${admin} is no id of a user: it is PROVIDER~SUBJECT, e.g. oidc~alice`)
}

/** The schema of an external database is looked at and left alone, as `serve` does. */
export const openPrepared = async (call: DatabaseCall, parts: AsyncDisposableStack): Promise<Database> => {
  const database = await open(call, parts)
  await prepareSchema(database, call.config.server)
  return database
}

export const bootstrap = async (call: DatabaseCall, first: FirstAdmin): Promise<void> => {
  checkAdmin(first, call.config)
  const { admin, name, email, memberOf } = first
  await using parts = new AsyncDisposableStack()
  const database = await openPrepared(call, parts)
  const person = {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
  }
  await database.transaction(async (tx) => {
    const event = await bootstrapStore(tx, {
      ...(admin === undefined ? {} : { admin: { id: admin, ...person } }),
      ...(memberOf === undefined ? {} : { memberOf }),
    })
    await appendEvents(tx, [event])
  })
  call.print(
    admin === undefined
      ? 'Bootstrapped: the token of the configuration administers.'
      : `Bootstrapped: ${admin} administers.`,
  )
}

export const reopen = async (call: DatabaseCall): Promise<void> => {
  await using parts = new AsyncDisposableStack()
  const database = await openPrepared(call, parts)
  await database.transaction(async (tx) => appendEvents(tx, [await reopenBootstrap(tx)]))
  call.print('The store is open for bootstrap again; who administers already goes on doing so.')
}

const pauseMs = 500

const look = async (call: DatabaseCall, anySchema: boolean): Promise<void> => {
  await using parts = new AsyncDisposableStack()
  const database = await open(call, parts)
  if (!anySchema) checkSchema(await loadSchemaState(database))
}

export interface Patience {
  readonly seconds: number
  readonly anySchema: boolean
}

/** Throws the last reason where the time is over. An embedded database comes with the gateway: nothing is waited for. */
export const waitForDatabase = async (
  call: DatabaseCall,
  { seconds, anySchema }: Patience,
): Promise<void> => {
  if (call.config.server.database === 'embedded')
    return call.print('The database is embedded: it starts with the gateway.')
  const end = Date.now() + seconds * 1000
  for (;;) {
    try {
      await look(call, anySchema)
      return call.print('The database is ready.')
    } catch (error) {
      if (Date.now() + pauseMs > end) throw error
    }
    await delay(pauseMs)
  }
}
