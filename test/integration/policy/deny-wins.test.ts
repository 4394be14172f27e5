/** Ways around a rule that forbids, each of them shut: by an emergency, by a register, by asking for somebody else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asking, json, type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob'])
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  for (const name of ['orders', 'branched', 'free']) await lake.makeTable(['sales'], name)
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const manage = (line: string, asking: Asking = {}) => {
  const [method = '', path = ''] = line.split(' ')
  return lake.ask(`${method} /management/v1/${path}`, asking)
}
const tablePath = (name: string) => lake.pathOf({ kind: 'table', namespace: ['sales'], name })
const idOf = (path: string): string => path.split('/').at(-1) ?? ''

/** A tag of the name, on the table. */
const tag = async (path: string, name: string): Promise<void> => {
  const body = { name, 'value-kind': 'marker', scope: ['table'] }
  await lake.make('POST /management/v1/tag-definition', body)
  await lake.make(`PUT /management/v1/${path}/tags/${name}`, {})
}

interface Rule {
  readonly id: string
  readonly text: string
  readonly does: string
  readonly tag: string
}

const addRule = async ({ id, text, does, tag: name }: Rule): Promise<void> => {
  const { sources } = json<{ sources: Record<string, string> }>(await lake.make('GET /management/v1/rules'))
  const table = `cases: [{ name: x, who: { kind: user, id: oidc~bob }, does: [${does}], to: { kind: table, path: a/b, tags: { ${name}: "" } }, expect: deny, by: [${id}] }]`
  const more = { [`${id}.cedar`]: text, [`${id}.decisions.yaml`]: table }
  await lake.make('PUT /management/v1/rules', { sources: { ...sources, ...more } })
}

describe('access in an emergency', () => {
  const body = async (name: string) => ({
    ...{ 'object-type': 'table', 'object-id': idOf(await tablePath(name)), relation: 'select' },
    ...{ reason: 'the house is on fire', 'duration-seconds': 60 },
  })

  test('is the same one to whoever repeats the request', async () => {
    await lake.grant('project', 'security_admin', 'alice')
    const headers = { 'idempotency-key': '0190a1b2-0000-7000-8000-0000000000e1' }
    const open = async () => manage('POST break-glass', { as: 'alice', headers, body: await body('free') })
    const first = await open()
    const again = await open()
    expect([first.status, again.status], again.text).toEqual([201, 201])
    expect(json(again)).toEqual(json(first))
  })

  test('is not opened to an object on which a rule lets nobody grant', async () => {
    await tag(await tablePath('orders'), 'no-grants')
    await addRule({
      ...{ id: 'no-grants', does: 'grant', tag: 'no-grants' },
      text: '@id("no-grants") forbid (principal, action == Action::"grant", resource is Table) when { resource.hasTag("no-grants") };',
    })
    const path = await tablePath('orders')
    const writes = [{ type: 'select', user: 'oidc~alice' }]
    const given = await manage(`POST permissions/${path}/assignments`, { as: 'alice', body: { writes } })
    expect(given.status, given.text).toBe(403)
    const opened = await manage('POST break-glass', { as: 'alice', body: await body('orders') })
    expect(opened.status, opened.text).toBe(403)
  })
})

describe('the branch main', () => {
  test('is not moved by registering other metadata over the table', async () => {
    const path = await tablePath('branched')
    await lake.grant(path, 'modify', 'bob')
    const sales = await lake.pathOf({ kind: 'namespace', namespace: ['sales'] })
    await lake.grant(sales, 'create', 'bob')
    const loaded = await lake.ask('GET /namespaces/sales/tables/branched', { as: 'bob' })
    const file = json<{ 'metadata-location': string }>(loaded)['metadata-location']
    const register = () =>
      lake.ask('POST /namespaces/sales/register', {
        ...{ as: 'bob', body: { name: 'branched', 'metadata-location': file, overwrite: true } },
      })
    expect((await register()).status).toBe(200)
    await tag(path, 'protected-main')
    const refused = await register()
    expect(refused.status, refused.text).toBe(403)
  })
})

describe('whoever asks about a service account', () => {
  test('is told what the rules leave of its rights, not of a user’s', async () => {
    const path = await tablePath('free')
    const made = json<{ id: string }>(
      await lake.make('POST /management/v1/service-account', { name: 'loader' }),
    )
    await lake.make(`POST /management/v1/permissions/${path}/assignments`, {
      writes: [{ type: 'select', user: made.id }],
    })
    await addRule({
      ...{ id: 'people-only', does: 'read', tag: 'people-only' },
      text: '@id("people-only") forbid (principal is User, action == Action::"read", resource is Table) when { resource.hasTag("people-only") };',
    })
    await tag(path, 'people-only')
    const asked = {
      identity: { user: made.id },
      operation: {
        table: { action: 'read_data', 'warehouse-id': lake.warehouse, namespace: ['sales'], table: 'free' },
      },
    }
    expect(json(await manage('POST permissions/check', { body: asked }))).toEqual({ allowed: true })
    const reach = await manage(`GET permissions/${path}/reach?action=read`)
    expect(json<{ reach: { user: string }[] }>(reach).reach.map(({ user }) => user)).toContain(made.id)
  })
})
