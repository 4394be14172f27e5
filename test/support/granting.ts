/** A real gateway with one warehouse in project `east`, made by `eve`: a table, a view, a role, a connection to grant on. */
import { expect } from 'vitest'
import { type Ask, eve, openTenants, type Reply } from './tenants.ts'
import { newTable, newView } from './wire.ts'

export interface Assignment {
  readonly type: string
  readonly user?: string
  readonly role?: string
  readonly 'expires-at'?: string
}

const made = (reply: Reply): Reply => {
  expect(reply.status, reply.text).toBeLessThan(300)
  return reply
}

export const openGranting = async () => {
  await using parts = new AsyncDisposableStack()
  const tenants = parts.use(await openTenants())
  const { call, gateway } = tenants
  const create = async (line: string, body: object): Promise<Reply['body']> =>
    made(await call(line, { ...eve, body })).body
  const warehouse = String(
    (
      await create('POST /warehouse', {
        'warehouse-name': 'lake',
        'storage-profile': { type: 'file', location: `file://${gateway.folder}/lake` },
      })
    )['id'],
  )
  const catalog = `/catalog/v1/${warehouse}`
  await create(`POST ${catalog}/namespaces`, { namespace: ['sales'] })
  await create(`POST ${catalog}/namespaces/sales/tables`, newTable('orders'))
  await create(`POST ${catalog}/namespaces/sales/views`, newView('recent'))
  const idOf = async (body: object): Promise<string> =>
    String((await create(`POST /warehouse/${warehouse}/objects`, body))['id'])
  const namespace = await idOf({ kind: 'namespace', namespace: ['sales'] })
  const table = await idOf({ kind: 'table', namespace: ['sales'], name: 'orders' })
  const view = await idOf({ kind: 'view', namespace: ['sales'], name: 'recent' })
  const role = await tenants.makeRole({ name: 'readers' })
  const { 'connection-id': connection } = await create('POST /connection', {
    'connection-name': 'far',
    kind: 'iceberg-rest',
    config: { uri: 'http://127.0.0.1:9/x' },
  })
  const paths: Readonly<Record<string, string>> = {
    warehouse: `warehouse/${warehouse}`,
    namespace: `namespace/${namespace}`,
    table: `warehouse/${warehouse}/table/${table}`,
    view: `warehouse/${warehouse}/view/${view}`,
    role: `role/${role}`,
    connection: `connection/${String(connection)}`,
  }
  const change = (path: string, body: object, ask: Ask): Promise<Reply> =>
    call(`POST /permissions/${path}/assignments`, { ...ask, body })
  const opened = parts.move()
  return {
    token: tenants.token,
    ...{ call, gateway, makeRole: tenants.makeRole, put: tenants.put },
    ...{ warehouse, catalog, namespace, table, view, role, paths },
    warehousePath: paths['warehouse'] ?? '',
    namespacePath: paths['namespace'] ?? '',
    tablePath: paths['table'] ?? '',
    create,
    give: (path: string, writes: readonly object[], ask: Ask = eve) => change(path, { writes }, ask),
    take: (path: string, deletes: readonly object[], ask: Ask = eve) => change(path, { deletes }, ask),
    shown: async (path: string, ask: Ask = eve): Promise<readonly Assignment[]> =>
      made(await call(`GET /permissions/${path}/assignments`, ask)).body['assignments'] as Assignment[],
    load: (ask: Ask) => call(`GET ${catalog}/namespaces/sales/tables/orders`, ask),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export type Granting = Awaited<ReturnType<typeof openGranting>>
