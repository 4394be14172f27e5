/** The database that the configuration names: our own child process, or one that is there already. */
import { applyChanges, checkSchema, loadSchemaState } from '#store/apply-changes.ts'
import { type Database, openDatabase } from '#store/database.ts'
import { openEmbedded } from '#store/embedded.ts'
import type { ServerConfig } from './config.ts'
import type { Logs } from './log.ts'
import { resolveUrl, type SecretResolver } from './secrets.ts'

const openUrl = async ({ server, secret, logs }: DatabaseRequest, parts: AsyncDisposableStack) => {
  if (server.database !== 'embedded') return resolveUrl(server.database, secret)
  const embedded = parts.use(await openEmbedded({ folder: server.data, log: logs.warn }))
  return embedded.url
}

export interface DatabaseRequest {
  readonly server: ServerConfig
  readonly secret: SecretResolver
  readonly logs: Logs
}

/** Reachable on return, with whatever schema it has. `parts` closes the pool before the process below it. */
export const openConfiguredDatabase = async (
  request: DatabaseRequest,
  parts: AsyncDisposableStack,
): Promise<Database> => {
  const { server, secret, logs } = request
  const url = await openUrl(request, parts)
  const directUrl =
    server.databaseDirectUrl === undefined ? undefined : await resolveUrl(server.databaseDirectUrl, secret)
  const database = await openDatabase({
    url,
    ...(directUrl === undefined ? {} : { directUrl }),
    poolSize: server.databasePoolSize,
    onIdleError: (error) => logs.warn('database.connection-lost', { error: error.message }),
  })
  return parts.use(database)
}

/** The embedded schema is brought up to date; an external one is only looked at: replicas are rolled, not jumped. */
export const prepareSchema = async (database: Database, server: ServerConfig): Promise<void> => {
  if (server.database === 'embedded') await applyChanges(database)
  else checkSchema(await loadSchemaState(database))
}
