/** Location claims under concurrency: whatever is granted never nests. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Claim, claimLocks, claimPath, releaseClaims } from '#store/claims.ts'
import type { Database } from '#store/database.ts'
import { lock } from '#store/entries-write.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

describe.each(testServers)('location claims on the %s PostgreSQL', (kind) => {
  let test: TestDatabase
  let database: Database
  beforeAll(async () => {
    test = await openTestDatabase({ kind })
    database = test.database
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  const claimOf = (store: string, path: string, over: Partial<Claim> = {}): Claim => ({
    store,
    path,
    warehouseId: crypto.randomUUID(),
    owner: crypto.randomUUID(),
    ...over,
  })
  /** True where the claim was granted. */
  const take = (claim: Claim): Promise<boolean> =>
    database.transaction(async (tx) => {
      await lock(tx, claimLocks(claim))
      return (await claimPath(tx, claim)) === undefined
    })
  const newStore = (): string => `file://${crypto.randomUUID()}`
  const rowsOf = async (store: string): Promise<readonly string[]> =>
    (
      await database.query<{ path: string }>(
        'select path from location_claim where store = $1 order by path',
        [store],
      )
    ).map(({ path }) => path)

  const segment = fc.constantFrom('a', 'b', 'ab', 'a b', 'a-', 'a.', 'á')
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}/`)

  it('made at the same time never nest, and refuse nothing that has room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(path, { minLength: 2, maxLength: 10 }), async (paths) => {
        const store = newStore()
        const granted = await Promise.all(paths.map((p) => take(claimOf(store, p))))
        const held = paths.filter((_, i) => granted[i])
        expect(await rowsOf(store)).toEqual(
          [...held].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        )
        const nests = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
        for (const [i, a] of held.entries())
          for (const b of held.slice(i + 1)) expect(nests(a, b)).toBe(false)
        for (const refused of paths.filter((_, i) => !granted[i]))
          expect(held.some((p) => nests(p, refused))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('are apart by store, and siblings with a common beginning do not touch', async () => {
    const store = newStore()
    expect(await take(claimOf(store, '/x/ab/'))).toBe(true)
    expect(await take(claimOf(store, '/x/abc/'))).toBe(true)
    expect(await take(claimOf(store, '/x/a/'))).toBe(true)
    expect(await take(claimOf(newStore(), '/x/ab/'))).toBe(true)
    expect(await take(claimOf(store, '/x/'))).toBe(false)
    expect(await take(claimOf(store, '/'))).toBe(false)
  })

  it('of one owner merge instead of nesting', async () => {
    const store = newStore()
    const owner = crypto.randomUUID()
    expect(await take(claimOf(store, '/x/a/', { owner }))).toBe(true)
    expect(await take(claimOf(store, '/x/a/b/', { owner }))).toBe(true)
    expect(await rowsOf(store)).toEqual(['/x/a/'])
    expect(await take(claimOf(store, '/x/', { owner }))).toBe(true)
    expect(await rowsOf(store)).toEqual(['/x/'])
  })

  it('of a staged create are respected until they lapse, and renewed by their owner', async () => {
    const store = newStore()
    const owner = crypto.randomUUID()
    expect(await take(claimOf(store, '/x/a/', { owner, stagedForSeconds: 60 }))).toBe(true)
    expect(await take(claimOf(store, '/x/a/', { owner, stagedForSeconds: 60 }))).toBe(true)
    expect(await take(claimOf(store, '/x/a/'))).toBe(false)
    expect(await take(claimOf(store, '/x/'))).toBe(false)
    await database.query(
      `update location_claim set staged_until = now() - interval '1 second' where store = $1`,
      [store],
    )
    expect(await take(claimOf(store, '/x/a/b/'))).toBe(true)
    expect(await take(claimOf(store, '/x/a/'))).toBe(false)
    expect(await take(claimOf(store, '/x/a/c/', { owner }))).toBe(true)
  })

  it('end with their owner', async () => {
    const store = newStore()
    const owner = crypto.randomUUID()
    await take(claimOf(store, '/x/a/', { owner }))
    await take(claimOf(store, '/y/', { owner }))
    await database.transaction((tx) => releaseClaims(tx, owner))
    expect(await rowsOf(store)).toEqual([])
    expect(await take(claimOf(store, '/x/'))).toBe(true)
  })
})
