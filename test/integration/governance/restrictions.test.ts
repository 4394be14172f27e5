/** A restricted table shows its metadata and hands out no data, whoever asks; and why is told to who may see grants. */
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
const path = (): string => `/warehouse/${granting.warehouse}/table/${granting.table}/read-restriction`
const filter = { type: 'eq', term: 'region', value: 'EU' }

const explain = (ask: Ask, body: object) =>
  call('POST /decisions/explain', {
    ...ask,
    body: {
      principal: { user: 'oidc~bob' },
      action: 'read',
      object: { type: 'table', 'warehouse-id': granting.warehouse, namespace: ['sales'], name: 'orders' },
      ...body,
    },
  })

describe('a read restriction', () => {
  test('is set by who may grant and tag, and by nobody else', async () => {
    await granting.give(granting.tablePath, [{ type: 'modify', user: 'oidc~bob' }])
    const body = { 'row-filter': filter, columns: [{ 'field-id': 1 }, { 'field-id': 2, mask: 'hash' }] }
    expect((await call(`PUT ${path()}`, { ...bob, body })).status).toBe(403)
    expect((await call(`GET ${path()}`, eve)).status).toBe(404)
    const set = await call(`PUT ${path()}`, { ...eve, body })
    expect(set.status, set.text).toBe(200)
    expect((await call(`GET ${path()}`, eve)).body).toMatchObject({ ...body, 'set-by': 'oidc~eve' })
    expect((await call(`GET ${path()}`, bob)).status).toBe(403)
    expect((await call(`DELETE ${path()}`, bob)).status).toBe(403)
    expect((await call(`DELETE ${path()}`, eve)).status).toBe(204)
    expect((await call(`DELETE ${path()}`, eve)).status).toBe(404)
  })

  test.each([
    [{}],
    [{ 'row-filter': {} }],
    [{ 'row-filter': { type: 'eq', term: 'a' } }],
    [{ 'row-filter': { type: 'sql', value: '1=1' } }],
    [{ 'row-filter': { type: 'and', left: filter } }],
    [{ columns: [{ 'field-id': 1 }, { 'field-id': 1 }] }],
    [{ columns: [{ 'field-id': -1 }] }],
  ])('is refused where it says nothing, or what nobody could keep to: %j', async (body) => {
    expect((await call(`PUT ${path()}`, { ...eve, body })).status).toBe(400)
  })

  test('leaves the metadata, under a tag of its own, and takes the configuration of the storage', async () => {
    const delegating = (ask: Ask): Ask => ({
      ...ask,
      headers: { 'x-iceberg-access-delegation': 'vended-credentials,remote-signing' },
    })
    const before = await granting.load(delegating(eve))
    expect(before.status).toBe(200)
    await call(`PUT ${path()}`, { ...eve, body: { 'row-filter': filter } })
    for (const ask of [eve, bob, delegating(eve), delegating(bob)]) {
      const loaded = await granting.load(ask)
      expect(loaded.status).toBe(200)
      expect(loaded.body['metadata']).toEqual(before.body['metadata'])
      expect(loaded.body['config']).toEqual({})
      expect(Object.keys(loaded.body).toSorted()).toEqual(['config', 'metadata', 'metadata-location'])
    }
    const held = { ...delegating(eve).headers, 'if-none-match': before.tag ?? '' }
    const again = await granting.load({ ...eve, headers: held })
    expect(again.status).toBe(200)
    const same = await granting.load({ ...eve, headers: { ...held, 'if-none-match': again.tag ?? '' } })
    expect(same.status).toBe(304)
    await call(`DELETE ${path()}`, eve)
    const after = await granting.load({ ...eve, headers: { ...held, 'if-none-match': again.tag ?? '' } })
    expect(after.status).toBe(200)
    expect(after.tag).toBe(before.tag)
  })

  test('goes with the table when that is renamed', async () => {
    const rename = (from: string, to: string) =>
      call(`POST ${granting.catalog}/tables/rename`, {
        ...eve,
        body: {
          source: { namespace: ['sales'], name: from },
          destination: { namespace: ['sales'], name: to },
        },
      })
    await call(`PUT ${path()}`, { ...eve, body: { columns: [{ 'field-id': 1 }] } })
    expect((await rename('orders', 'moved')).status).toBe(204)
    const object = { type: 'table', 'warehouse-id': granting.warehouse, namespace: ['sales'], name: 'moved' }
    expect((await explain(eve, { object })).body).toMatchObject({ data: 'none', restricted: true })
    expect((await rename('moved', 'orders')).status).toBe(204)
    await call(`DELETE ${path()}`, eve)
  })
})

describe('an explanation', () => {
  test('tells the grant that decides, and what would be enough', async () => {
    await granting.take(granting.tablePath, [{ type: 'modify', user: 'oidc~bob' }])
    expect((await explain(eve, { action: 'tag' })).body['missing']).toContain('manage_tags')
    const none = await explain(eve, {})
    expect(none.body).toMatchObject({ allowed: false, visible: false, grants: [], 'by-standing': false })
    expect(none.body['missing']).toEqual(expect.arrayContaining(['select', 'modify', 'ownership']))
    expect(none.body['missing']).not.toContain('describe')
    await granting.give(granting.tablePath, [{ type: 'describe', user: 'oidc~bob' }])
    await granting.put(granting.role, { type: 'user', id: 'oidc~bob' })
    await granting.give(granting.namespacePath, [{ type: 'select', role: granting.role }])
    const { body } = await explain(eve, {})
    expect(body).toMatchObject({
      allowed: true,
      visible: true,
      missing: [],
      rules: { allowed: true, by: [] },
    })
    expect(body['grants']).toMatchObject([
      { object: `table:${granting.table}`, relation: 'describe', user: 'oidc~bob', decides: false },
      {
        object: `namespace:${granting.warehouse}/sales`,
        relation: 'select',
        role: granting.role,
        decides: true,
      },
    ])
  })

  test('tells the rule that forbids what is granted', async () => {
    const define = { name: 'quarantine', 'value-kind': 'marker', scope: ['namespace'] }
    await call('POST /tag-definition', { ...eve, body: define })
    const tag = `/warehouse/${granting.warehouse}/namespace/${granting.namespace}/tags/quarantine`
    expect((await call(`PUT ${tag}`, { ...eve, body: {} })).status).toBe(200)
    const { body } = await explain(eve, {})
    expect(body).toMatchObject({
      allowed: false,
      visible: true,
      rules: { allowed: false, by: ['quarantine'] },
      missing: [],
    })
    expect((await explain(eve, { action: 'describe' })).body).toMatchObject({ allowed: true })
    await call(`DELETE ${tag}`, eve)
  })

  test('tells of memberships and of administrators', async () => {
    const member = await explain(eve, { principal: { user: 'oidc~eve' } })
    expect(member.body).toMatchObject({ allowed: true, 'by-standing': true })
    const administrator = await explain(eve, { principal: { user: 'oidc~admin' } })
    expect(administrator.body).toMatchObject({ allowed: false, visible: true })
    const role = await explain(eve, { principal: { role: granting.role } })
    expect(role.body).toMatchObject({ allowed: true, 'by-standing': false })
  })

  test('takes another moment, place and branch into account', async () => {
    const define = {
      name: 'network',
      'value-kind': 'enumerated',
      'allowed-values': ['private'],
      scope: ['table'],
    }
    await call('POST /tag-definition', { ...eve, body: define })
    const tag = `/warehouse/${granting.warehouse}/table/${granting.table}/tags/network`
    expect((await call(`PUT ${tag}`, { ...eve, body: { value: 'private' } })).status).toBe(200)
    const from = async (address: string) => (await explain(eve, { context: { address } })).body['allowed']
    expect([await from('10.1.2.3'), await from('203.0.113.1')]).toEqual([true, false])
    await call(`DELETE ${tag}`, eve)
  })

  test('is for those who may see the grants, on what they can see', async () => {
    expect((await explain(bob, {})).status).toBe(403)
    expect(typeOf(await explain({ as: 'cleo', project: 'east' }, {}))[0]).toBe(404)
    const absent = { type: 'table', 'warehouse-id': granting.warehouse, namespace: ['sales'], name: 'none' }
    expect((await explain(eve, { object: absent })).status).toBe(404)
    expect((await explain(eve, { action: 'devour' })).status).toBe(400)
    expect((await explain(eve, { principal: {} })).status).toBe(400)
    expect((await explain(admin, { object: { type: 'server' }, action: 'manage' })).status).toBe(200)
  })
})
