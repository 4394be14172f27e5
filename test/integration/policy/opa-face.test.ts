/** What Trino's access control asks, in the form in which its plugin writes it, under three users. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'
import { readOpaSamples } from '../../support/opa-requests.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob', 'carol', 'trino'], {
    'trusted-engines': [{ name: 'trino', identities: ['oidc~trino'], catalogs: { iceberg: 'lake' } }],
  })
  for (const namespace of [['sales'], ['sales', 'eu'], ['staff']])
    await lake.make('POST /namespaces', { namespace })
  await lake.makeTable(['sales'], 'orders')
  await lake.makeTable(['sales', 'eu'], 'orders')
  await lake.makeTable(['staff'], 'salaries')
  await makeView('recent')
  await lake.grant(await pathOf('sales'), 'select', 'alice')
  await lake.grant(await pathOf('sales'), 'modify', 'carol')
  await lake.grant(await pathOf('staff'), 'append', 'carol')
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const makeView = (name: string) =>
  lake.make('POST /namespaces/sales/views', {
    name,
    schema: { type: 'struct', 'schema-id': 0, fields: [] },
    'view-version': {
      ...{ 'version-id': 1, 'timestamp-ms': 1, 'schema-id': 0, summary: {}, 'default-namespace': ['sales'] },
      representations: [{ type: 'sql', sql: 'select * from orders', dialect: 'trino' }],
    },
    properties: {},
  })

/** A table of its own, of which one person has one right. */
const makeGranted = async (name: string, right: string, who: string) => {
  await lake.makeTable(['sales'], name)
  const id = await lake.pathOf({ kind: 'table', namespace: ['sales'], name })
  await lake.grant(id, right, who)
  return { id }
}

const pathOf = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })

type Action = Readonly<Record<string, unknown>>

/** As the plugin writes it: with what we pass over. Newer ones name the query, too. */
const query = (user: string, action: Action) => ({
  input: {
    context: {
      identity: { user, groups: ['admins'] },
      softwareStack: { trinoVersion: '476' },
      queryId: '20260101_000000_00000_abcde',
    },
    action,
  },
})

const post = async (path: string, body: unknown, as = 'trino') => {
  const token = await lake.replicas.provider.token(as)
  const answer = await fetch(`${lake.here.origin}/opa/v1/data/trino/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.status, text: await answer.text(), id: answer.headers.get('x-request-id') }
}

const allows = async (user: string, action: Action): Promise<boolean> => {
  const answer = await post('allow', query(user, action))
  expect(answer.status, answer.text).toBe(200)
  return json<{ result: boolean }>(answer).result
}

const filters = async (user: string, action: Action): Promise<readonly number[]> => {
  const answer = await post('batch', query(user, action))
  expect(answer.status, answer.text).toBe(200)
  return json<{ result: number[] }>(answer).result
}

const recordOf = async (id: string | null): Promise<readonly object[]> =>
  json<{ entries: readonly object[] }>(await lake.ask(`GET /management/v1/server/audit?requestId=${id}`))
    .entries

const table = (schemaName: string, tableName: string, more: object = {}) => ({
  table: { catalogName: 'iceberg', schemaName, tableName, ...more },
})
const schema = (schemaName: string, catalogName = 'iceberg') => ({ schema: { catalogName, schemaName } })
const on = (operation: string, resource: object, more: object = {}): Action => ({
  ...{ operation, resource },
  ...more,
})

describe('three users of one Trino', () => {
  test('see three different catalogs', async () => {
    const schemas = ['sales', 'sales.eu', 'staff', 'missing'].map((name) => schema(name))
    const tables = [
      table('sales', 'orders'),
      table('sales', 'recent'),
      table('sales.eu', 'orders'),
      table('staff', 'salaries'),
    ]
    const seen = async (user: string) => ({
      catalog: await allows(user, on('AccessCatalog', { catalog: { name: 'iceberg' } })),
      schemas: await filters(user, { operation: 'FilterSchemas', filterResources: schemas }),
      tables: await filters(user, { operation: 'FilterTables', filterResources: tables }),
    })
    expect(await seen('alice')).toEqual({ catalog: true, schemas: [0, 1], tables: [0, 1, 2] })
    expect(await seen('bob')).toEqual({ catalog: false, schemas: [], tables: [] })
    expect(await seen('carol')).toEqual({ catalog: true, schemas: [0, 1, 2], tables: [0, 1, 2, 3] })
  })

  test.each([
    ['SelectFromColumns', table('sales', 'orders', { columns: ['id'] }), 'alice carol'],
    ['SelectFromColumns', table('sales', 'recent', { columns: ['id'] }), 'alice carol'],
    ['SelectFromColumns', table('staff', 'salaries', { columns: ['id'] }), ''],
    ['ShowColumns', table('staff', 'salaries'), 'carol'],
    ['InsertIntoTable', table('sales', 'orders'), 'carol'],
    ['InsertIntoTable', table('staff', 'salaries'), 'carol'],
    ['InsertIntoTable', table('sales', 'recent'), ''],
    ['DeleteFromTable', table('staff', 'salaries'), ''],
    ['TruncateTable', table('sales', 'orders'), 'carol'],
    ['UpdateTableColumns', table('sales', 'orders', { columns: ['id'] }), 'carol'],
    ['AddColumn', table('sales', 'orders'), 'carol'],
    ['DropTable', table('sales', 'orders'), 'carol'],
    ['DropTable', table('staff', 'salaries'), ''],
    ['DropView', table('sales', 'recent'), 'carol'],
    ['SetTableProperties', table('sales', 'orders', { properties: { format_version: 3 } }), 'carol'],
    ['SetTableProperties', table('staff', 'salaries', { properties: { partitioning: ['id'] } }), ''],
    ['ShowTables', schema('sales'), 'alice carol'],
    ['ShowTables', schema('staff'), 'carol'],
    ['DropSchema', schema('sales'), 'carol'],
    ['CreateSchema', schema('new'), ''],
    ['ShowSchemas', { catalog: { name: 'iceberg' } }, 'alice carol'],
    ['AccessCatalog', { catalog: { name: 'other' } }, ''],
    ['AccessCatalog', { catalog: { name: 'system' } }, 'alice bob carol'],
    [
      'SelectFromColumns',
      { table: { catalogName: 'system', schemaName: 'jdbc', tableName: 'tables' } },
      'alice bob carol',
    ],
    [
      'SelectFromColumns',
      { table: { catalogName: 'system', schemaName: 'runtime', tableName: 'nodes' } },
      '',
    ],
    ['SelectFromColumns', table('information_schema', 'tables'), 'alice carol'],
    ['InsertIntoTable', table('information_schema', 'tables'), ''],
  ])('%s of %j: %s', async (operation, resource, who) => {
    const allowed = []
    for (const user of ['alice', 'bob', 'carol'])
      if (await allows(user, on(operation, resource))) allowed.push(user)
    expect(allowed.join(' ')).toBe(who)
  })

  test('read columns of what they see, one table at a time', async () => {
    const columns = {
      operation: 'FilterColumns',
      filterResources: [table('sales', 'orders', { columns: ['a', 'b'] })],
    }
    expect(await filters('alice', columns)).toEqual([0, 1])
    expect(await filters('bob', columns)).toEqual([])
  })

  test('read tables of metadata with the right to their table, and its data by no other name', async () => {
    const { id } = await makeGranted('measured', 'select', 'bob')
    const files = on('SelectFromColumns', table('sales', 'measured$files', { columns: ['lower_bounds'] }))
    expect(await allows('bob', files)).toBe(true)
    expect(await allows('alice', files)).toBe(true)
    await lake.make(`PUT /management/v1/${id}/read-restriction`, {
      'row-filter': { type: 'eq', term: 'id', value: 1 },
    })
    for (const name of ['measured', 'measured$files', 'measured$partitions$x', 'MEASURED', 'Measured$files'])
      expect(
        await allows('alice', on('SelectFromColumns', table('sales', name, { columns: [] }))),
        name,
      ).toBe(false)
  })

  test.each(['counted$all', 'counted$files'])('read the view %s with no right to a table', async (name) => {
    const part = table('sales', name, { columns: ['id'] })
    const asked = ['SelectFromColumns', 'ShowColumns', 'CreateViewWithSelectFromColumns']
    if (name.endsWith('$all')) await makeGranted('counted', 'select', 'bob')
    await makeView(name)
    for (const operation of asked) expect(await allows('bob', on(operation, part)), operation).toBe(false)
    expect(await filters('bob', { operation: 'FilterColumns', filterResources: [part] })).toEqual([])
    const counted = table('sales', 'counted$snapshots', { columns: ['id'] })
    for (const operation of asked) expect(await allows('bob', on(operation, counted)), operation).toBe(true)
    expect(await filters('bob', { operation: 'FilterColumns', filterResources: [counted] })).toEqual([0])
    await lake.grant(await lake.pathOf({ kind: 'view', namespace: ['sales'], name }), 'select', 'bob')
    for (const operation of asked) expect(await allows('bob', on(operation, part)), operation).toBe(true)
    expect(await filters('bob', { operation: 'FilterColumns', filterResources: [part] })).toEqual([0])
  })

  test('execute procedures, whose names are written in capitals, with the right that each needs', async () => {
    await makeGranted('kept', 'overwrite', 'bob')
    const execute = (name: string) =>
      on('ExecuteTableProcedure', { ...table('sales', 'kept'), function: { functionName: name } })
    expect(await allows('bob', execute('OPTIMIZE'))).toBe(true)
    expect(await allows('bob', execute('EXPIRE_SNAPSHOTS'))).toBe(false)
    expect(await allows('bob', execute('REMOVE_ORPHAN_FILES'))).toBe(false)
    expect(await allows('carol', execute('REMOVE_ORPHAN_FILES'))).toBe(true)
  })

  test('list twenty thousand tables in one request', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => table('sales', `somewhat_longer_table_name_${i}`))
    const filterResources = [...many, table('sales', 'orders'), table('staff', 'salaries')]
    const seen = await filters('carol', { operation: 'FilterTables', filterResources })
    expect(seen.slice(-2)).toEqual([20_000, 20_001])
    expect(await filters('bob', { operation: 'FilterTables', filterResources })).toEqual([])
  })

  test('rename only into what they may fill', async () => {
    const target = { targetResource: table('staff', 'orders') }
    expect(await allows('carol', on('RenameTable', table('sales', 'orders'), target))).toBe(false)
    const near = { targetResource: table('sales.eu', 'orders2') }
    expect(await allows('carol', on('RenameTable', table('sales', 'orders'), near))).toBe(false)
    await lake.grant(await pathOf('sales'), 'create', 'carol')
    expect(await allows('carol', on('RenameTable', table('sales', 'orders'), near))).toBe(true)
    expect(await allows('carol', on('RenameTable', table('sales', 'orders')))).toBe(false)
  })

  test('create what is not there, and replace only what they may change', async () => {
    await lake.grant(await pathOf('sales'), 'create', 'alice')
    expect(await allows('alice', on('CreateTable', table('sales', 'new', { properties: {} })))).toBe(true)
    expect(await allows('alice', on('CreateView', table('sales', 'recent')))).toBe(false)
    expect(await allows('carol', on('CreateView', table('sales', 'recent')))).toBe(true)
  })

  test('are themselves and nobody else', async () => {
    const other = { user: { user: 'carol', groups: [] } }
    for (const operation of ['ImpersonateUser', 'ViewQueryOwnedBy', 'KillQueryOwnedBy']) {
      expect(await allows('alice', on(operation, other))).toBe(false)
      expect(await allows('carol', on(operation, other))).toBe(true)
    }
    expect(
      await filters('alice', {
        operation: 'FilterViewQueryOwnedBy',
        filterResources: [other, { user: { user: 'alice', groups: [] } }],
      }),
    ).toEqual([1])
  })

  test('may do nothing that is not known, or not said in whole', async () => {
    for (const operation of [
      ...['ReadSystemInformation', 'WriteSystemInformation', 'CreateCatalog', 'DropCatalog', 'RenameSchema'],
      ...['SetTableAuthorization', 'ExecuteProcedure', 'CreateFunction', 'SomethingNew', 'toString', ''],
    ])
      expect(await allows('carol', on(operation, { ...table('sales', 'orders'), ...schema('sales') }))).toBe(
        false,
      )
    expect(await allows('carol', { operation: 'SelectFromColumns' })).toBe(false)
    expect(await allows('carol', { operation: 'ExecuteQuery' })).toBe(true)
    expect(
      await filters('carol', { operation: 'SelectFromColumns', filterResources: [table('sales', 'orders')] }),
    ).toEqual([])
  })

  test('are not shown the data of a table that nobody is shown whole', async () => {
    await lake.makeTable(['sales'], 'partly')
    const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'partly' })
    const select = on('SelectFromColumns', table('sales', 'partly', { columns: ['id'] }))
    expect(await allows('alice', select)).toBe(true)
    await lake.make(`PUT /management/v1/${path}/read-restriction`, {
      'row-filter': { type: 'eq', term: 'id', value: 1 },
    })
    expect(await allows('alice', select)).toBe(false)
    expect(await allows('alice', on('ShowColumns', table('sales', 'partly')))).toBe(true)
  })

  test('are on record, denials too, with the engine that asked', async () => {
    const { id } = await post('allow', query('bob', on('SelectFromColumns', table('sales', 'orders'))))
    await expect
      .poll(() => recordOf(id), { timeout: 20_000 })
      .toMatchObject([
        {
          ...{ principal: 'oidc~bob', decision: 'denied', operation: 'decideForEngine' },
          detail: {
            engine: { name: 'trino', id: 'oidc~trino' },
            needs: [{ action: 'read', resource: { kind: 'table', name: 'orders' } }],
          },
        },
      ])
  })
})

describe('nobody is told', () => {
  const action = on('SelectFromColumns', table('sales', 'orders'))

  test('who is no trusted engine, or no one at all', async () => {
    expect((await post('allow', query('alice', action), 'alice')).status).toBe(403)
    expect((await post('batch', query('alice', action), 'alice')).status).toBe(403)
    const anonymous = await fetch(`${lake.here.origin}/opa/v1/data/trino/allow`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(query('alice', action)),
    })
    expect(anonymous.status).toBe(401)
  })

  test('of users whom nobody knows, or who have been turned away: all is denied', async () => {
    const asking = { operation: 'ExecuteQuery' }
    const listing = { operation: 'FilterCatalogs', filterResources: [{ catalog: { name: 'system' } }] }
    for (const user of ['mallory', 'ALICE', 'trino', '', 'аlice', 'alice\u0000', 'x'.repeat(300)]) {
      expect(await allows(user, asking)).toBe(false)
      expect(await filters(user, listing)).toEqual([])
    }
    const { id } = await post('allow', query('mallory\n', asking))
    await expect
      .poll(() => recordOf(id), { timeout: 20_000 })
      .toMatchObject([
        {
          ...{ principal: 'oidc~trino', decision: 'denied' },
          detail: { reason: 'not a user whom an engine may act for: "mallory\\n"' },
        },
      ])
    expect(await allows('bob', asking)).toBe(true)
    await lake.make('POST /management/v1/user/oidc~bob/deactivate')
    expect(await allows('bob', asking)).toBe(false)
  })

  test('by a request that is malformed', async () => {
    for (const body of ['', '{', '[]', '{}', '{"input":{}}', '{"input":{"context":{},"action":{}}}'])
      expect((await post('allow', body)).status).toBe(400)
    const twice = JSON.stringify(query('alice', action)).replace(
      '"user":"alice"',
      '"user":"bob","user":"alice"',
    )
    expect((await post('allow', twice)).status).toBe(400)
  })
})

describe('every request that the plugin writes, as recorded and as read in its source', async () => {
  const { input } = query('alice', {})
  test.each(await readOpaSamples())('$path $action.operation', async ({ path, context, action }) => {
    const asked = { ...input.context, ...context, identity: input.context.identity }
    const answer = await post(path, { input: { context: asked, action } })
    expect(answer.status, answer.text).toBe(200)
  })
})
