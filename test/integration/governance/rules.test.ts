/** Rules over the wire: the shipped set from the first start, sets that are refused, and what tags do by them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, typeOf } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const admin: Ask = { as: 'admin' }
const bob: Ask = { as: 'bob', project: 'east' }
const load = (ask: Ask) => granting.load(ask)

const define = async (name: string, more: object = {}): Promise<void> => {
  const body = { name, 'value-kind': 'marker', scope: ['warehouse', 'namespace', 'table', 'view'], ...more }
  const { status, text } = await call('POST /tag-definition', { ...eve, body })
  expect(status, text).toBe(201)
}

const tagPath = (kind: 'warehouse' | 'namespace' | 'table', name: string): string => {
  const { warehouse, namespace, table } = granting
  const object = kind === 'warehouse' ? '' : `/${kind}/${kind === 'table' ? table : namespace}`
  return `/warehouse/${warehouse}${object}/tags/${name}`
}
const tag = (kind: 'warehouse' | 'namespace' | 'table', name: string, ask: Partial<Ask> = {}) =>
  call(`PUT ${tagPath(kind, name)}`, { ...eve, body: {}, ...ask })
const untag = (kind: 'warehouse' | 'namespace' | 'table', name: string, ask: Ask = eve) =>
  call(`DELETE ${tagPath(kind, name)}`, ask)

const commit = (ask: Ask) =>
  call(`POST ${granting.catalog}/namespaces/sales/tables/orders`, {
    ...ask,
    body: { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] },
  })

const open = '@id("open")\npermit (principal, action, resource);\n'
const table = (rule: string, does: string, more = '') =>
  `cases:\n  - name: it denies\n    who: { kind: user, id: oidc~bob }\n    does: ${does}\n    to: { kind: table, path: sales/orders }\n    expect: deny\n    by: [${rule}]\n${more}`

describe('the rules', () => {
  test('of a new store are the shipped ones', async () => {
    const { status, body } = await call('GET /rules', admin)
    expect(status).toBe(200)
    expect(body).toMatchObject({ number: 1, 'applied-by': 'system' })
    expect(Object.keys(body['sources'] as object)).toContain('quarantine.cedar')
    const { body: trial } = await call('POST /rules/test', { ...admin, body: { sources: body['sources'] } })
    expect(trial).toMatchObject({ valid: true, errors: [] })
  })

  test('are for administrators of the server to see and to change', async () => {
    for (const line of ['GET /rules', 'GET /rules/history', 'GET /rules/history/1'])
      expect((await call(line, eve)).status, line).toBe(403)
    const body = { sources: { 'open.cedar': open } }
    expect((await call('PUT /rules', { ...eve, body })).status).toBe(403)
    expect((await call('POST /rules/test', { ...eve, body })).status).toBe(403)
  })

  test.each([
    ['is not Cedar', { 'a.cedar': 'allow everything' }],
    [
      'names an attribute that there is not',
      { 'a.cedar': '@id("a") permit(principal, action, resource is Table) when { resource.nam == "x" };' },
    ],
    [
      'has a rule without a table',
      { 'open.cedar': open, 'a.cedar': '@id("a") forbid(principal, action == Action::"read", resource);' },
    ],
    [
      'contradicts its tables',
      {
        'open.cedar': open,
        'a.cedar': '@id("a") forbid(principal, action == Action::"read", resource);',
        'a.decisions.yaml': table('a', 'describe'),
      },
    ],
    ['has a table that is none', { 'open.cedar': open, 'a.decisions.yaml': 'cases: 7' }],
    ['has no rule', { 'a.decisions.yaml': table('a', 'read') }],
    [
      'would let nobody change the rules any more',
      {
        'open.cedar': open,
        'a.cedar': '@id("a") forbid(principal, action in [Action::"change"], resource);',
        'a.decisions.yaml': table('a', 'drop'),
      },
    ],
    ['has files of other kinds', { 'open.cedar': open, 'notes.txt': 'x' }],
  ])('are refused where the set %s, and the old set stays', async (_name, sources) => {
    const refused = await call('PUT /rules', { ...admin, body: { sources } })
    expect(typeOf(refused)).toEqual([422, 'UnprocessableEntityException'])
    expect((await call('GET /rules', admin)).body['number']).toBe(1)
    const { body } = await call('POST /rules/test', { ...admin, body: { sources } })
    expect(body['valid']).toBe(false)
    expect(body['errors']).not.toEqual([])
  })

  test('put in force decide at once, and their history is kept', async () => {
    await granting.give(granting.tablePath, [{ type: 'select', user: 'oidc~bob' }])
    expect((await load(bob)).status).toBe(200)
    const { body: before } = await call('GET /rules', admin)
    const sources = {
      ...(before['sources'] as Record<string, string>),
      'bob.cedar': '@id("no-bob")\nforbid (principal == User::"oidc~bob", action, resource is Table);\n',
      'bob.decisions.yaml': table('no-bob', '[describe, read]'),
    }
    const applied = await call('PUT /rules', { ...admin, body: { sources } })
    expect(applied.status, applied.text).toBe(200)
    expect((await load(bob)).status).toBe(404)
    expect((await load(eve)).status).toBe(200)
    const again = await call('PUT /rules', { ...admin, body: { sources: before['sources'] } })
    expect(again.status).toBe(200)
    expect((await load(bob)).status).toBe(200)
    const { body } = await call('GET /rules/history', admin)
    const numbers = (body['rule-sets'] as { number: number; 'applied-by': string }[]).map((set) => [
      set.number,
      set['applied-by'],
    ])
    expect(numbers).toEqual([
      [3, 'oidc~admin'],
      [2, 'oidc~admin'],
      [1, 'system'],
    ])
    const second = await call('GET /rules/history/2', admin)
    expect(Object.keys(second.body['sources'] as object)).toContain('bob.cedar')
    expect((await call('GET /rules/history/99', admin)).status).toBe(404)
    expect((await call('GET /rules/history/x', admin)).status).toBe(404)
  })
})

describe('what only the store knows', () => {
  test('is asked where a rule looks at it: properties of the namespace, and the format version', async () => {
    const { body: before } = await call('GET /rules', admin)
    const denied = (by: string, does: string, more: string) =>
      `cases: [{ name: x, who: { kind: user, id: oidc~bob }, does: ${does}, to: { kind: table, path: a/b, ${more} }, expect: deny, by: [${by}] }]`
    const sources = {
      ...(before['sources'] as Record<string, string>),
      'closed.cedar':
        '@id("closed") forbid (principal == User::"oidc~bob", action == Action::"describe", resource is Table) when { resource has properties && resource.properties.hasTag("closed") };',
      'closed.decisions.yaml': denied('closed', 'describe', 'properties: { closed: "" }'),
      'old.cedar':
        '@id("old") forbid (principal == User::"oidc~bob", action == Action::"set-properties", resource is Table) when { resource has formatVersion && resource.formatVersion < 3 };',
      'old.decisions.yaml': denied('old', 'set-properties', 'format-version: 2'),
    }
    await granting.give(granting.tablePath, [{ type: 'modify', user: 'oidc~bob' }])
    expect((await commit(bob)).status).toBe(200)
    const applied = await call('PUT /rules', { ...admin, body: { sources } })
    expect(applied.status, applied.text).toBe(200)
    expect((await commit(bob)).status).toBe(403)
    expect((await commit(eve)).status).toBe(200)
    expect((await load(bob)).status).toBe(200)
    const properties = (body: object) =>
      call(`POST ${granting.catalog}/namespaces/sales/properties`, { ...eve, body })
    expect((await properties({ updates: { closed: 'yes' } })).status).toBe(200)
    expect((await load(bob)).status).toBe(404)
    const { body: listed } = await call(`GET ${granting.catalog}/namespaces/sales/tables`, bob)
    expect(listed['identifiers']).toEqual([])
    await properties({ removals: ['closed'] })
    expect((await load(bob)).status).toBe(200)
    expect((await call('PUT /rules', { ...admin, body: { sources: before['sources'] } })).status).toBe(200)
  })
})

describe('governed tags', () => {
  test('are set with a right of their own, on what they are for, with a value that is allowed', async () => {
    await define('quarantine')
    await define('classification', {
      'value-kind': 'enumerated',
      'allowed-values': ['public', 'secret'],
      scope: ['table'],
    })
    await granting.give(granting.tablePath, [{ type: 'modify', user: 'oidc~bob' }])
    expect((await tag('table', 'classification', { ...bob, body: { value: 'public' } })).status).toBe(403)
    await granting.give(granting.tablePath, [{ type: 'manage_tags', user: 'oidc~bob' }])
    const set = await tag('table', 'classification', { ...bob, body: { value: 'public' } })
    expect([set.status, set.body['value']]).toEqual([200, 'public'])
    expect((await tag('table', 'classification', { ...bob, body: { value: 'top' } })).status).toBe(400)
    expect((await tag('table', 'classification', bob)).status).toBe(400)
    expect((await tag('table', 'quarantine', { ...bob, body: { value: 'x' } })).status).toBe(400)
    expect((await tag('namespace', 'classification', { body: { value: 'public' } })).status).toBe(400)
    expect((await tag('table', 'unheard-of')).status).toBe(404)
    await untag('table', 'classification', bob)
    expect((await untag('table', 'classification', bob)).status).toBe(404)
    await granting.take(granting.tablePath, [{ type: 'manage_tags', user: 'oidc~bob' }])
  })

  test.each(['table', 'namespace', 'warehouse'] as const)(
    'on a %s put what lies in it under the rules at once, for whoever has whichever right',
    async (kind) => {
      expect((await commit(bob)).status).toBe(200)
      expect((await tag(kind, 'quarantine')).status).toBe(200)
      expect((await commit(bob)).status).toBe(403)
      expect((await commit(eve)).status).toBe(403)
      expect((await load(bob)).status).toBe(200)
      const list = await call(
        `GET /warehouse/${granting.warehouse}/table/${granting.table}/tags?effective=true`,
        eve,
      )
      expect((list.body['tags'] as { name: string; 'inherited-from'?: { type: string } }[])[0]).toMatchObject(
        {
          name: 'quarantine',
          value: null,
          ...(kind === 'table' ? {} : { 'inherited-from': { type: kind } }),
        },
      )
      expect((await untag(kind, 'quarantine')).status).toBe(204)
      expect((await commit(bob)).status).toBe(200)
    },
  )

  test('follow a rename', async () => {
    const rename = (from: string, to: string) =>
      call(`POST ${granting.catalog}/tables/rename`, {
        ...eve,
        body: {
          source: { namespace: ['sales'], name: from },
          destination: { namespace: ['sales'], name: to },
        },
      })
    await define('read-only')
    expect((await rename('orders', 'renamed')).status).toBe(204)
    await tag('table', 'read-only')
    expect((await rename('renamed', 'orders')).status).toBe(403)
    await untag('table', 'read-only')
    expect((await rename('renamed', 'orders')).status).toBe(204)
    await tag('table', 'read-only')
    expect((await commit(eve)).status).toBe(403)
    await untag('table', 'read-only')
  })

  test('of a namespace go with its drop', async () => {
    await granting.create(`POST ${granting.catalog}/namespaces`, { namespace: ['brief'] })
    const resolve = () =>
      granting.create(`POST /warehouse/${granting.warehouse}/objects`, {
        kind: 'namespace',
        namespace: ['brief'],
      })
    const path = async () =>
      `/warehouse/${granting.warehouse}/namespace/${String((await resolve())['id'])}/tags`
    await define('brief-tag')
    expect((await call(`PUT ${await path()}/brief-tag`, { ...eve, body: {} })).status).toBe(200)
    expect((await call(`DELETE ${granting.catalog}/namespaces/brief`, eve)).status).toBe(204)
    await granting.create(`POST ${granting.catalog}/namespaces`, { namespace: ['brief'] })
    expect((await call(`GET ${await path()}`, eve)).body['tags']).toEqual([])
  })

  test('are defined once, widened and never narrowed, and stay while they are used', async () => {
    const body = { name: 'Tier', 'value-kind': 'free-text', scope: ['table'] }
    expect((await call('POST /tag-definition', { ...eve, body })).status).toBe(400)
    const made = await call('POST /tag-definition', { ...eve, body: { ...body, name: 'tier' } })
    const path = `/tag-definition/${String(made.body['id'])}`
    expect((await call('POST /tag-definition', { ...eve, body: { ...body, name: 'tier' } })).status).toBe(409)
    const change = (more: object) =>
      call(`POST ${path}`, { ...eve, body: { name: 'tier', scope: ['table'], ...more } })
    expect((await change({ scope: ['view'] })).status).toBe(400)
    expect((await change({ name: 'level' })).status).toBe(400)
    expect((await change({ 'add-allowed-values': ['x'] })).status).toBe(400)
    expect((await change({ scope: ['table', 'view'] })).body['scope']).toEqual(['table', 'view'])
    await tag('table', 'tier', { body: { value: 'gold' } })
    expect((await call(`DELETE ${path}`, eve)).status).toBe(409)
    const attached = await call(`GET ${path}/attachments?value=gold`, eve)
    expect(attached.body['attachments']).toMatchObject([
      { value: 'gold', target: { type: 'table', 'table-id': granting.table } },
    ])
    await untag('table', 'tier')
    expect((await call(`DELETE ${path}`, eve)).status).toBe(204)
    expect((await call(`GET ${path}`, eve)).status).toBe(404)
  })

  test('of another project are not there', async () => {
    const made = await call('POST /tag-definition', {
      ...eve,
      body: { name: 'east-only', 'value-kind': 'marker', scope: ['table'] },
    })
    const wes: Ask = { as: 'wes', project: 'west' }
    expect((await call(`GET /tag-definition/${String(made.body['id'])}`, wes)).status).toBe(404)
    expect((await call(`DELETE /tag-definition/${String(made.body['id'])}`, wes)).status).toBe(404)
    expect((await tag('table', 'east-only', wes)).status).toBe(404)
  })
})
