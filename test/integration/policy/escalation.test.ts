/** Ways to more than one has been granted, each of them shut: on two gateways that share a store. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'
import { newTable, newView } from '../../support/wire.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob', 'carol', 'dave', 'erin'])
  for (const namespace of [['sales'], ['other'], ['mine']]) await lake.make('POST /namespaces', { namespace })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const both = () => [lake.here, lake.there]
const table = (name: string, namespace = 'sales') => `GET /namespaces/${namespace}/tables/${name}`
const loads = async (name: string, as: string, namespace?: string): Promise<readonly number[]> => {
  const statuses: number[] = []
  for (const at of both()) statuses.push((await lake.ask(table(name, namespace), { as, at })).status)
  return statuses
}
const makeGranted = async (name: string, relation: string, who: string): Promise<string> => {
  await lake.makeTable(['sales'], name)
  const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name })
  await lake.grant(path, relation, who)
  return path
}
const namespacePath = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })
const rename = (from: readonly [string, string], to: readonly [string, string]) => ({
  source: { namespace: [from[0]], name: from[1] },
  destination: { namespace: [to[0]], name: to[1] },
})
const messageOf = (answer: { readonly text: string }): string =>
  json<{ error: { message: string } }>(answer).error.message

describe('a grant', () => {
  test('that is taken back is worth nothing with the next request, on every gateway', async () => {
    const path = await makeGranted('revoked', 'select', 'bob')
    expect(await loads('revoked', 'bob')).toEqual([200, 200])
    await lake.revoke(path, 'select', 'bob')
    expect(await loads('revoked', 'bob')).toEqual([404, 404])
  })

  test('shows what it lies in, and nothing beside it', async () => {
    await makeGranted('shown', 'select', 'dave')
    await lake.makeTable(['sales'], 'hidden')
    for (const at of both()) {
      expect(await lake.names('GET /namespaces', { as: 'dave', at })).toEqual(['sales'])
      expect(await lake.names('GET /namespaces/sales/tables', { as: 'dave', at })).toEqual(['shown'])
    }
    expect(await loads('hidden', 'dave')).toEqual([404, 404])
    expect((await lake.ask('GET /namespaces/other', { as: 'dave' })).status).toBe(404)
    const config = await lake.ask('GET /catalog/v1/config?warehouse=lake', { as: 'dave' })
    expect(config.status).toBe(200)
  })

  test('shows the project and the warehouse that it is in, and no role, account or member of them', async () => {
    await makeGranted('leading', 'describe', 'dave')
    const list = async (path: string, member: string, as: string) => {
      const answer = await lake.ask(`GET /management/v1/${path}`, { as })
      return answer.status === 200 ? json<Record<string, unknown[]>>(answer)[member]?.length : answer.status
    }
    await lake.make('POST /management/v1/role', { name: 'unseen' })
    await lake.make('POST /management/v1/service-account', { name: 'unseen' })
    expect(await list('project-list', 'projects', 'dave')).toBe(1)
    expect(await list('warehouse', 'warehouses', 'dave')).toBe(1)
    expect(await list('role', 'roles', 'dave')).toBe(0)
    expect(await list('service-account', 'service-accounts', 'dave')).toBe(0)
    expect(await list('project-list', 'projects', 'erin')).toBe(0)
    expect(await list('warehouse', 'warehouses', 'erin')).toBe(404)
  })

  test('is on one name, to the byte: no other case, form, or space', async () => {
    await makeGranted('caf\u00e9', 'select', 'bob')
    expect((await lake.ask(table(encodeURIComponent('caf\u00e9')), { as: 'bob' })).status).toBe(200)
    for (const other of [
      'CAF\u00c9',
      'cafe\u0301',
      'caf\u00e9 ',
      ' caf\u00e9',
      'caf\u00e9.',
      'caf\u0435\u0301',
    ]) {
      await lake.makeTable(['sales'], other)
      const answer = await lake.ask(table(encodeURIComponent(other)), { as: 'bob' })
      expect([answer.status, messageOf(answer)]).toEqual([404, `Table does not exist: sales.${other}`])
    }
    const seen = await lake.names('GET /namespaces/sales/tables', { as: 'bob' })
    expect(seen.filter((name) => name.toLowerCase().startsWith('caf'))).toEqual(['caf\u00e9'])
  })

  test('on a namespace ends with it: who makes one of that name anew shares it with nobody', async () => {
    await lake.make('POST /namespaces', { namespace: ['passing'] })
    await lake.grant(await namespacePath('passing'), 'select', 'carol')
    await lake.make('DELETE /namespaces/passing')
    await lake.make('POST /namespaces', { namespace: ['passing'] })
    await lake.makeTable(['passing'], 't')
    expect(await loads('t', 'carol', 'passing')).toEqual([404, 404])
  })
})

describe('whoever creates', () => {
  test('meets the new table at once, after a look that found nothing, on every gateway', async () => {
    await lake.grant(await namespacePath('mine'), 'create', 'alice')
    expect(await loads('fresh', 'alice', 'mine')).toEqual([404, 404])
    const made = await lake.ask('POST /namespaces/mine/tables', { as: 'alice', body: newTable('fresh') })
    expect(made.status, made.text).toBe(200)
    expect(await loads('fresh', 'alice', 'mine')).toEqual([200, 200])
    expect((await lake.ask('DELETE /namespaces/mine/tables/fresh', { as: 'alice' })).status).toBe(204)
    await lake.makeTable(['mine'], 'fresh')
    const again = await lake.ask('DELETE /namespaces/mine/tables/fresh', { as: 'alice' })
    expect(again.status).toBe(403)
  })
})

describe('a rename', () => {
  const move = (from: readonly [string, string], to: readonly [string, string], as: string) =>
    lake.ask('POST /tables/rename', { as, body: rename(from, to) })

  test('takes the right to the table, and to create where it goes', async () => {
    await makeGranted('held', 'modify', 'bob')
    await makeGranted('read', 'select', 'bob')
    expect((await move(['sales', 'held'], ['other', 'held'], 'bob')).status).toBe(404)
    await lake.grant(await namespacePath('other'), 'create', 'bob')
    expect((await move(['sales', 'read'], ['other', 'read'], 'bob')).status).toBe(403)
    expect((await move(['sales', 'hidden'], ['other', 'hidden'], 'bob')).status).toBe(404)
    expect((await move(['sales', 'held'], ['other', 'held'], 'bob')).status).toBe(204)
    expect(await loads('held', 'bob', 'other')).toEqual([200, 200])
  })

  test('ends at once what was inherited from where the table was', async () => {
    await lake.makeTable(['sales'], 'inherited')
    const sales = await namespacePath('sales')
    await lake.grant(sales, 'select', 'carol')
    expect(await loads('inherited', 'carol')).toEqual([200, 200])
    await lake.make('POST /tables/rename', rename(['sales', 'inherited'], ['other', 'inherited']))
    expect(await loads('inherited', 'carol')).toEqual([404, 404])
    expect(await loads('inherited', 'carol', 'other')).toEqual([404, 404])
    await lake.revoke(sales, 'select', 'carol')
  })

  test('onto the name of another table gives nothing of that one', async () => {
    await makeGranted('target', 'select', 'bob')
    await lake.make('DELETE /namespaces/sales/tables/target')
    await lake.makeTable(['sales'], 'secret')
    await lake.make('POST /tables/rename', rename(['sales', 'secret'], ['sales', 'target']))
    expect(await loads('target', 'bob')).toEqual([404, 404])
  })
})

describe('a place of files', () => {
  const fileOf = async (name: string): Promise<{ file: string; location: string }> => {
    const loaded = json<{ 'metadata-location': string; metadata: { location: string } }>(
      await lake.ask(table(name)),
    )
    return { file: loaded['metadata-location'], location: loaded.metadata.location }
  }

  test('of another table is not registered by whoever knows it, and its name is not told', async () => {
    await lake.makeTable(['sales'], 'guarded')
    await lake.grant(await namespacePath('mine'), 'create', 'dave')
    const { file } = await fileOf('guarded')
    const body = { name: 'stolen', 'metadata-location': file }
    const answer = await lake.ask('POST /namespaces/mine/register', { as: 'dave', body })
    expect(answer.status).toBe(409)
    expect(messageOf(answer)).not.toContain('guarded')
    expect(await loads('stolen', 'dave', 'mine')).toEqual([404, 404])
  })

  test('of another table is not taken by creating or moving one there', async () => {
    const { location } = await fileOf('guarded')
    const at = { ...newTable('inside'), location: `${location}/data` }
    const created = await lake.ask('POST /namespaces/mine/tables', { as: 'dave', body: at })
    expect([created.status, created.text.includes('guarded')]).toEqual([400, false])
    await lake.ask('POST /namespaces/mine/tables', { as: 'dave', body: newTable('own') })
    const updates = [{ action: 'set-location', location }]
    const moved = await lake.ask('POST /namespaces/mine/tables/own', {
      as: 'dave',
      body: { requirements: [], updates },
    })
    expect([moved.status, moved.text.includes('guarded')]).toEqual([400, false])
  })

  test('is not overwritten by a register over a table that one may only read', async () => {
    await makeGranted('overwritten', 'select', 'dave')
    await lake.grant(await namespacePath('sales'), 'create', 'dave')
    const { file } = await fileOf('overwritten')
    const body = { name: 'overwritten', 'metadata-location': file, overwrite: true }
    expect((await lake.ask('POST /namespaces/sales/register', { as: 'dave', body })).status).toBe(403)
  })
})

describe('a commit', () => {
  const commit = (name: string, as: string, ...updates: readonly object[]) =>
    lake.ask(`POST /namespaces/sales/tables/${name}`, { as, body: { requirements: [], updates } })

  test('does what has been granted and nothing else, alone or in a transaction', async () => {
    await makeGranted('narrow', 'set_properties', 'bob')
    const properties = { action: 'set-properties', updates: { k: '1' } }
    const schema = { action: 'set-current-schema', 'schema-id': 0 }
    expect((await commit('narrow', 'bob', properties)).status).toBe(200)
    expect((await commit('narrow', 'bob', schema)).status).toBe(403)
    expect((await commit('narrow', 'bob', properties, schema)).status).toBe(403)
    const path = { action: 'set-properties', updates: { 'write.data.path': 'file:///elsewhere' } }
    expect((await commit('narrow', 'bob', path)).status).toBe(403)
    const change = (name: string) => ({
      identifier: { namespace: ['sales'], name },
      requirements: [],
      updates: [properties],
    })
    const together = { 'table-changes': [change('narrow'), change('guarded')] }
    expect((await lake.ask('POST /transactions/commit', { as: 'bob', body: together })).status).toBe(404)
    const alone = { 'table-changes': [change('narrow')] }
    expect((await lake.ask('POST /transactions/commit', { as: 'bob', body: alone })).status).toBe(204)
  })
})

describe('a view', () => {
  test('shows its text, and opens none of the tables that it is over', async () => {
    await lake.makeTable(['sales'], 'under')
    await lake.make('POST /namespaces/sales/views', newView('over'))
    const path = await lake.pathOf({ kind: 'view', namespace: ['sales'], name: 'over' })
    await lake.grant(path, 'select', 'alice')
    expect((await lake.ask('GET /namespaces/sales/views/over', { as: 'alice' })).status).toBe(200)
    expect(await loads('under', 'alice')).toEqual([404, 404])
    expect(await lake.names('GET /namespaces/sales/views', { as: 'alice' })).toEqual(['over'])
  })

  test('is not put over a table by whoever may only create, nor a table over a view', async () => {
    await lake.makeTable(['mine'], 'both')
    const made = await lake.ask('POST /namespaces/mine/views', { as: 'alice', body: newView('both') })
    expect(made.status).toBe(409)
    const over = { name: 'both', 'metadata-location': 'file:///none', overwrite: true }
    const registered = await lake.ask('POST /namespaces/mine/register-view', { as: 'alice', body: over })
    expect(registered.status).toBe(403)
  })
})

describe('a role that one acts with', () => {
  test('gives what it has and no more, and is one of one’s own', async () => {
    const makeRole = async (name: string) =>
      json<{ id: string }>(await lake.make('POST /management/v1/role', { name })).id
    const [own, foreign] = [await makeRole('own'), await makeRole('foreign')]
    const members = { members: [{ type: 'user', id: 'oidc~alice' }] }
    await lake.make(`POST /management/v1/role/${own}/members`, members)
    const path = await makeGranted('of-the-role', 'select', 'alice')
    await lake.revoke(path, 'select', 'alice')
    await lake.grant(path, 'select', `role:${own}`)
    const personal = await makeGranted('personal', 'select', 'alice')
    const acting = (name: string, role: string) =>
      lake.ask(table(name), { as: 'alice', headers: { 'x-assume-role': role } })
    expect(await loads('of-the-role', 'alice')).toEqual([200, 200])
    expect((await acting('of-the-role', own)).status).toBe(200)
    expect((await acting('personal', own)).status).toBe(404)
    await lake.grant(personal, 'select', `role:${foreign}`)
    expect((await acting('personal', foreign)).status).toBe(403)
    await lake.revoke(path, 'select', `role:${own}`)
    expect(await loads('of-the-role', 'alice')).toEqual([404, 404])
  })
})
