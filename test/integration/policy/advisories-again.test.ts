/** What was allowed once, asked again: after it was taken back, by somebody else, by whoever got the name or the id since. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asking, json, type Lake, openLake } from '../../support/lake.ts'
import { newTable, schema } from '../../support/wire.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob', 'carol', 'dave'])
  for (const namespace of [['sales'], ['other'], ['mine']]) await lake.make('POST /namespaces', { namespace })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const both = () => [lake.here, lake.there]
const namespacePath = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })
const tablePath = (name: string, namespace = 'sales') =>
  lake.pathOf({ kind: 'table', namespace: [namespace], name })
const table = (name: string, namespace = 'sales') => `/namespaces/${namespace}/tables/${name}`
const statusOf = async (line: string, asking: Asking): Promise<number> =>
  (await lake.ask(line, asking)).status
const makeRole = async (name: string): Promise<string> =>
  json<{ id: string }>(await lake.make('POST /management/v1/role', { name })).id
const properties = (updates: object) => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates }],
})
const placeOf = async (name: string) =>
  json<{ 'metadata-location': string; metadata: { location: string } }>(await lake.ask(`GET ${table(name)}`))

describe('a request that is repeated', () => {
  const key = '0190a1b2-0000-7000-8000-00000000000a'
  const create = (as: string, name: string) =>
    lake.ask('POST /namespaces/mine/tables', {
      ...{ as, body: newTable(name), headers: { 'idempotency-key': key } },
    })

  test('is allowed anew: whoever may not do it any more is told nothing of what came of it', async () => {
    const mine = await namespacePath('mine')
    await lake.grant(mine, 'create', 'alice')
    expect((await create('alice', 'repeated')).status).toBe(200)
    expect((await create('alice', 'repeated')).status).toBe(200)
    await lake.revoke(mine, 'create', 'alice')
    await lake.revoke(await tablePath('repeated', 'mine'), 'ownership', 'alice')
    expect((await create('alice', 'repeated')).status).toBe(404)
  })

  test('is another one from somebody else, who learns nothing by the key', async () => {
    expect((await create('bob', 'repeated')).status).toBe(404)
    await lake.grant(await namespacePath('mine'), 'create', 'bob')
    expect((await create('bob', 'repeated')).status).toBe(409)
  })
})

describe('what a client holds of a table', () => {
  test('is confirmed to nobody who may not see it any more', async () => {
    await lake.makeTable(['sales'], 'held')
    const path = await tablePath('held')
    await lake.grant(path, 'select', 'carol')
    const first = await lake.ask(`GET ${table('held')}`, { as: 'carol' })
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    for (const at of both())
      expect(await statusOf(`GET ${table('held')}`, { as: 'carol', at, headers })).toBe(304)
    await lake.revoke(path, 'select', 'carol')
    for (const at of both()) {
      expect(await statusOf(`GET ${table('held')}`, { as: 'carol', at, headers })).toBe(404)
      expect(
        await statusOf(`GET ${table('held')}`, { as: 'carol', at, headers: { 'if-none-match': '*' } }),
      ).toBe(404)
      expect(await statusOf(`GET ${table('held')}`, { as: 'bob', at, headers })).toBe(404)
    }
  })
})

describe('the token of a page', () => {
  interface Page {
    readonly identifiers: readonly { readonly name: string }[]
    readonly 'next-page-token'?: string
  }
  const page = (asking: Asking, token = '', size = 1) =>
    lake.ask(`GET /namespaces/other/tables?pageSize=${size}&pageToken=${encodeURIComponent(token)}`, asking)

  test('is worth nothing to another, under another role, or after the grant ended', async () => {
    for (const name of ['a', 'b', 'c']) await lake.makeTable(['other'], name)
    const other = await namespacePath('other')
    const role = await makeRole('pagers')
    await lake.make(`POST /management/v1/role/${role}/members`, {
      members: [{ type: 'user', id: 'oidc~dave' }],
    })
    for (const who of ['dave', 'carol', `role:${role}`]) await lake.grant(other, 'select', who)
    const first = json<Page>(await page({ as: 'dave' }))
    const token = first['next-page-token'] ?? ''
    expect([first.identifiers.map(({ name }) => name), token === '']).toEqual([['a'], false])
    expect((await page({ as: 'carol' }, token)).status).toBe(400)
    expect((await page({ as: 'dave', headers: { 'x-assume-role': role } }, token)).status).toBe(400)
    expect(json<Page>(await page({ as: 'dave', at: lake.there }, token)).identifiers).toMatchObject([
      { name: 'b' },
    ])
    await lake.revoke(other, 'select', 'dave')
    await lake.revoke(other, 'select', `role:${role}`)
    const next = async (asking: Asking = {}) => (await page({ as: 'dave', ...asking }, token)).status
    expect(await next()).toBe(404)
    // A listing needs the namespace, whose grants another gateway forgets when it hears of it.
    await expect.poll(() => next({ at: lake.there }), { timeout: 6_000 }).toBe(404)
    await lake.grant(await tablePath('c', 'other'), 'select', 'dave')
    expect(json<Page>(await page({ as: 'dave' }, token, 10)).identifiers).toMatchObject([{ name: 'c' }])
  })
})

describe('whoever comes back', () => {
  test('as a role of the same name has nothing of the one before', async () => {
    await lake.makeTable(['sales'], 'roles')
    const path = await tablePath('roles')
    const before = await makeRole('passing')
    await lake.grant(path, 'select', `role:${before}`)
    await lake.make(`DELETE /management/v1/role/${before}`)
    const after = await makeRole('passing')
    await lake.make(`POST /management/v1/role/${after}/members`, {
      members: [{ type: 'user', id: 'oidc~bob' }],
    })
    for (const at of both()) expect(await statusOf(`GET ${table('roles')}`, { as: 'bob', at })).toBe(404)
    expect((await lake.ask(`GET /management/v1/permissions/${path}/assignments`)).text).not.toContain(before)
  })

  test('after having been deleted has nothing, and is let in by nobody else’s making', async () => {
    await lake.makeTable(['sales'], 'left')
    const path = await tablePath('left')
    await lake.grant(path, 'select', 'carol')
    await lake.make('DELETE /management/v1/user/oidc~carol')
    for (const at of both())
      await expect
        .poll(() => statusOf(`GET ${table('left')}`, { as: 'carol', at }), { timeout: 6_000 })
        .not.toBe(200)
    const rows = await lake.replicas.db.database.query(
      "select 1 from relation_tuple where subject_id = 'oidc~carol'",
    )
    expect(rows).toEqual([])
  })
})

describe('a grant that ends', () => {
  test('ends on every gateway at its time, whatever is remembered of it', async () => {
    await lake.makeTable(['sales'], 'ending')
    const path = await tablePath('ending')
    const end = Date.now() + 3_000
    await lake.make(`POST /management/v1/permissions/${path}/assignments`, {
      writes: [{ type: 'select', user: 'oidc~bob', 'expires-at': new Date(end).toISOString() }],
    })
    const asked: { readonly status: number; readonly began: number; readonly ended: number }[] = []
    for (;;) {
      for (const at of both()) {
        const began = Date.now()
        const status = await statusOf(`GET ${table('ending')}`, { as: 'bob', at })
        asked.push({ status, began, ended: Date.now() })
      }
      if ((asked.at(-1)?.began ?? 0) > end + 200) break
    }
    expect(asked.filter(({ began, status }) => began > end && status !== 404)).toEqual([])
    expect(asked.filter(({ ended, status }) => ended < end && status !== 200)).toEqual([])
  })
})

// CVE-2026-42809 and CVE-2026-42812 (Polaris): a location of the caller's choosing, by a staged create or a property.
describe('a place of one’s own choosing', () => {
  const keys = [
    'write.data.path',
    'write.metadata.path',
    'write.object-storage.path',
    'write.folder-storage.path',
  ]

  test('is not another table’s, however it is said', async () => {
    await lake.makeTable(['sales'], 'victim')
    const { metadata, 'metadata-location': file } = await placeOf('victim')
    await lake.grant(await namespacePath('mine'), 'create', 'dave')
    const places = [metadata.location, `${metadata.location}/data/deep`, file.slice(0, file.lastIndexOf('/'))]
    const bodies = places.flatMap((place) => [
      { ...newTable('greedy'), location: place },
      { ...newTable('greedy'), location: place, 'stage-create': true },
      ...keys.flatMap((key) => [
        { ...newTable('greedy'), properties: { [key]: place } },
        { ...newTable('greedy'), properties: { [key]: place }, 'stage-create': true },
      ]),
    ])
    for (const body of bodies) {
      const answer = await lake.ask('POST /namespaces/mine/tables', { as: 'dave', body })
      expect([answer.status, answer.text.includes('victim')], JSON.stringify(body)).toEqual([400, false])
    }
    expect(
      (await lake.ask('POST /namespaces/mine/tables', { as: 'dave', body: newTable('dwarf') })).status,
    ).toBe(200)
    for (const key of keys)
      expect(
        await statusOf(`POST ${table('dwarf', 'mine')}`, {
          as: 'dave',
          body: properties({ [key]: metadata.location }),
        }),
        key,
      ).toBe(400)
  })

  test('is not the place of all, nor one that steps out of it in another spelling', async () => {
    const { metadata } = await placeOf('victim')
    const root = metadata.location.slice(0, metadata.location.lastIndexOf('/'))
    const odd = [
      root,
      `${root}/`,
      `${root}/x/../${metadata.location.slice(root.length + 1)}`,
      `${root}/%2e%2e/x`,
      `${root}//x`,
      root.replace('file://', 'FILE://localhost'),
      `${root}/x?y`,
      `${root}/x#y`,
      `${root}-of-others/x`,
      's3://elsewhere/x',
      '/etc',
    ]
    for (const location of odd) {
      const body = { ...newTable('odd'), location, 'stage-create': true }
      expect(await statusOf('POST /namespaces/mine/tables', { as: 'dave', body }), location).toBe(400)
    }
  })

  test('of a namespace makes none of its tables another’s', async () => {
    const { metadata } = await placeOf('victim')
    await lake.grant(`warehouse/${lake.warehouse}`, 'create', 'dave')
    const body = { namespace: ['steered'], properties: { location: `${metadata.location}/data` } }
    const made = await lake.ask('POST /namespaces', { as: 'dave', body })
    if (made.status === 200) {
      const created = await lake.ask('POST /namespaces/steered/tables', { as: 'dave', body: newTable('t') })
      expect([created.status, created.text.includes('victim')]).toEqual([400, false])
    } else expect(made.status).toBe(400)
    await lake.revoke(`warehouse/${lake.warehouse}`, 'create', 'dave')
  })

  // CVE-2026-42810 (Polaris): `*` in a name became a pattern of the policy that credentials were cut by.
  test('has no name of a table in it: neither a pattern nor a way up', async () => {
    for (const name of ['*', '*.*', '?', '..', '$\u007baws:username}', '%2e%2e', 'a/b', '[a-z]']) {
      const made = await lake.ask('POST /namespaces/mine/tables', { as: 'dave', body: newTable(name) })
      if (made.status !== 200) continue
      const { location } = json<{ metadata: { location: string } }>(made).metadata
      expect(location, name).toMatch(/\/[0-9a-f-]{36}$/)
    }
  })
})

// A commit that asserts absence is a create, whatever else it says.
describe('the second half of a staged create', () => {
  const second = (name: string, namespace = 'sales') => ({
    identifier: { namespace: [namespace], name },
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid: crypto.randomUUID() },
      { action: 'upgrade-format-version', 'format-version': 2 },
      ...[{ action: 'add-schema', schema, 'last-column-id': 1 }],
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })

  test('needs the right to create, alone and in a transaction, beside whatever else is allowed', async () => {
    await lake.grant(await namespacePath('sales'), 'modify', 'bob')
    await lake.makeTable(['sales'], 'besides')
    const { identifier: _, ...body } = second('new')
    expect(await statusOf(`POST ${table('new')}`, { as: 'bob', body })).toBe(403)
    const besides = { identifier: { namespace: ['sales'], name: 'besides' }, ...properties({ a: 'b' }) }
    const changes = { 'table-changes': [besides, second('new')] }
    expect(await statusOf('POST /transactions/commit', { as: 'bob', body: changes })).toBe(403)
    expect((await lake.ask(`GET ${table('besides')}`)).text).not.toContain('"a":"b"')
    await lake.revoke(await namespacePath('sales'), 'modify', 'bob')
  })

  test('of two kinds of requirement is a create, which what is there refuses', async () => {
    const { metadata } = json<{ metadata: { 'table-uuid': string } }>(
      await lake.ask(`GET ${table('besides')}`),
    )
    const uuid = { type: 'assert-table-uuid', uuid: metadata['table-uuid'] }
    await lake.grant(await namespacePath('sales'), 'create', 'dave')
    for (const requirements of [
      [{ type: 'assert-create' }, uuid],
      [uuid, { type: 'assert-create' }],
      [{ type: 'ASSERT-CREATE' }, uuid],
    ]) {
      const body = { requirements, updates: properties({ stolen: 'yes' }).updates }
      expect(await statusOf(`POST ${table('besides')}`, { as: 'dave', body })).toBeGreaterThanOrEqual(400)
    }
    expect((await lake.ask(`GET ${table('besides')}`)).text).not.toContain('stolen')
  })
})

// Log forging: whoever can put a line break, or the end of an entry, into the record writes the record.
describe('the record of what was asked', () => {
  const exported = async (requestId: string): Promise<readonly string[]> => {
    const line = `GET /management/v1/server/audit/export?requestId=${requestId}`
    const text = async () => (await lake.ask(line)).text
    await expect.poll(text, { timeout: 20_000 }).not.toBe('')
    return (await text()).split('\n').filter((one) => one !== '')
  }

  test('has one line for each, whatever names and headers hold', async () => {
    const name = 'x"}\u2028{"decision":"allow"\u2029\\u000a\u0085'
    const headers = { 'user-agent': 'a"}\u0085{"principal":"token:static"\u00a0\\n' }
    const answer = await lake.ask(`GET ${table(encodeURIComponent(name))}`, { as: 'bob', headers })
    expect(answer.status).toBe(404)
    const lines = await exported(answer.headers.get('x-request-id') ?? '')
    expect(lines.map((one) => JSON.parse(one))).toMatchObject([
      { principal: 'oidc~bob', decision: 'denied', detail: { needs: [{ resource: { name } }] } },
    ])
  })

  test('is bounded, and says how much was left out', async () => {
    const long = 'n'.repeat(200)
    const changes = Array.from({ length: 1_000 }, (_, i) => ({
      identifier: { namespace: ['sales'], name: `${long}${i}` },
      ...properties({ a: 'b' }),
    }))
    const commit = (some: readonly object[]) =>
      lake.ask('POST /transactions/commit', { as: 'bob', body: { 'table-changes': some } })
    const answer = await commit(changes)
    expect(answer.status).toBe(404)
    const [line = ''] = await exported(answer.headers.get('x-request-id') ?? '')
    const { detail } = JSON.parse(line) as { detail: { needs: object[]; needsOmitted: number } }
    expect(line.length).toBeLessThan(80_000)
    expect(detail.needs.length + detail.needsOmitted).toBe(1_000)
    const more = { identifier: { namespace: ['sales'], name: 'one-more' }, ...properties({ a: 'b' }) }
    expect((await commit([...changes, more])).status).toBe(400)
  })
})
