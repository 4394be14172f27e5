/** What may be asked about grants: checks one by one and a thousand at once, holdings, reach, and open emergencies. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, typeOf } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
  await granting.give(granting.tablePath, to('bob', 'select'))
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const as = (name: string): Ask => ({ as: name, project: 'east' })
const to = (name: string, ...types: readonly string[]) =>
  types.map((type) => ({ type, user: `oidc~${name}` }))
const check = (body: object, ask: Ask) => call('POST /permissions/check', { ...ask, body })
const batch = (body: object, ask: Ask) => call('POST /action/batch-check', { ...ask, body })
const orders = (action: unknown, more: object = {}) => ({
  table: { action, 'warehouse-id': granting.warehouse, namespace: ['sales'], table: 'orders', ...more },
})
const byId = (action: unknown) => ({
  table: { action, 'warehouse-id': granting.warehouse, 'table-id': granting.table },
})

describe('a check', () => {
  test.each([
    ['read_data', true],
    ['get_metadata', true],
    ['write_data', false],
    ['drop', false],
    ['read_assignments', false],
    ['grant_select', false],
  ])('of %s by the name or the id is answered for oneself', async (action, allowed) => {
    for (const operation of [orders(action), byId(action)]) {
      const { status, body, text } = await check({ operation }, as('bob'))
      expect(status, text).toBe(200)
      expect(body).toEqual({ allowed })
    }
  })

  test('is answered for others to who may see the grants', async () => {
    const identity = { user: 'oidc~bob' }
    expect((await check({ identity, operation: orders('read_data') }, eve)).body).toEqual({ allowed: true })
    expect((await check({ identity, operation: orders('drop') }, eve)).body).toEqual({ allowed: false })
    const owner = { identity: { user: 'oidc~eve' }, operation: orders('read_data') }
    expect((await check(owner, as('bob'))).status).toBe(403)
    expect((await check({ identity, operation: orders('read_data') }, as('bob'))).status).toBe(200)
  })

  test('of a role counts what the role has, and nothing else', async () => {
    const role = await granting.makeRole()
    const asked = { identity: { role }, operation: orders('read_data') }
    expect((await check(asked, eve)).body).toEqual({ allowed: false })
    await granting.give(granting.tablePath, [{ type: 'select', role }])
    expect((await check(asked, eve)).body).toEqual({ allowed: true })
  })

  test('of what is not there, and of what one does not see, is answered alike', async () => {
    const none = { table: { ...orders('drop').table, table: 'none' } }
    const unseen = {
      view: { action: 'drop', 'warehouse-id': granting.warehouse, namespace: ['sales'], view: 'recent' },
    }
    expect(typeOf(await check({ operation: none }, as('bob')))).toEqual([404, 'NotFoundException'])
    expect(typeOf(await check({ operation: unseen }, as('bob')))).toEqual([404, 'NotFoundException'])
    const both = { checks: [{ operation: none }, { operation: unseen }] }
    const results = [
      { id: '0', allowed: false },
      { id: '1', allowed: false },
    ]
    expect((await batch(both, as('bob'))).body).toEqual({ results })
    expect((await batch({ ...both, 'error-on-not-found': true }, as('bob'))).status).toBe(404)
  })

  test.each([
    ['an action that nobody knows', () => orders('fly')],
    ['no object', () => ({})],
    ['two objects', () => ({ ...orders('drop'), server: { action: 'create_project' } })],
    ['control characters in a name', () => orders('drop', { table: 'a\u001fb' }), 404],
    ['an empty namespace', () => orders('drop', { namespace: [] }), 404],
    ['an id that is none', () => ({ table: { action: 'drop', 'warehouse-id': 'x', 'table-id': 'y' } }), 404],
  ])('is refused with %s', async (_, operation, status = 400) => {
    expect((await check({ operation: operation() }, eve)).status).toBe(status)
  })

  test('is one of a thousand in one call, and not of more', async () => {
    const kinds = [
      (i: number) => ({
        id: `n${i}`,
        operation: orders({ action: 'read_data', update_kinds: ['add-schema'] }),
      }),
      (i: number) => ({ id: `i${i}`, operation: byId({ action: 'write_data' }) }),
      (i: number) => ({ id: `m${i}`, operation: orders({ action: 'read_data' }, { table: `none${i}` }) }),
    ]
    const checks = Array.from({ length: 1_000 }, (_, i) => ({
      identity: { user: 'oidc~bob' },
      ...kinds[i % 3]?.(i),
    }))
    const { status, body, text } = await batch({ checks }, eve)
    expect(status, text.slice(0, 500)).toBe(200)
    const results = body['results'] as { id: string; allowed: boolean }[]
    expect(results).toHaveLength(1_000)
    for (const { id, allowed } of results) expect(allowed, id).toBe(id.startsWith('n'))
    const more = { checks: [...checks, checks[0]] }
    expect((await batch(more, eve)).status).toBe(400)
  })
})

describe('actions', () => {
  test('are told of each kind of object, in Lakekeeper’s words', async () => {
    const { warehouse, namespace, table, view, role } = granting
    const words = async (path: string, ask: Ask) => {
      const { status, body, text } = await call(`GET /${path}/actions`, ask)
      expect(status, `${path} ${text}`).toBe(200)
      return (body['allowed-actions'] as { action: string }[]).map(({ action }) => action)
    }
    expect(await words(`warehouse/${warehouse}/table/${table}`, as('bob'))).toEqual(
      expect.arrayContaining(['get_metadata', 'read_data', 'include_in_list']),
    )
    expect(await words(`warehouse/${warehouse}/table/${table}`, as('bob'))).not.toContain('drop')
    expect(await words(`warehouse/${warehouse}/table/${table}`, eve)).toContain('drop')
    expect(await words(`warehouse/${warehouse}/view/${view}`, eve)).toContain('select')
    expect(await words(`warehouse/${warehouse}/namespace/${namespace}`, eve)).toContain('create_table')
    expect(await words(`warehouse/${warehouse}`, eve)).toContain('create_namespace')
    expect(await words('project', eve)).toContain('create_role')
    expect(await words(`role/${role}`, eve)).toContain('manage_role_assignments')
    expect(await words('server', { as: 'admin' })).toContain('create_project')
    expect(await words('server', as('bob'))).toEqual([])
    expect(await words('user/oidc~bob', as('bob'))).toContain('read')
    const hidden = await call(`GET /warehouse/${warehouse}/view/${view}/actions`, as('bob'))
    expect(hidden.status).toBe(404)
    const others = `GET /warehouse/${warehouse}/table/${table}/actions?principalUser=oidc~eve`
    expect((await call(others, as('bob'))).status).toBe(403)
  })
})

describe('listings', () => {
  test('tell the ids of what they show, where they are asked', async () => {
    const { catalog, namespace, table, view } = granting
    const listed = async (path: string) => (await call(`GET ${catalog}/${path}?returnUuids=true`, eve)).body
    expect(await listed('namespaces')).toMatchObject({
      namespaces: [['sales']],
      'namespace-uuids': [namespace],
    })
    expect(await listed('namespaces/sales/tables')).toMatchObject({ 'table-uuids': [table] })
    expect(await listed('namespaces/sales/views')).toMatchObject({ 'table-uuids': [view] })
    const quiet = await call(`GET ${catalog}/namespaces/sales/tables`, eve)
    expect(quiet.body).not.toHaveProperty('table-uuids')
  })

  test('tell ids that grants are addressed by, also of what nobody has looked up before', async () => {
    await granting.create(`POST ${granting.catalog}/namespaces`, { namespace: ['sales', 'deep'] })
    const { body } = await call(`GET ${granting.catalog}/namespaces?parent=sales&returnUuids=true`, eve)
    const [id] = body['namespace-uuids'] as string[]
    expect((await granting.give(`namespace/${id}`, to('bob', 'describe'))).status).toBe(204)
  })
})

describe('holdings', () => {
  const holdings = async (query: string, ask: Ask) => {
    const { status, body, text } = await call(`GET /permissions/holdings${query}`, ask)
    expect(status, text).toBe(200)
    return body as { holdings: Record<string, unknown>[]; 'next-page-token': string | null }
  }

  test('are all that somebody has, by himself and by roles, under the names of today', async () => {
    const role = await granting.makeRole()
    await granting.give(`role/${role}`, to('ann', 'assignee'))
    await granting.give(granting.namespacePath, [{ type: 'modify', role }])
    await granting.give(granting.tablePath, to('ann', 'describe'))
    const { holdings: held } = await holdings('?principalUser=oidc~ann', eve)
    expect(held).toEqual(
      expect.arrayContaining([
        {
          type: 'describe',
          object: {
            ...{ type: 'table', id: granting.table, 'warehouse-id': granting.warehouse },
            ...{ namespace: ['sales'], name: 'orders' },
          },
        },
        {
          ...{ type: 'modify', role },
          object: {
            ...{ type: 'namespace', id: granting.namespace, 'warehouse-id': granting.warehouse },
            namespace: ['sales'],
          },
        },
      ]),
    )
    expect((await holdings('', as('ann'))).holdings).toEqual(held)
    expect((await holdings(`?principalRole=${role}`, eve)).holdings).toHaveLength(1)
    expect((await call('GET /permissions/holdings?principalUser=oidc~ann', as('bob'))).status).toBe(403)
  })

  test('come in pages that lose and repeat nothing', async () => {
    const relations = ['append', 'overwrite', 'change_refs', 'change_schema', 'set_properties']
    await granting.give(granting.tablePath, to('max', ...relations))
    const seen: unknown[] = []
    let token = ''
    do {
      const page = await holdings(
        `?principalUser=oidc~max&pageSize=2&pageToken=${encodeURIComponent(token)}`,
        eve,
      )
      expect(page.holdings.length).toBeLessThanOrEqual(2)
      seen.push(...page.holdings.map(({ type }) => type))
      token = page['next-page-token'] ?? ''
    } while (token !== '')
    expect(seen.toSorted()).toEqual(relations.toSorted())
  })
})

describe('reach', () => {
  const reach = async (query = '') => {
    const { status, body, text } = await call(`GET /permissions/${granting.tablePath}/reach${query}`, eve)
    expect(status, text).toBe(200)
    return body['reach'] as { user: string; type: string; by: string; role?: string }[]
  }

  test('is everybody who can come to a table, and by what', async () => {
    const role = await granting.makeRole()
    await granting.give(`role/${role}`, to('cleo', 'assignee'))
    await granting.give(granting.tablePath, [{ type: 'describe', role }])
    const all = await reach()
    expect(all).toContainEqual(expect.objectContaining({ user: 'oidc~bob', type: 'select', by: 'direct' }))
    expect(all).toContainEqual(
      expect.objectContaining({ user: 'oidc~cleo', type: 'describe', by: 'role', role }),
    )
    expect(all).toContainEqual(expect.objectContaining({ user: 'oidc~eve', type: 'member', by: 'parent' }))
    expect(all.some(({ user }) => user === 'oidc~wes')).toBe(false)
    const readers = new Set((await reach('?action=read')).map(({ user }) => user))
    expect(readers.has('oidc~bob')).toBe(true)
    expect(readers.has('oidc~cleo')).toBe(false)
    expect(readers.has('oidc~admin')).toBe(false)
  })

  test('is for who may see the grants', async () => {
    expect((await call(`GET /permissions/${granting.tablePath}/reach`, as('bob'))).status).toBe(403)
  })
})

describe('access in an emergency', () => {
  const wanted = () => ({
    ...{ 'object-type': 'table', 'object-id': granting.table, relation: 'select' },
    ...{ reason: 'orders are stuck since midnight', 'duration-seconds': 60 },
  })
  const open = (more: object, ask: Ask) =>
    call('POST /break-glass', { ...ask, body: { ...wanted(), ...more } })
  const admin = as('admin')

  test('is opened for a while by who administers, listed, told of and ended', async () => {
    expect((await granting.load(admin)).status).toBe(403)
    const { status, body, text } = await open({}, admin)
    expect(status, text).toBe(201)
    expect(body).toMatchObject({ user: 'oidc~admin', relation: 'select', reason: wanted().reason })
    expect((await granting.load(admin)).status).toBe(200)
    const listed = await call('GET /break-glass', eve)
    expect(listed.body['break-glass']).toEqual([body])
    expect(granting.gateway.output()).toContain('break-glass.opened')
    expect((await open({}, admin)).status).toBe(201)
    expect((await call(`DELETE /break-glass/${body['id']}`, eve)).status).toBe(204)
    expect((await granting.load(admin)).status).toBe(403)
    expect((await call('GET /break-glass', eve)).body['break-glass']).toEqual([])
    expect((await call(`DELETE /break-glass/${body['id']}`, eve)).status).toBe(404)
  })

  test.each([
    ['no reason', { reason: '' }],
    ['a reason of blanks', { reason: ' '.repeat(20) }],
    ['a day', { 'duration-seconds': 86_400 }],
    ['no time', { 'duration-seconds': 0 }],
    ['a relation that is none', { relation: 'everything' }],
  ])('is not opened for %s', async (_, more) => {
    expect((await open(more, admin)).status).toBe(400)
  })

  test('is not opened by others, nor over what is held for good', async () => {
    expect((await open({}, as('bob'))).status).toBeGreaterThanOrEqual(403)
    await granting.give(granting.tablePath, to('admin', 'select'), admin)
    expect((await open({}, admin)).status).toBe(409)
    await granting.take(granting.tablePath, to('admin', 'select'), admin)
  })
})
