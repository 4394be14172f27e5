/** What a trusted engine loads through views, with the rights of those who defined them; and what a made-up way opens. */
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Asking, json, type Lake, openLake } from '../../support/lake.ts'
import { definerSettings, makeView, referencedBy, through } from '../../support/policy/definers.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob', 'carol', 'dora', 'trino', 'plain'], definerSettings)
  for (const name of ['sales', 'staff', 'hidden']) await lake.make('POST /namespaces', { namespace: [name] })
  for (const name of ['salaries', 'bonuses']) await lake.makeTable(['staff'], name)
  await lake.makeTable(['hidden'], 'secrets')
  await lake.grant(await namespacePath('staff'), 'select', 'alice')
  await lake.grant(await namespacePath('hidden'), 'modify', 'carol')
  await lake.grant(await namespacePath('sales'), 'create', 'trino')
  for (const who of ['alice', 'carol']) await lake.grant(await namespacePath('sales'), 'select', who)
  await make('pay', 'select * from staff.salaries', 'alice')
  await make('open', 'select * from staff.salaries')
  await make('inner', 'select * from hidden.secrets', 'carol')
  await make('middle', 'select * from "inner" i join iceberg.staff.bonuses')
  await make('outer', 'select * from middle', 'alice')
  for (const name of ['pay', 'open', 'outer']) await select(name, 'bob')
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const namespacePath = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })
const viewPath = (name: string) => lake.pathOf({ kind: 'view', namespace: ['sales'], name })
const select = async (name: string, who: string): Promise<void> =>
  lake.grant(await viewPath(name), 'select', who)
const make = (name: string, sql: string, owner?: string): Promise<void> =>
  makeView(lake, ['sales'], { name, sql, ...(owner === undefined ? {} : { owner }) })

const salaries = '/namespaces/staff/tables/salaries'
const bonuses = '/namespaces/staff/tables/bonuses'
const secrets = '/namespaces/hidden/tables/secrets'
const by = (path: string, ...names: readonly string[]): string =>
  `GET ${path}${referencedBy(...names.map((name) => ['sales', name]))}`
const statusOf = async (line: string, asking: Asking): Promise<number> =>
  (await lake.ask(line, asking)).status

interface Entry {
  readonly decision: string
  readonly principal: string
  readonly detail: { readonly reason: string; readonly through?: readonly object[] }
}
const entryOf = async ({ headers }: Answer): Promise<Entry> => {
  const path = `GET /management/v1/server/audit?requestId=${headers.get('x-request-id')}`
  const find = async () => json<{ entries: Entry[] }>(await lake.ask(path)).entries[0]
  await expect.poll(find, { timeout: 20_000 }).toBeDefined()
  return (await find()) as Entry
}

const withoutId = ({ text, headers }: Answer): string =>
  text.replace(headers.get('x-request-id') ?? '', 'its id')

/** To the letter what is answered where there is nothing of the name. */
const expectMissing = async (answer: Answer, name: string): Promise<void> => {
  const missing = await lake.ask('GET /namespaces/staff/tables/nothing', through('bob'))
  const text = withoutId(missing).replace('staff.nothing', name)
  expect([answer.status, withoutId(answer)]).toEqual([404, text])
}
const expectRefused = async (line: string, reason: string): Promise<void> => {
  const answer = await lake.ask(line, through('bob'))
  const [, namespace = '', name = ''] = /namespaces\/(\w+)\/tables\/(\w+)/.exec(line) ?? []
  await expectMissing(answer, `${namespace}.${name}`)
  const { decision, detail } = await entryOf(answer)
  expect([decision, detail.reason]).toEqual(['denied', expect.stringContaining(reason)])
}

describe('through the view of a definer', () => {
  test('one reads what he may read, and on record is whose right it was', async () => {
    expect(await statusOf(`GET ${salaries}`, through('bob'))).toBe(404)
    const answer = await lake.ask(by(salaries, 'pay'), through('bob'))
    expect(answer.status, answer.text).toBe(200)
    const { principal, decision, detail } = await entryOf(answer)
    expect([principal, decision, detail.through]).toEqual([
      ...['oidc~bob', 'allowed'],
      [{ view: 'sales.pay', rights: 'oidc~alice' }],
    ])
  })

  test('nothing that he may not read, from the moment he may not', async () => {
    const staff = await namespacePath('staff')
    await lake.revoke(staff, 'select', 'alice')
    for (const at of [lake.here, lake.there])
      expect(await statusOf(by(salaries, 'pay'), { ...through('bob'), at })).toBe(404)
    await expectRefused(by(salaries, 'pay'), 'as oidc~alice: ')
    await lake.grant(staff, 'select', 'alice')
    expect(await statusOf(by(salaries, 'pay'), through('bob'))).toBe(200)
  })

  test('nothing without the right to read the view itself', async () => {
    await make('glimpsed', 'select * from staff.salaries', 'alice')
    await expectRefused(by(salaries, 'glimpsed'), 'through sales.glimpsed, as oidc~bob: ')
    await lake.grant(await viewPath('glimpsed'), 'describe', 'bob')
    expect(await statusOf('GET /namespaces/sales/views/glimpsed', through('bob'))).toBe(200)
    await expectRefused(by(salaries, 'glimpsed'), 'through sales.glimpsed, as oidc~bob: not granted')
  })

  test('nothing while he is deactivated', async () => {
    await lake.make('POST /management/v1/user/oidc~alice/deactivate')
    await expectRefused(by(salaries, 'pay'), 'its definer is nobody to act for')
    await lake.make('POST /management/v1/user/oidc~alice/activate')
    expect(await statusOf(by(salaries, 'pay'), through('bob'))).toBe(200)
  })

  test.each([
    ['nobody knows', 'ghost'],
    ['is the engine', 'trino'],
    ['is another engine', 'plain'],
    ['brings its provider along', 'oidc~alice'],
    ['is empty', ''],
  ])('nothing where he %s', async (what, owner) => {
    const name = `of_${what.replaceAll(' ', '_')}`
    await make(name, 'select * from staff.salaries', owner)
    await select(name, 'bob')
    await expectRefused(by(salaries, name), 'its definer is nobody to act for')
  })

  test('nothing for what he administers, and not a word that it is there', async () => {
    const grant = { writes: [{ type: 'admin', user: 'oidc~dora' }] }
    await lake.make('POST /management/v1/permissions/server/assignments', grant)
    await make('administered', 'select * from hidden.secrets', 'dora')
    await select('administered', 'bob')
    await expectRefused(by(secrets, 'administered'), 'as oidc~dora: not granted, to a server administrator')
  })

  test('metadata alone where a rule forbids the data', async () => {
    const tag = { name: 'quarantine', 'value-kind': 'marker', scope: ['table'] }
    await lake.make('POST /management/v1/tag-definition', tag)
    const path = await lake.pathOf({ kind: 'table', namespace: ['staff'], name: 'salaries' })
    const shown = async (): Promise<string> => {
      const asking = through('bob', { 'X-Iceberg-Access-Delegation': 'vended-credentials' })
      const tagged = (await lake.ask(by(salaries, 'pay'), asking)).headers.get('etag') ?? ''
      return Buffer.from(tagged.split('.')[1] ?? '', 'base64url').toString()
    }
    expect(await shown()).toMatch(/json;lent$/)
    await lake.make(`PUT /management/v1/${path}/tags/quarantine`, {})
    expect(await shown()).toMatch(/json;metadata-only;lent$/)
    await lake.make(`DELETE /management/v1/${path}/tags/quarantine`)
  })
})

describe('a rule about who reads a view', () => {
  const rules = (action: string, unless = ''): Readonly<Record<string, string>> => ({
    'open.cedar': '@id("open") permit(principal, action, resource);',
    'own.cedar': `@id("own") forbid(principal == User::"oidc~bob", action == Action::"${action}", resource is Table) ${unless};`,
    'own.decisions.yaml': `cases: [{ name: own, who: { kind: user, id: oidc~bob }, does: ${action}, to: { kind: table, path: a/t }, expect: deny, by: [own] }${
      unless
        ? `, { name: lent, who: { kind: user, id: oidc~bob }, does: ${action}, to: { kind: table, path: a/t }, in: { lent: true }, expect: allow }`
        : ''
    }]`,
  })
  const apply = (sources: object) => lake.ask('PUT /management/v1/rules', { body: { sources } })
  const applied = async (sources: object): Promise<void> => {
    const { status, text } = await apply(sources)
    expect(status, text).toBeLessThan(300)
  }

  test('is not got round by its definer, unless it says so itself', async () => {
    const { sources } = json<{ sources: object }>(await lake.ask('GET /management/v1/rules'))
    const delegating = through('bob', { 'X-Iceberg-Access-Delegation': 'vended-credentials' })
    const shown = async (): Promise<string> => {
      const tag = (await lake.ask(by(salaries, 'pay'), delegating)).headers.get('etag') ?? ''
      return Buffer.from(tag.split('.')[1] ?? '', 'base64url').toString()
    }
    await applied(rules('describe'))
    await expectRefused(by(salaries, 'pay'), 'what is lent is forbidden to oidc~bob')
    expect(await statusOf(by(salaries, 'pay'), through('alice'))).toBe(200)
    await applied(rules('read'))
    expect(await shown()).toMatch(/json;metadata-only;lent$/)
    await applied(rules('describe', 'unless { context.lent }'))
    expect(await statusOf(by(salaries, 'pay'), through('bob'))).toBe(200)
    await applied(sources)
    expect(await shown()).toMatch(/json;lent$/)
  })
})

describe('a view without a definer', () => {
  test('is read with the rights of who reads it', async () => {
    await expectRefused(by(salaries, 'open'), 'nothing is granted that would show it')
    expect(await statusOf(by(salaries, 'open'), through('alice'))).toBe(200)
  })

  test('is read with the rights of the definer that led to it', async () => {
    const answer = await lake.ask(by(secrets, 'outer', 'middle', 'inner'), through('bob'))
    expect(answer.status, answer.text).toBe(200)
    expect((await entryOf(answer)).detail.through).toEqual([
      { view: 'sales.outer', rights: 'oidc~alice' },
      { view: 'sales.middle', rights: 'oidc~alice' },
      { view: 'sales.inner', rights: 'oidc~carol' },
    ])
    expect(await statusOf(by(bonuses, 'outer', 'middle'), through('bob'))).toBe(200)
  })

  test('is loaded so itself', async () => {
    const middle = '/namespaces/sales/views/middle'
    expect(await statusOf(`GET ${middle}`, through('bob'))).toBe(404)
    expect(await statusOf(by(middle, 'outer'), through('bob'))).toBe(200)
    expect(await statusOf(by(middle, 'pay'), through('bob'))).toBe(404)
  })
})

describe('no way leads', () => {
  test('to what a view does not refer to', async () => {
    await expectRefused(by(bonuses, 'pay'), 'through sales.pay: it does not refer to what comes next')
    await expectRefused(by(secrets, 'outer'), 'through sales.outer: it does not refer')
  })

  test('past a view that is left out, turned around, or not the asker’s to begin with', async () => {
    await expectRefused(by(secrets, 'outer', 'inner'), 'through sales.outer: it does not refer')
    await expectRefused(by(secrets, 'outer', 'middle'), 'through sales.middle: it does not refer')
    await expectRefused(by(secrets, 'inner', 'middle', 'outer'), 'through sales.inner, as oidc~bob')
    await expectRefused(by(secrets, 'middle', 'inner'), 'through sales.middle, as oidc~bob')
  })

  test('through a view that is not there, also for who sees everything', async () => {
    await expectRefused(by(salaries, 'nothing'), 'through sales.nothing')
    const member = { type: 'data_admin', user: 'oidc~bob' }
    const project = json<{ 'default-project': { id: string } | null; 'project-id'?: string }>(
      await lake.make('GET /management/v1/project'),
    )
    const id = project['project-id'] ?? ''
    const path = `POST /management/v1/permissions/project/${id}/assignments`
    await lake.make(path, { writes: [member] })
    expect(await statusOf(`GET ${salaries}`, through('bob'))).toBe(200)
    await expectRefused(by(salaries, 'nothing'), 'through sales.nothing: View does not exist')
    await lake.make(path, { deletes: [member] })
    expect(await statusOf(`GET ${salaries}`, through('bob'))).toBe(404)
  })

  test('through a view whose file is gone, and nothing is told of that', async () => {
    await make('lost', 'select * from staff.salaries')
    await make('leading', 'select * from lost', 'alice')
    await select('leading', 'bob')
    const lost = json<{ 'metadata-location': string }>(await lake.ask('GET /namespaces/sales/views/lost'))
    await rm(fileURLToPath(lost['metadata-location']))
    // The other gateway still remembers it.
    const answer = await lake.ask(by(salaries, 'leading', 'lost'), { ...through('bob'), at: lake.there })
    await expectMissing(answer, 'staff.salaries')
    expect((await entryOf(answer)).detail.reason).toContain(lost['metadata-location'])
  })

  test('in a circle, or too far', async () => {
    const outer = '/namespaces/sales/views/outer'
    expect(await statusOf(by(salaries, 'pay', 'pay'), through('bob'))).toBe(400)
    expect(await statusOf(by(outer, 'outer'), through('bob'))).toBe(400)
    const steps = [...Array(11).keys()].map((i) => `step${i}`)
    for (const [i, name] of steps.entries())
      await make(name, i === 10 ? 'select * from staff.salaries' : `select * from step${i + 1}`)
    expect(await statusOf(by(salaries, ...steps.slice(1)), through('alice'))).toBe(200)
    expect(await statusOf(by(salaries, ...steps), through('alice'))).toBe(400)
  })

  test.each([
    ['a view without a namespace', '?referenced-by=pay'],
    ['an empty name', '?referenced-by=sales%1F'],
    ['an empty place', '?referenced-by=sales%1Fpay,'],
    ['two parameters', '?referenced-by=sales%1Fpay&referenced-by=sales%1Fopen'],
    ['broken letters', '?referenced-by=sales%1F%FF'],
  ])('from %s', async (_, query) => {
    expect(await statusOf(`GET ${salaries}${query}`, through('bob'))).toBe(400)
    expect(await statusOf(`GET ${salaries}${query}`, { as: 'alice' })).toBe(200)
  })

  test('for whoever is no engine that knows definers', async () => {
    expect(await statusOf(by(salaries, 'pay'), { as: 'bob' })).toBe(404)
    expect(await statusOf(by(bonuses, 'pay'), { as: 'alice' })).toBe(200)
    const plain = { as: 'plain', headers: { 'X-Plain-User': 'bob' } }
    expect(await statusOf(by(salaries, 'pay'), plain)).toBe(404)
    expect(await statusOf(`GET ${salaries}?referenced-by=`, through('bob'))).toBe(404)
    expect(await statusOf(`GET ${salaries}?referenced-by=`, through('alice'))).toBe(200)
  })
})

describe('names on the way', () => {
  test('may hold what joins them', async () => {
    await lake.make('POST /namespaces', { namespace: ['sales', 'a,b'] })
    const view = { name: 'x,y z+', sql: 'select * from staff.salaries', owner: 'alice' }
    await makeView(lake, ['sales', 'a,b'], view)
    const namespace = await lake.pathOf({ kind: 'namespace', namespace: ['sales', 'a,b'] })
    await lake.grant(namespace, 'select', 'bob')
    const line = `GET ${salaries}${referencedBy(['sales', 'a,b', 'x,y z+'])}`
    expect(await statusOf(line, through('bob'))).toBe(200)
  })

  test('are of this warehouse, where the engine’s catalogs are known', async () => {
    await make('abroad', 'select * from elsewhere.staff.salaries', 'alice')
    await select('abroad', 'bob')
    await expectRefused(by(salaries, 'abroad'), 'it does not refer')
  })
})

describe('what was lent', () => {
  const loadWith = (line: string, tag: string, asking: Asking): Promise<number> =>
    statusOf(line, { ...asking, headers: { ...asking.headers, 'if-none-match': tag } })
  const tagOf = async (line: string, asking: Asking): Promise<string> =>
    (await lake.ask(line, asking)).headers.get('etag') ?? ''

  test('is held by its own tag, and shown again only to who may see it so', async () => {
    const lent = await tagOf(by(salaries, 'pay'), through('bob'))
    const own = await tagOf(`GET ${salaries}`, through('alice'))
    expect(lent).not.toBe(own)
    expect(await loadWith(by(salaries, 'pay'), lent, through('bob'))).toBe(304)
    expect(await loadWith(by(salaries, 'pay'), own, through('bob'))).toBe(200)
    expect(await loadWith(`GET ${salaries}`, lent, through('alice'))).toBe(200)
    expect(await loadWith(`GET ${salaries}`, lent, through('bob'))).toBe(404)
    expect(await loadWith(by(salaries, 'open'), lent, through('bob'))).toBe(404)
    expect(await loadWith(by(salaries, 'pay'), own, through('alice'))).toBe(304)
  })
})
