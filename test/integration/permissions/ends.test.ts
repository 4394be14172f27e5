/** Grants end with what they were on and with whom they were given to; and nothing inherits them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve } from '../../support/tenants.ts'
import { newTable } from '../../support/wire.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const as = (name: string): Ask => ({ as: name, project: 'east' })
const to = (name: string, ...types: readonly string[]) =>
  types.map((type) => ({ type, user: `oidc~${name}` }))
const tables = () => `${granting.catalog}/namespaces/sales/tables`
const status = async (line: string, ask: Ask) => (await call(line, ask)).status

const idOf = async (body: object): Promise<string> => {
  const reply = await call(`POST /warehouse/${granting.warehouse}/objects`, { ...eve, body })
  expect(reply.status, reply.text).toBe(200)
  return String(reply.body['id'])
}
const tablePath = async (name: string) =>
  `warehouse/${granting.warehouse}/table/${await idOf({ kind: 'table', namespace: ['sales'], name })}`

describe('a table that is dropped', () => {
  test('leaves nothing to another one of its name', async () => {
    await granting.create(`POST ${tables()}`, newTable('gone'))
    const before = await tablePath('gone')
    await granting.give(before, to('bob', 'select'))
    expect(await status(`GET ${tables()}/gone`, as('bob'))).toBe(200)
    expect(await status(`DELETE ${tables()}/gone`, eve)).toBe(204)
    await granting.create(`POST ${tables()}`, newTable('gone'))
    const after = await tablePath('gone')
    expect(after).not.toBe(before)
    expect(await status(`GET ${tables()}/gone`, as('bob'))).toBe(404)
    expect(await granting.shown(after)).toEqual([{ type: 'ownership', user: 'oidc~eve' }])
    expect(await status(`GET /permissions/${before}/assignments`, eve)).toBe(404)
  })

  test('keeps its grants while it is only renamed', async () => {
    await granting.create(`POST ${tables()}`, newTable('old'))
    const path = await tablePath('old')
    await granting.give(path, to('bob', 'select'))
    const at = (name: string) => ({ namespace: ['sales'], name })
    const rename = { source: at('old'), destination: at('new') }
    const renamed = await call(`POST ${granting.catalog}/tables/rename`, { ...eve, body: rename })
    expect(renamed.status, renamed.text).toBe(204)
    expect(await status(`GET ${tables()}/new`, as('bob'))).toBe(200)
    expect(await tablePath('new')).toBe(path)
    await granting.create(`POST ${tables()}`, newTable('old'))
    expect(await status(`GET ${tables()}/old`, as('bob'))).toBe(404)
  })
})

describe('a namespace that is dropped', () => {
  test('leaves nothing to another one of its name', async () => {
    const { catalog } = granting
    const make = () => granting.create(`POST ${catalog}/namespaces`, { namespace: ['brief'] })
    await make()
    const path = `namespace/${await idOf({ kind: 'namespace', namespace: ['brief'] })}`
    await granting.give(path, to('bob', 'describe'))
    expect(await status(`GET ${catalog}/namespaces/brief`, as('bob'))).toBe(200)
    expect(await status(`DELETE ${catalog}/namespaces/brief`, eve)).toBe(204)
    await make()
    expect(await status(`GET ${catalog}/namespaces/brief`, as('bob'))).toBe(404)
    expect(await granting.shown(path)).toEqual([{ type: 'ownership', user: 'oidc~eve' }])
  })

  test('is not granted on while it goes', async () => {
    const { catalog } = granting
    for (let i = 0; i < 5; i++) {
      await granting.create(`POST ${catalog}/namespaces`, { namespace: ['race'] })
      const path = `namespace/${await idOf({ kind: 'namespace', namespace: ['race'] })}`
      const [dropped, given] = await Promise.all([
        call(`DELETE ${catalog}/namespaces/race`, eve),
        granting.give(path, to('bob', 'select')),
      ])
      expect(dropped.status, dropped.text).toBe(204)
      expect([204, 404]).toContain(given.status)
      await granting.create(`POST ${catalog}/namespaces`, { namespace: ['race'] })
      expect(
        await granting.shown(`namespace/${await idOf({ kind: 'namespace', namespace: ['race'] })}`),
      ).toEqual([{ type: 'ownership', user: 'oidc~eve' }])
      await call(`DELETE ${catalog}/namespaces/race`, eve)
    }
  })
})

describe('a role', () => {
  test('takes along what it was given, for all who were in it', async () => {
    const role = await granting.makeRole()
    await granting.give(granting.tablePath, [{ type: 'select', role }])
    await granting.give(`role/${role}`, to('bob', 'assignee'))
    expect((await granting.load(as('bob'))).status).toBe(200)
    expect(await status(`DELETE /role/${role}`, eve)).toBe(204)
    expect((await granting.load(as('bob'))).status).toBe(404)
    expect((await granting.shown(granting.tablePath)).some((one) => one.role === role)).toBe(false)
  })

  test('is left by who is taken out of it', async () => {
    const role = await granting.makeRole()
    await granting.give(granting.tablePath, [{ type: 'select', role }])
    await granting.give(`role/${role}`, to('bob', 'assignee'))
    expect((await granting.load(as('bob'))).status).toBe(200)
    await granting.take(`role/${role}`, to('bob', 'assignee'))
    expect((await granting.load(as('bob'))).status).toBe(404)
  })
})

describe('a user', () => {
  test('who is deleted has nothing when he comes back', async () => {
    await granting.give(granting.tablePath, to('cleo', 'select'))
    expect((await granting.load(as('cleo'))).status).toBe(200)
    const admin = { as: 'admin' }
    expect(await status('DELETE /user/oidc~cleo', admin)).toBeLessThan(300)
    expect(await granting.shown(granting.tablePath)).not.toContainEqual(to('cleo', 'select')[0])
    const body = { id: 'oidc~cleo', name: 'Cleo', 'user-type': 'human' }
    expect((await call('POST /user', { ...admin, body })).status).toBe(201)
    expect((await granting.load(as('cleo'))).status).toBe(404)
  })

  test('who is revoked is refused at once, again and again', async () => {
    for (let i = 0; i < 5; i++) {
      await granting.give(granting.tablePath, to('bob', 'select'))
      expect((await granting.load(as('bob'))).status).toBe(200)
      await granting.take(granting.tablePath, to('bob', 'select'))
      expect((await granting.load(as('bob'))).status).toBe(404)
    }
  })

  test('owns what he makes with a role as that role, and nothing by himself', async () => {
    const role = await granting.makeRole()
    await granting.give(`role/${role}`, to('bob', 'assignee'))
    await granting.give(granting.namespacePath, [{ type: 'create', role }])
    const made = await call(`POST ${tables()}`, { ...as('bob'), role, body: newTable('of_role') })
    expect(made.status, made.text).toBe(200)
    const path = await tablePath('of_role')
    expect(await granting.shown(path)).toEqual([{ type: 'ownership', role }])
    await granting.take(`role/${role}`, to('bob', 'assignee'))
    expect(await status(`GET ${tables()}/of_role`, as('bob'))).toBe(404)
  })
})

describe('a project', () => {
  test('leaves nothing to another one of its id', async () => {
    const admin = { as: 'admin' }
    const make = () =>
      call('POST /project', { ...admin, body: { 'project-name': 'brief', 'project-id': 'brief' } })
    expect((await make()).status).toBe(201)
    const inside = { as: 'bob', project: 'brief' }
    expect((await granting.give('project/brief', to('bob', 'describe'), admin)).status).toBe(204)
    expect(await status('GET /warehouse', inside)).toBe(200)
    expect(await status('DELETE /project/brief', admin)).toBe(204)
    expect(await status('GET /warehouse', inside)).toBe(404)
    expect((await make()).status).toBe(201)
    expect(await status('GET /warehouse', inside)).toBe(404)
    expect(await granting.shown('project/brief', admin)).toEqual([])
  })
})

describe('changes at the same time', () => {
  test('wait for one another, and in no ring', async () => {
    const { catalog, tablePath, namespacePath, warehousePath } = granting
    const names = ['bob', 'ann', 'max']
    const deeds = names.flatMap((name, i) => [
      ...[tablePath, namespacePath, warehousePath].flatMap((path) => [
        () => granting.give(path, to(name, 'select', 'describe')),
        () => granting.take(path, to(names[(i + 1) % names.length] ?? '', 'select', 'modify')),
      ]),
      () => call(`POST ${catalog}/namespaces`, { ...eve, body: { namespace: [`made${i}`] } }),
      () => call('POST /role', { ...eve, body: { name: `made ${name}` } }),
      () => call(`POST ${tables()}`, { ...eve, body: newTable(`made${i}`) }),
    ])
    const replies = await Promise.all(deeds.map((deed) => deed()))
    expect(replies.filter((reply) => reply.status >= 300).map((reply) => reply.text)).toEqual([])
    const ends = await Promise.all(
      names.flatMap((name, i) => [
        call(`DELETE ${catalog}/namespaces/made${i}`, eve),
        granting.take(namespacePath, to(name, 'select', 'describe')),
        call(`DELETE ${tables()}/made${i}`, eve),
      ]),
    )
    expect(ends.filter((reply) => reply.status >= 300).map((reply) => reply.text)).toEqual([])
  })
})
