/** From an empty store to a request with a key, by the command line alone. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, type Gateway, runLakegate, scratchFolder, startGateway } from '../../support/gateway.ts'

const entry = resolve(import.meta.dirname, '../../../src/main.ts')
const adminToken = 'the-token-of-the-configuration'

let gateway: Gateway
let home: string

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Run {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

const lakegate = (line: string, { env = {}, input }: Run = {}): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [entry, ...line.split(' ')],
      { env: { ...process.env, HOME: home, XDG_CONFIG_HOME: '', LAKEGATE_SERVER: gateway.origin, ...env } },
      (error, out, err) => done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
    child.stdin?.end(input ?? '')
  })

/** As the administrator by the token of the configuration. */
const admin = async (line: string, options: Run = {}): Promise<Record<string, unknown>> => {
  const env = { LAKEGATE_TOKEN: adminToken, ...options.env }
  const { code, out, err } = await lakegate(`${line} --json`, { ...options, env })
  expect(code, `${line}: ${err}`).toBe(0)
  return JSON.parse(out)
}

beforeAll(async () => {
  home = await scratchFolder()
  const folder = await scratchFolder()
  // Named before the first start: the store is prepared by it, as by `serve`.
  await runLakegate(['bootstrap', '--admin', 'oidc~ann', '--name', 'Ann', '--data', join(folder, 'data')])
  gateway = await startGateway({
    folder,
    port: await freePort(),
    server: { token: 'env:ADMIN_TOKEN' },
    env: { ADMIN_TOKEN: adminToken },
  })
})

afterAll(async () => {
  await gateway?.discard()
  await rm(home, { recursive: true, force: true })
})

test('a store is bootstrapped, once, until it is opened again', async () => {
  expect(await admin('info')).toMatchObject({ bootstrapped: true })
  expect(await admin('admin list')).toEqual({ assignments: [{ type: 'admin', user: 'oidc~ann' }] })
  const again = join(gateway.folder, 'again')
  const at = ['--data', again]
  await runLakegate(['bootstrap', '--admin', 'oidc~ann', ...at])
  await expect(runLakegate(['bootstrap', '--admin', 'oidc~bob', ...at])).rejects.toThrow(
    'not open for bootstrap',
  )
  await runLakegate(['bootstrap', '--reopen', ...at])
  const { stdout } = await runLakegate(['bootstrap', '--admin', 'oidc~bob', ...at])
  expect(stdout).toContain('oidc~bob administers')
})

test('project, user, role, service account, key: and the key opens the project alone', {
  timeout: 240_000,
}, async () => {
  await admin('project create sales')
  const inSales = { env: { LAKEGATE_PROJECT: 'sales' } }
  await mkdir(join(gateway.folder, 'sales'))
  await admin(`warehouse create lake --location file://${gateway.folder}/sales`, inSales)

  await admin('user create oidc~eve --name Eve --email eve@example.com')
  expect(await admin('user search eve')).toMatchObject({ users: [{ id: 'oidc~eve' }] })
  await admin('role create writers --description write', inSales)
  await admin('service-account create etl', inSales)
  const added = await admin('role members add writers oidc~eve service-account:etl', inSales)
  expect(added['members']).toHaveLength(2)
  await admin('project members add sales role:writers', inSales)

  const made = await admin('key create etl first', inSales)
  const key = String(made['key'])
  expect(key).toMatch(/^lg_/)
  const login = `login --server ${gateway.origin} --project sales --profile etl --token-stdin`
  const signedIn = await lakegate(login, { input: key })
  expect(signedIn.code, signedIn.err).toBe(0)
  const credentials = join(home, '.config/lakegate/credentials.json')
  expect((await stat(credentials)).mode & 0o777).toBe(0o600)
  const config = join(home, '.config/lakegate/config.yaml')
  expect((await stat(config)).mode & 0o777).toBe(0o600)
  expect(await readFile(config, 'utf8')).not.toContain(key)

  const listed = await lakegate('warehouse list --profile etl --json')
  expect(JSON.parse(listed.out)).toMatchObject({ warehouses: [{ name: 'lake' }] })
  const catalog = await fetch(`${gateway.catalog}/v1/config?warehouse=sales/lake`, {
    headers: { authorization: `Bearer ${key}` },
  })
  expect(catalog.status).toBe(200)
  expect((await lakegate('warehouse list --profile etl --project default')).code).not.toBe(0)

  await admin('key delete etl first', inSales)
  const revoked = await lakegate('warehouse list --profile etl')
  expect(revoked.code).toBe(3)
  expect(revoked.err + revoked.out).not.toContain(key)
})

test('who is not signed in ends with code 3, what is not there with 4, what is taken with 5', async () => {
  expect((await lakegate('project list')).code).toBe(3)
  const env = { LAKEGATE_TOKEN: adminToken }
  expect((await lakegate('project get nowhere', { env })).code).toBe(4)
  expect((await lakegate('project create default', { env })).code).toBe(5)
})

test('probes: healthcheck and wait-for-db', async () => {
  expect((await lakegate('healthcheck')).code).toBe(0)
  expect((await lakegate('healthcheck --live')).code).toBe(0)
  expect((await lakegate(`healthcheck --server http://127.0.0.1:${await freePort()}`)).code).toBe(7)
  const nobody = `postgres://nobody@127.0.0.1:${await freePort()}/x`
  const env = { LAKEGATE_DATABASE: nobody, LAKEGATE_KEY: randomBytes(32).toString('hex') }
  expect((await lakegate('wait-for-db --timeout 0', { env })).code).toBe(1)
  expect((await lakegate('wait-for-db')).out).toContain('embedded')
  expect((await lakegate('version')).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
