/**
 * Trino under three users: its access control asks the gateway by the OPA plugin, signed in by its client certificate,
 * and its catalog is the gateway's, signed in as the engine.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates, startEncryptedGateway } from '../support/encrypted-gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { json, type Lake, openLake } from '../support/lake.ts'
import { isShapedAs, type OpaSample, readOpaSamples, recordOpaSamples } from '../support/opa-requests.ts'
import { newView } from '../support/wire.ts'
import { type Properties, startTrino, type Trino } from './trino-server.ts'

const users = ['alice', 'bob', 'carol'] as const
const ownerProperty = 'trino.run-as-owner'

const parts = new AsyncDisposableStack()
let lake: Lake
let trino: Trino

const catalogOf = (gateway: Gateway): Properties => ({
  ...{ 'connector.name': 'iceberg', 'iceberg.catalog.type': 'rest', 'fs.hadoop.enabled': 'true' },
  'iceberg.rest-catalog.uri': gateway.catalog,
  'iceberg.rest-catalog.warehouse': 'lake',
  'iceberg.rest-catalog.nested-namespace-enabled': 'true',
  'iceberg.rest-catalog.security': 'OAUTH2',
  'iceberg.rest-catalog.oauth2.credential': 'trino:secret-of-trino',
  'iceberg.rest-catalog.oauth2.server-uri': lake.replicas.provider.tokenEndpoint,
  'iceberg.rest-catalog.oauth2.scope': lake.replicas.provider.scope,
})

const openTrino = async (): Promise<Trino> => {
  const certificates = await makeCertificates(lake, 'trino')
  const engine = { name: 'trino', identities: ['oidc~trino'], 'owner-property': ownerProperty }
  const gateway = await startEncryptedGateway(lake, certificates, [
    { ...engine, catalogs: { iceberg: 'lake' }, certificates: ['cn:trino'] },
  ])
  parts.defer(() => gateway.discard())
  const folder = path.join(lake.here.folder, 'trino')
  await mkdir(folder)
  const shown = path.join(folder, 'trino.pem')
  await writeFile(shown, certificates.engine.certificate + certificates.engine.key)
  const { certificate: authority, files } = certificates.authority
  const accessControl = {
    'access-control.name': 'opa',
    'opa.policy.uri': `${gateway.origin}/opa/v1/data/trino/allow`,
    'opa.policy.batched-uri': `${gateway.origin}/opa/v1/data/trino/batch`,
    'opa.http-client.key-store-path': shown,
    'opa.http-client.trust-store-path': files.certificate,
  }
  return startTrino({ folder, authority, catalog: catalogOf(gateway), accessControl })
}

const pathOf = (kind: 'namespace' | 'table' | 'view', ...names: readonly string[]): Promise<string> =>
  kind === 'namespace'
    ? lake.pathOf({ kind, namespace: names })
    : lake.pathOf({ kind, namespace: names.slice(0, -1), name: names.at(-1) ?? '' })

beforeAll(async () => {
  lake = parts.use(
    await openLake([...users, 'trino'], {
      'trusted-engines': [{ name: 'trino', identities: ['oidc~trino'], 'owner-property': ownerProperty }],
    }),
  )
  await lake.grant(`warehouse/${lake.warehouse}`, 'ownership', 'trino')
  for (const name of ['sales', 'staff']) await lake.make('POST /namespaces', { namespace: [name] })
  await lake.grant(await pathOf('namespace', 'sales'), 'select', 'alice')
  await lake.grant(await pathOf('namespace', 'staff'), 'select', 'bob')
  for (const right of ['modify', 'create'])
    for (const name of ['sales', 'staff']) await lake.grant(await pathOf('namespace', name), right, 'carol')
  trino = parts.use(await openTrino())
  for (const statement of [
    'CREATE TABLE sales.orders (id bigint, what varchar)',
    "INSERT INTO sales.orders VALUES (1, 'apples'), (2, 'pears')",
    'CREATE TABLE sales.returns AS SELECT * FROM sales.orders WHERE id = 2',
    "CREATE TABLE staff.salaries AS SELECT 'much' AS what",
  ])
    expect(await trino.run('carol', statement), statement).not.toBeTypeOf('string')
}, 600_000)
afterAll(() => parts.disposeAsync())

/** The first column, sorted; or the words of a refusal. */
const column = async (user: string, sql: string): Promise<readonly unknown[] | string> => {
  const answer = await trino.run(user, sql)
  return typeof answer === 'string' ? answer : answer.map(([value]) => value).toSorted()
}

const denied = expect.stringMatching(/^PERMISSION_DENIED: Access Denied: /)
const done = expect.any(Array)

describe('three users of one Trino', () => {
  test('see three different catalogs', async () => {
    const seen = async (user: string) => ({
      schemas: await column(user, 'SHOW SCHEMAS'),
      sales: await column(user, 'SHOW TABLES FROM sales'),
      tables: await column(
        user,
        "SELECT table_name FROM information_schema.tables WHERE table_schema <> 'information_schema'",
      ),
      columns: await column(
        user,
        "SELECT DISTINCT table_schema FROM information_schema.columns WHERE table_schema <> 'information_schema'",
      ),
      listed: await column(user, "SELECT table_name FROM system.jdbc.tables WHERE table_schem = 'staff'"),
    })
    const information = 'information_schema'
    const sales = ['orders', 'returns']
    const staff = ['salaries']
    expect(await seen('alice')).toEqual({
      ...{ schemas: [information, 'sales'], sales, tables: sales, columns: ['sales'], listed: [] },
    })
    expect(await seen('bob')).toEqual({
      ...{ schemas: [information, 'staff'], sales: denied, tables: staff, columns: ['staff'], listed: staff },
    })
    expect(await seen('carol')).toEqual({
      ...{ schemas: [information, 'sales', 'staff'], sales, tables: [...sales, ...staff] },
      ...{ columns: ['sales', 'staff'], listed: staff },
    })
  })

  test('read what they have been granted, and are refused the rest', async () => {
    const orders = 'SELECT what FROM sales.orders'
    const salaries = 'SELECT what FROM staff.salaries'
    expect(await column('alice', orders)).toEqual(['apples', 'pears'])
    expect(await column('alice', salaries)).toEqual(denied)
    expect(await column('bob', orders)).toEqual(denied)
    expect(await column('bob', salaries)).toEqual(['much'])
    expect(await column('bob', 'SHOW COLUMNS FROM sales.orders')).toEqual(denied)
    expect(await column('bob', 'SHOW CREATE TABLE sales.orders')).toEqual(denied)
    expect(await column('bob', 'SELECT path FROM sales."orders$manifests"')).toEqual(denied)
    expect(await column('alice', 'SELECT operation FROM sales."orders$snapshots"')).toContain('append')
  })

  test('change what they may: one everything, the other nothing', async () => {
    const statements = [
      'CREATE TABLE sales.made (id bigint, what varchar)',
      "INSERT INTO sales.made VALUES (1, 'a'), (2, 'b')",
      "UPDATE sales.made SET what = 'c' WHERE id = 2",
      'DELETE FROM sales.made WHERE id = 1',
      "MERGE INTO sales.made m USING (VALUES (2, 'd'), (3, 'e')) n (id, what) ON m.id = n.id WHEN MATCHED THEN UPDATE SET what = n.what WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.what)",
      'ALTER TABLE sales.made ADD COLUMN more integer',
      'ALTER TABLE sales.made RENAME COLUMN more TO most',
      'ALTER TABLE sales.made ALTER COLUMN most SET DATA TYPE bigint',
      'ALTER TABLE sales.made DROP COLUMN most',
      "ALTER TABLE sales.made SET PROPERTIES partitioning = ARRAY['id']",
      "COMMENT ON TABLE sales.made IS 'made'",
      "COMMENT ON COLUMN sales.made.id IS 'number'",
      'ALTER TABLE sales.made EXECUTE optimize',
      "ALTER TABLE sales.made EXECUTE expire_snapshots(retention_threshold => '7d')",
      'ANALYZE sales.made',
      'ALTER TABLE sales.made RENAME TO sales.renamed',
      'ALTER TABLE sales.renamed RENAME TO sales.made',
      'TRUNCATE TABLE sales.made',
      'CREATE OR REPLACE TABLE sales.made AS SELECT 1 AS id',
      'CREATE SCHEMA "sales.eu"',
      'CREATE TABLE "sales.eu".made (id bigint)',
      'DROP TABLE "sales.eu".made',
      'DROP SCHEMA "sales.eu"',
      'DROP TABLE sales.made',
    ]
    const missing = expect.stringMatching(/_NOT_FOUND: |^GENERIC_USER_ERROR: .* does not exist/)
    for (const statement of statements) {
      const refused = await trino.run('alice', statement)
      expect(
        [denied, missing].some((one) => one.asymmetricMatch(refused)),
        `${statement}: ${JSON.stringify(refused)}`,
      ).toBe(true)
      expect(await trino.run('carol', statement), statement).toEqual(done)
    }
  })

  test('do what nobody may', async () => {
    for (const statement of [
      'ALTER TABLE sales.orders RENAME TO more.orders',
      'ALTER TABLE sales.orders SET AUTHORIZATION bob',
      'ALTER SCHEMA sales SET AUTHORIZATION bob',
      'ALTER SCHEMA sales RENAME TO sold',
      'CREATE SCHEMA more',
      'CREATE MATERIALIZED VIEW sales.kept AS SELECT 1 AS one',
      'CREATE FUNCTION iceberg.sales.f() RETURNS integer RETURN 1',
      'CREATE CATALOG other USING iceberg',
      'GRANT SELECT ON sales.orders TO bob',
      "CALL system.rollback_to_snapshot('sales', 'orders', 1)",
      "CALL system.runtime.kill_query('20260101_000000_00000_abcde', 'why')",
      'SELECT query FROM system.runtime.queries',
    ])
      expect(await trino.run('carol', statement), statement).toEqual(
        expect.stringMatching(/^PERMISSION_DENIED|_NOT_FOUND/),
      )
  })
})

describe('a view', () => {
  test('is read with the rights of whoever made it, as long as those last', async () => {
    expect(await trino.run('carol', 'CREATE VIEW sales.paid AS SELECT what FROM staff.salaries')).toEqual(
      done,
    )
    expect(await column('alice', 'SELECT what FROM sales.paid')).toEqual(['much'])
    expect(await column('alice', 'SELECT what FROM staff.salaries')).toEqual(denied)
    await lake.revoke(await pathOf('namespace', 'staff'), 'modify', 'carol')
    const read = () => column('alice', 'SELECT what FROM sales.paid')
    await expect.poll(read, { timeout: 30_000, interval: 500 }).not.toEqual(['much'])
    await lake.grant(await pathOf('namespace', 'staff'), 'modify', 'carol')
  })

  test('is renamed, told of and dropped by whoever may', async () => {
    for (const statement of [
      'CREATE VIEW sales.asked SECURITY INVOKER AS SELECT id FROM sales.orders',
      "COMMENT ON VIEW sales.asked IS 'asked'",
      'ALTER VIEW sales.asked RENAME TO sales.newer',
      'CREATE OR REPLACE VIEW sales.newer AS SELECT what FROM sales.orders',
      'DROP VIEW sales.newer',
    ]) {
      expect(await trino.run('alice', statement), statement).toEqual(expect.any(String))
      expect(await trino.run('carol', statement), statement).toEqual(done)
    }
  })

  test('has no definer that somebody else names past Trino', async () => {
    await lake.grant(await pathOf('namespace', 'sales'), 'create', 'alice')
    const view = { ...newView('spoofed'), properties: { [ownerProperty]: 'carol' } }
    const answer = await lake.ask('POST /namespaces/sales/views', { as: 'alice', body: view })
    expect(answer.status, answer.text).toBe(403)
    await lake.revoke(await pathOf('namespace', 'sales'), 'create', 'alice')
  })
})

describe('Trino shows nothing', () => {
  test('of the data of a table with a read restriction, nor of what its files tell', async () => {
    const id = await pathOf('table', 'sales', 'returns')
    await lake.make(`PUT /management/v1/${id}/read-restriction`, {
      'row-filter': { type: 'eq', term: 'id', value: 1 },
    })
    for (const name of ['returns', '"returns$files"', '"returns$partitions"'])
      for (const user of ['alice', 'carol'])
        expect(await column(user, `SELECT * FROM sales.${name}`), name).toEqual(denied)
    expect(await column('alice', 'SHOW COLUMNS FROM sales.returns')).toEqual(['id', 'what'])
  })

  test('to users whom nobody knows', async () => {
    for (const user of ['mallory', 'trino', 'ALICE'])
      expect(await trino.run(user, 'SELECT 1'), user).toEqual(denied)
  })

  test('any more to whom a right was taken from', async () => {
    await lake.revoke(await pathOf('namespace', 'sales'), 'select', 'alice')
    const read = () => column('alice', 'SELECT what FROM sales.orders')
    await expect.poll(read, { timeout: 30_000, interval: 500 }).toEqual(denied)
    expect(await column('alice', 'SHOW SCHEMAS')).toEqual(denied)
  })

  test('without a record of it: who asked, and through which engine', async () => {
    const denials = async (principal: string) =>
      json<{ entries: readonly object[] }>(
        await lake.ask(
          `GET /management/v1/server/audit?principal=${principal}&operation=decideForEngine&decision=denied&pageSize=100`,
        ),
      ).entries
    const through = { engine: { name: 'trino', id: 'oidc~trino' } }
    await expect
      .poll(() => denials('oidc~bob'), { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ detail: expect.objectContaining(through) }))
    await expect
      .poll(() => denials('oidc~trino'), { timeout: 20_000 })
      .toContainEqual(
        expect.objectContaining({
          detail: expect.objectContaining({ reason: expect.stringContaining('act for: "mallory"') }),
        }),
      )
  })
})

describe('the requests of the plugin', () => {
  test('are those that the gateway is tested with', async () => {
    await trino.run('carol', "SET SESSION query_max_run_time = '1h'")
    await trino.run('carol', "SET SESSION iceberg.compression_codec = 'ZSTD'")
    for (const statement of [
      'SHOW CATALOGS',
      'SHOW FUNCTIONS FROM sales',
      'SHOW CREATE SCHEMA sales',
      "SELECT * FROM TABLE(system.table_changes('sales', 'orders', 1, 2))",
      'DROP CATALOG iceberg',
    ])
      await trino.run('carol', statement)
    await trino.look('alice')
    const asked: readonly OpaSample[] = trino.asked().map(({ uri, body: { input } }) => ({
      ...{ path: uri.endsWith('/batch') ? 'batch' : 'allow', context: input.context, action: input.action },
    }))
    if (process.env['LAKEGATE_RECORD'] !== undefined) await recordOpaSamples(asked)
    const known = await readOpaSamples()
    const unknown = asked.filter((one) => !known.some((other) => isShapedAs(one, other)))
    expect(unknown.map((one) => JSON.stringify(one)).slice(0, 5)).toEqual([])
  })
})
