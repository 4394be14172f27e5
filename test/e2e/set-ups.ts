/** The ways a gateway is set up that every client has to work with, each fresh and each with what a client needs. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { openTestDatabase } from '../support/database.ts'
import { type Gateway, runLakegate, scratchFolder, startGateway } from '../support/gateway.ts'
import { startMinio } from '../support/minio.ts'
import { startReferenceServer } from '../support/reference-server.ts'
import type { Target } from './clients.ts'
import { adminToken, createAccount } from './credentials.ts'

interface SetUp extends AsyncDisposable {
  readonly target: Target
  readonly gateway: Gateway
}

/** The compatibility kit places some tables and views there itself. */
const kitLocation = 'file:/tmp'

/** PyIceberg's tests of names with slashes run only where they are asked for; the kit's run by themselves. */
const slashes = { PYI_SUPPORTS: 'supports_slash_in_identifier=true' }

type Warehouse = Readonly<Record<string, unknown>>

const localWarehouse = (folder: string): Warehouse => ({
  name: 'default',
  location: `file://${folder}/lake`,
  'allowed-locations': [kitLocation],
})

/** Disposed in reverse order, the folder last. */
const setUpOf = (gateway: Gateway, stack: AsyncDisposableStack, properties = {}): SetUp => {
  const owned = stack.move()
  return {
    gateway,
    target: { uri: gateway.catalog, warehouse: 'default', properties, env: slashes },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const folderIn = async (stack: AsyncDisposableStack): Promise<string> => {
  const folder = await scratchFolder()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await mkdir(path.join(folder, 'lake'))
  return folder
}

interface State {
  readonly warehouses: readonly Warehouse[]
  readonly connections?: readonly Readonly<Record<string, unknown>>[]
}

interface Start {
  readonly server?: Readonly<Record<string, unknown>>
  readonly stack: AsyncDisposableStack
  readonly folder: string
  readonly state: State
  readonly env?: Readonly<Record<string, string>>
}

const start = async ({ stack, folder, state, env = {}, server = {} }: Start): Promise<Gateway> => {
  const gateway = await startGateway({ folder, server, state: { ...state }, env })
  stack.defer(async () => {
    await gateway.stop()
  })
  return gateway
}

/** Local files, the embedded database: what `npm start` gives. */
const embedded = async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const folder = await folderIn(stack)
  const gateway = await start({ stack, folder, state: { warehouses: [localWarehouse(folder)] } })
  return setUpOf(gateway, stack)
}

/** Local files, Debian's PostgreSQL 15, prepared as an operator does it. */
const postgres = async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const folder = await folderIn(stack)
  const database = stack.use(await openTestDatabase({ kind: 'debian', schema: false }))
  const env = { LAKEGATE_DATABASE: database.url, LAKEGATE_KEY: randomBytes(32).toString('hex') }
  await runLakegate(['migrate-schema'], env)
  const gateway = await startGateway({
    folder,
    server: { database: database.url },
    state: { warehouses: [localWarehouse(folder)] },
    env,
  })
  stack.defer(async () => {
    await gateway.stop()
  })
  await runLakegate(
    ['apply', '--config', path.join(folder, 'lakegate.yaml'), '--server', gateway.origin],
    env,
  )
  return setUpOf(gateway, stack)
}

/** Data and metadata in an S3 store, the embedded database. */
const s3 = async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const folder = await folderIn(stack)
  const minio = await startMinio()
  stack.defer(minio.stop)
  await minio.createBucket('lake')
  const storage = {
    endpoint: minio.endpoint,
    region: 'us-east-1',
    'path-style': true,
    'access-key-id': 'env:TEST_ACCESS',
    'secret-access-key': 'env:TEST_SECRET',
  }
  const gateway = await start({
    stack,
    folder,
    state: { warehouses: [{ name: 'default', location: 's3://lake', storage }] },
    env: { TEST_ACCESS: minio.accessKeyId, TEST_SECRET: minio.secretAccessKey },
  })
  const properties = {
    's3.endpoint': minio.endpoint,
    's3.region': 'us-east-1',
    's3.path-style-access': 'true',
    's3.access-key-id': minio.accessKeyId,
    's3.secret-access-key': minio.secretAccessKey,
    'client.region': 'us-east-1',
  }
  const setUp = setUpOf(gateway, stack, properties)
  return { ...setUp, target: { ...setUp.target, env: { ...slashes, RCK_BASE_LOCATION: 's3://lake/kit' } } }
}

const mounted = async (
  stack: AsyncDisposableStack,
  upstream: { uri: string; warehouse: string },
): Promise<SetUp> => {
  const folder = await folderIn(stack)
  const connection = { name: 'upstream', kind: 'iceberg-rest', ...upstream, auth: { kind: 'none' } }
  const mounts = [{ namespace: [], connection: 'upstream' }]
  const state = { connections: [connection], warehouses: [{ ...localWarehouse(folder), mounts }] }
  return setUpOf(await start({ stack, folder, state }), stack)
}

/** Everything through a mount at the root, of a second gateway. */
const throughLakegate = async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const inner = stack.use(await embedded())
  return await mounted(stack, { uri: inner.target.uri, warehouse: 'default' })
}

/** Everything through a mount at the root, of Apache's reference server. */
const throughReference = async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const server = await startReferenceServer()
  stack.defer(server.stop)
  const setUp = await mounted(stack, { uri: server.uri, warehouse: '' })
  // Its namespace separator is the dot, and its web server answers 400 to an encoded slash.
  const env = { RCK_DOTS: 'false', RCK_SLASHES: 'false', PYI_SUPPORTS: 'supports_dot_in_identifier=false' }
  return { ...setUp, target: { ...setUp.target, env } }
}

/** Nobody is let in without a token, and clients get theirs, and renew them, with a secret. */
const clientCredentials = (lifetimeSeconds: number) => async (): Promise<SetUp> => {
  await using stack = new AsyncDisposableStack()
  const folder = await folderIn(stack)
  const token = adminToken()
  const gateway = await start({
    ...{ stack, folder, state: { warehouses: [localWarehouse(folder)] } },
    server: { auth: { required: true }, tokens: { 'lifetime-seconds': lifetimeSeconds } },
    env: { LAKEGATE_TOKEN: token },
  })
  const { credential } = await createAccount(gateway, token)
  return setUpOf(gateway, stack, { credential, scope: 'catalog' })
}

export const setUps = {
  clientCredentials: clientCredentials(3),
  /** Java renews a token a tenth of its life before it expires, and does not ask again where it comes too late. */
  renewedTokens: clientCredentials(15),
  embedded,
  postgres,
  s3,
  throughLakegate,
  throughReference,
}
export type SetUpName = keyof typeof setUps
