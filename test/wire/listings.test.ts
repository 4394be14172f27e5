/** Listings at the wire: pages, sealed tokens, mounts that are out, and what may not be seen. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { createDenyList } from '../support/deny-list.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { call, fill, newTable } from '../support/wire.ts'

interface Listed {
  readonly namespaces?: readonly (readonly string[])[]
  readonly identifiers?: readonly { readonly name: string }[]
  readonly 'next-page-token'?: string | null
}

const list = async (gateway: MemoryGateway, path: string): Promise<Listed> => {
  const reply = await call(gateway, `GET ${path}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.json as Listed
}

/** Follows tokens as the reference client does; fails on a listing without end. */
const follow = async (gateway: MemoryGateway, path: string, size: number): Promise<readonly Listed[]> => {
  const pages: Listed[] = []
  let token: string | null | undefined = ''
  while (token !== null && token !== undefined) {
    pages.push(await list(gateway, `${path}?pageSize=${size}&pageToken=${encodeURIComponent(token)}`))
    token = pages.at(-1)?.['next-page-token']
    expect(token).not.toBe('')
    expect(pages.length).toBeLessThan(1000)
  }
  return pages
}

const names = (pages: readonly Listed[]): readonly string[] =>
  pages.flatMap((page) => page.identifiers?.map((one) => one.name) ?? [])

describe('pages', () => {
  let gateway: MemoryGateway
  const all = Array.from({ length: 25 }, (_, i) => `t${i}`).sort()
  beforeAll(async () => {
    gateway = await startMemoryGateway()
    await fill(gateway)
    await call(gateway, 'DELETE /namespaces/a/tables/t')
    for (const name of all) await call(gateway, 'POST /namespaces/a/tables', { body: newTable(name) })
    await call(gateway, 'POST /namespaces', { body: { namespace: ['b'], properties: {} } })
  })
  afterAll(() => gateway.stop())

  test('are not made where nobody asked for them', async () => {
    const whole = await list(gateway, '/namespaces/a/tables')
    expect(names([whole])).toEqual(all)
    expect(whole['next-page-token'] ?? null).toBeNull()
    expect(names([await list(gateway, '/namespaces/a/tables?pageSize=3')])).toEqual(all)
  })

  test.each([1, 7, 25, 1000])('of %i items hold everything once', async (size) => {
    const pages = await follow(gateway, '/namespaces/a/tables', size)
    expect(names(pages)).toEqual(all)
    for (const page of pages) expect(page.identifiers?.length).toBeLessThanOrEqual(size)
  })

  test('go on under a parent that its client has encoded twice', async () => {
    for (const namespace of [['x y'], ['x y', '1'], ['x y', '2'], ['x y', '3']])
      await call(gateway, 'POST /namespaces', { body: { namespace, properties: {} } })
    const seen: string[] = []
    for (let token: string | null | undefined = ''; token !== null && token !== undefined; ) {
      const query = `parent=x%2520y&pageSize=1&pageToken=${encodeURIComponent(token)}`
      const page: Listed = await list(gateway, `/namespaces?${query}`)
      seen.push(...(page.namespaces ?? []).map((one) => one.at(-1) ?? ''))
      token = page['next-page-token']
    }
    expect(seen).toEqual(['1', '2', '3'])
  })

  const tokenOf = async (path: string): Promise<string> =>
    encodeURIComponent((await list(gateway, `${path}?pageSize=2&pageToken=`))['next-page-token'] ?? '')

  test('are refused for a token that was altered, cut, or is none', async () => {
    const token = await tokenOf('/namespaces/a/tables')
    const flipped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    for (const bad of [flipped, token.slice(0, 10), token.slice(4), 'null', '0', `${token}${token}`]) {
      const reply = await call(gateway, `GET /namespaces/a/tables?pageToken=${bad}`)
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('Invalid page token')])
    }
  })

  test('are refused for a token of another listing', async () => {
    const token = await tokenOf('/namespaces/a/tables')
    for (const path of ['/namespaces/b/tables', '/namespaces/a/views', '/namespaces'])
      expect((await call(gateway, `GET ${path}?pageToken=${token}`)).status).toBe(400)
  })

  test('keep to the page before: a token says nothing of what it holds', async () => {
    const token = Buffer.from(await tokenOf('/namespaces/a/tables'), 'base64url').toString('latin1')
    expect(token).not.toContain('local')
  })
})

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})
const start = async (options: MemoryGatewayOptions): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

const out = (): Promise<never> =>
  Promise.reject(
    new CatalogError('BadGatewayException', 'Upstream "legacy" does not answer, ärgerlich;\nreally'),
  )

const deadCatalog = (): Catalog => {
  const catalog = createMemoryCatalog()
  return {
    ...catalog,
    namespaces: { ...catalog.namespaces, list: out },
    tables: { ...catalog.tables, list: out },
  }
}

const mounts = (catalog: Catalog) => [{ namespace: ['old'], connection: 'legacy', catalog }]

describe('a mount that is out', () => {
  test('makes a list partial, which says so with its reason, in one printable line', async () => {
    const gateway = await start({ mounts: mounts(deadCatalog()) })
    const reply = await call(gateway, 'GET /namespaces?parent=old')
    expect(reply.status).toBe(200)
    expect(reply.headers.get('lakegate-partial')).toMatch(/^old; [\x20-\x7e]+$/)
  })

  test('fails the list in strict mode, and says when to come back', async () => {
    const gateway = await start({ mounts: mounts(deadCatalog()), strictLists: true })
    const reply = await call(gateway, 'GET /namespaces?parent=old')
    expect(reply.status).toBe(503)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('is still listed itself, and costs the others nothing', async () => {
    const gateway = await start({ mounts: mounts(deadCatalog()), strictLists: true })
    await fill(gateway)
    expect((await list(gateway, '/namespaces')).namespaces).toEqual([['a'], ['old']])
    expect(names([await list(gateway, '/namespaces/a/tables')])).toEqual(['t'])
  })
})

describe('several mounts', () => {
  test('are listed after local content, and every page size gives the same whole', async () => {
    const gateway = await start({
      mounts: ['x', 'y', 'z'].map((name) => ({
        namespace: [name],
        connection: name,
        catalog: createMemoryCatalog(),
      })),
    })
    await fill(gateway)
    for (const size of [1, 2, 3, 10]) {
      const pages = await follow(gateway, '/namespaces', size)
      expect(pages.flatMap((page) => page.namespaces ?? [])).toEqual([['a'], ['x'], ['y'], ['z']])
    }
  })

  test('refuse a rename and a transaction across them, with nothing sent', async () => {
    const gateway = await start({ mounts: mounts(createMemoryCatalog()) })
    await fill(gateway)
    await call(gateway, 'POST /namespaces', { body: { namespace: ['old', 'n'], properties: {} } })
    const away = { namespace: ['old', 'n'], name: 't' }
    const here = { namespace: ['a'], name: 't' }
    const rename = await call(gateway, 'POST /tables/rename', { body: { source: here, destination: away } })
    const changes = [here, away].map((identifier) => ({ identifier, requirements: null, updates: [] }))
    const commit = await call(gateway, 'POST /transactions/commit', { body: { 'table-changes': changes } })
    expect([rename.status, commit.status]).toEqual([400, 400])
    expect(rename.text).toContain('across mounts')
  })

  test('name what is missing as the caller named it', async () => {
    const gateway = await start({ mounts: mounts(createMemoryCatalog()) })
    const reply = await call(gateway, 'GET /namespaces/old%1Fn/tables/t')
    expect(reply.text).toContain('Table does not exist: old.n.t')
    expect((await call(gateway, 'GET /namespaces/old%1Fn')).text).toContain('Namespace does not exist: old.n')
  })
})

describe('what may not be seen', () => {
  test('is missing from every page, and sparse pages still come to an end', async () => {
    const authorizer = createDenyList({
      denies: () => false,
      visible: true,
      hides: (resource) => resource.kind === 'table' && !resource.name.endsWith('9'),
    })
    const catalog = createMemoryCatalog()
    const maker = await start({ local: catalog })
    await fill(maker)
    for (let i = 0; i < 40; i += 1)
      await call(maker, 'POST /namespaces/a/tables', { body: newTable(`t${i}`) })
    const gateway = await start({ local: catalog, authorizer })
    const wanted = ['t19', 't29', 't39', 't9']
    expect(names([await list(gateway, '/namespaces/a/tables')])).toEqual(wanted)
    for (const size of [1, 3])
      expect(names(await follow(gateway, '/namespaces/a/tables', size))).toEqual(wanted)
  })
})
