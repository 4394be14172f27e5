/** Listing what somebody has been granted: whichever way a page is made, nothing is lost and nothing shown twice. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog, PageRequest } from '#catalog/catalog.ts'
import { insertProject } from '#store/projects.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { bodyOf, newCall } from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../../support/local-catalog.ts'
import { newTable } from '../../support/wire.ts'

const names = Array.from({ length: 40 }, (_, i) => `t${String(i).padStart(2, '0')}`)
const isGranted = (name: string): boolean => Number(name.slice(1)) % 3 === 0
const granted = { principal: 'alice', roles: new Set(['r']) }

/** One after the other to alice herself, and to her role. */
const insertGrants = `
  insert into relation_tuple
    (object, relation, subject_kind, subject_id, project_id, warehouse_id, content_id, granted_by)
  select 'table:' || c.id, 'select', case c.i % 2 when 0 then 'principal' else 'role' end,
    case c.i % 2 when 0 then 'alice' else 'r' end, 'p', $2::uuid, c.id, 'test'
  from unnest($1::uuid[]) with ordinality c(id, i)`

describe('the pages of what has been granted', () => {
  let test: TestDatabase
  let catalog: Catalog
  beforeAll(async () => {
    test = await openTestDatabase()
    const id = await test.database.transaction(async (tx) => {
      await insertProject(tx, { id: 'p', name: 'p' })
      const storage = { kind: 'file', location: 'file:///w', settings: {} }
      return (await insertWarehouse(tx, { projectId: 'p', name: 'w', storage, createdBy: 'test' })).id
    })
    const made = await createTestWarehouse(test.database)
    catalog = openTestCatalog(test.database, { ...made, warehouse: { ...made.warehouse, id } })
    for (const level of ['a', 'b']) await catalog.namespaces.create(newCall(), [level], bodyOf({}))
    for (const name of names) await catalog.tables.create(newCall(), ['a'], bodyOf(newTable(name)))
    const ids = names.filter(isGranted).map((name) => ({ namespace: ['a'], name }))
    const entries = (await catalog.tables.find?.(ids)) ?? []
    await test.database.execute(insertGrants, [entries.map((entry) => entry?.contentId), id])
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const page = (request: PageRequest) => catalog.tables.list(newCall(), ['a'], { ...request, granted })

  // Fourteen are granted: a page of one is filtered from the heads, one of two or more is made of the grants.
  it('are those tables and no others, whatever sizes they have', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }), async (sizes) => {
        const seen: string[] = []
        let token: string | undefined
        for (let i = 0; ; i++) {
          const size = sizes[i % sizes.length] ?? 1
          const { items, next } = await page({ size, ...(token === undefined ? {} : { token }) })
          expect(items.length).toBeLessThanOrEqual(size)
          seen.push(...items.map(({ name }) => name))
          if (next === undefined) break
          token = next
        }
        expect(seen).toEqual(names.filter(isGranted))
      }),
      { numRuns: 30 },
    ))

  it('say how much was looked at where that is more than was asked for', async () => {
    expect((await page({ size: 1 })).examined).toBe(10)
    expect((await page({ size: 5 })).examined).toBeUndefined()
  })

  it('carry content ids, and lead through the namespaces that hold something granted', async () => {
    expect((await page({ size: 1 })).items[0]?.contentId).toMatch(/^[0-9a-f-]{36}$/)
    const namespaces = await catalog.namespaces.list(newCall(), [], { size: 5, granted })
    expect(namespaces.items).toEqual([['a']])
  })
})
