/** What stands before anything is built on it: the request to serve, the open store, the keys, telemetry. */
import type { Database } from '#store/database.ts'
import { claimKey, loadServer, type ServerRecord } from '#store/server.ts'
import { tracedDatabase } from '#store/traced.ts'
import type { Config, Environment } from './config.ts'
import type { Logs } from './log.ts'
import { openConfiguredDatabase, prepareSchema } from './open-database.ts'
import { ensureRecords } from './records.ts'
import {
  createSecretResolver,
  fingerprintOf,
  openServerKey,
  openToken,
  type SecretResolver,
  withoutOwnSecrets,
} from './secrets.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'
import { createVault, type Vault } from './vault.ts'
import { version } from './version.ts'

export interface ServeRequest {
  readonly config: Config
  readonly environment: Environment
  readonly logs: Logs
}

/** Everything that is known once the store is open. */
export interface Ground extends ServeRequest {
  readonly parts: AsyncDisposableStack
  readonly secret: SecretResolver
  readonly serverKey: Buffer
  readonly vault: Vault
  readonly database: Database
  readonly store: ServerRecord
  readonly telemetry: Telemetry
  readonly token: string | undefined
}

export const openGround = async (request: ServeRequest, parts: AsyncDisposableStack): Promise<Ground> => {
  const { config, environment, logs } = request
  const { server } = config
  const telemetry = parts.use(
    await startTelemetry({ endpoint: server.telemetryEndpoint, environment, version }),
  )
  const secret = createSecretResolver(environment)
  const token = await openToken(server, secret)
  const opened = await openConfiguredDatabase({ server, secret, logs }, parts)
  const database = telemetry.enabled ? tracedDatabase(opened) : opened
  await prepareSchema(database, server)
  const serverKey = await openServerKey(server, secret)
  await claimKey(database, fingerprintOf(serverKey))
  await ensureRecords(database)
  return {
    ...request,
    ...{ parts, secret, serverKey, database, telemetry, token },
    vault: createVault({ database, serverKey, secret: withoutOwnSecrets(secret, server) }),
    store: await loadServer(database),
  }
}
