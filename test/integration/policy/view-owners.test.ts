/** With whose rights an engine reads a view is a property of the view: nobody reads as somebody else by setting it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asking, json, type Lake, openLake } from '../../support/lake.ts'
import { newView } from '../../support/wire.ts'

const property = 'trino.run-as-owner'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['alice', 'bob', 'trino'], {
    'trusted-engines': [
      {
        ...{ name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' },
        'owner-property': property,
      },
    ],
  })
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  const sales = await lake.pathOf({ kind: 'namespace', namespace: ['sales'] })
  for (const right of ['create', 'modify'])
    for (const who of ['alice', 'bob']) await lake.grant(sales, right, who)
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const through = (user: string): Asking => ({ as: 'trino', headers: { 'X-Trino-User': user } })
const create = async (name: string, owner: string | undefined, asking: Asking): Promise<number> => {
  const properties = owner === undefined ? {} : { [property]: owner }
  const body = { ...newView(name), properties }
  return (await lake.ask('POST /namespaces/sales/views', { ...asking, body })).status
}
const view = '/namespaces/sales/views/defined'
const change = async (asking: Asking, ...updates: readonly object[]): Promise<number> =>
  (await lake.ask(`POST ${view}`, { ...asking, body: { requirements: [], updates } })).status
const owned = (owner: string) => ({ action: 'set-properties', updates: { [property]: owner } })

interface Loaded {
  readonly 'metadata-location': string
  readonly metadata: {
    readonly properties: Readonly<Record<string, string>>
    readonly versions: readonly object[]
  }
}
const loaded = async () => json<Loaded>(await lake.ask(`GET ${view}`))
const anotherQuery = async () => {
  const [version] = (await loaded()).metadata.versions
  const representations = [{ type: 'sql', sql: 'select * from staff.salaries', dialect: 'spark' }]
  return { action: 'add-view-version', 'view-version': { ...version, 'version-id': 7, representations } }
}

describe('the definer of a view', () => {
  test('is named by the engine, as the user for whom it asks', async () => {
    expect(await create('spoofed', 'alice', { as: 'bob' })).toBe(403)
    expect(await create('spoofed', 'alice', through('bob'))).toBe(403)
    expect(await create('plain', undefined, { as: 'bob' })).toBe(200)
    expect(await create('defined', 'alice', through('alice'))).toBe(200)
  })

  test('is changed by nobody else, and not taken away', async () => {
    expect(await change({ as: 'bob' }, owned('bob'))).toBe(403)
    expect(await change({ as: 'alice' }, owned('alice'))).toBe(403)
    expect(await change(through('bob'), owned('alice'))).toBe(403)
    expect(await change({ as: 'bob' }, { action: 'SET-PROPERTIES', updated: { [property]: 'alice' } })).toBe(
      403,
    )
    const removals = { action: 'remove-properties', removals: [property] }
    expect(await change({ as: 'bob' }, removals)).toBe(403)
    const spelled = { action: 'set-properties', updates: { [property.toUpperCase()]: 'alice' } }
    expect(await change({ as: 'bob' }, spelled)).toBe(403)
    expect(await change({ as: 'bob' }, { action: 'set-properties', updates: { comment: 'hers' } })).toBe(200)
    expect((await loaded()).metadata.properties[property]).toBe('alice')
  })

  test('has no query put under the name that is not his', async () => {
    const current = { action: 'set-current-view-version', 'view-version-id': -1 }
    expect(await change({ as: 'bob' }, await anotherQuery(), current)).toBe(403)
    expect(await change(through('bob'), await anotherQuery(), current)).toBe(403)
    expect(await change(through('bob'), await anotherQuery(), current, owned('bob'))).toBe(200)
    expect((await loaded()).metadata.properties[property]).toBe('bob')
  })

  test('is not brought along by a file that is registered', async () => {
    const file = (await loaded())['metadata-location']
    await lake.make('DELETE /namespaces/sales/views/defined')
    const body = { name: 'brought', 'metadata-location': file }
    expect((await lake.ask('POST /namespaces/sales/register-view', { as: 'alice', body })).status).toBe(403)
  })
})
