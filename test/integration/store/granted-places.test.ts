/** Where grants lie, and the content that they are on, on a real database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { namespaceKey } from '#model/identifier.ts'
import type { Database } from '#store/database.ts'
import type { EntryPage } from '#store/entries.ts'
import { findLine, type Line } from '#store/entries-lines.ts'
import {
  countGranted,
  listGrantedEntries,
  loadGrantedPlaces,
  loadGrantedRoots,
} from '#store/granted-places.ts'
import { insertProject } from '#store/projects.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

interface Granted {
  readonly object: string
  readonly to?: string
  readonly kind?: 'principal' | 'role' | 'anyone'
  readonly contentId?: string
  readonly ns?: string
  readonly name?: string
  readonly expires?: string
}

describe.each(testServers)('places of grants on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  let warehouse: string
  let line: Line
  const grantees = { principal: 'alice', roles: new Set(['analysts']) }

  const grant = async ({ object, to = 'alice', kind = 'principal', ...rest }: Granted): Promise<void> => {
    const { contentId = null, ns = null, name = null, expires = null } = rest
    await database.execute(
      `insert into relation_tuple
         (object, relation, subject_kind, subject_id, project_id, warehouse_id, content_id, ns, name, expires_at, granted_by)
       select $1, 'select', $2, $3, w.project_id, w.id, $5, $6, $7, $8::timestamptz, 'test'
       from warehouse w where w.id = $4`,
      [object, kind, to, warehouse, contentId, ns, name, expires],
    )
  }
  const entry = async (levels: readonly string[], name: string, of: 'table' | 'view' | 'namespace') => {
    const contentId = crypto.randomUUID()
    await database.execute(
      `insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer)
       values ($1, $2, $3, $4, 1, $5, $6, 1)`,
      [line.id, namespaceKey(levels), of === 'namespace' ? 0 : 1, name, contentId, of],
    )
    return contentId
  }
  const onContent = (contentId: string) => ({ object: `table:${contentId}`, contentId })
  const page = (levels: readonly string[], of: EntryPage['kind'], more: Partial<EntryPage> = {}) =>
    listGrantedEntries(database, line, {
      ...{ ns: namespaceKey(levels), kind: of, after: '', size: 100, grantees, warehouseId: warehouse },
      ...more,
    })

  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    warehouse = await database.transaction(async (tx) => {
      await insertProject(tx, { id: 'p', name: 'p' })
      const storage = { kind: 'file', location: 'file:///lake', settings: {} }
      const draft = { projectId: 'p', name: 'w', storage, createdBy: 'test' }
      return (await insertWarehouse(tx, draft)).id
    })
    line = (await findLine(database, warehouse, 'main')) as Line
    await entry([], 'a', 'namespace')
    await entry(['a'], 'b', 'namespace')
    await entry(['a'], 'other', 'namespace')
    await entry([], 'far', 'namespace')
    const mine = await entry(['a', 'b'], 'mine', 'table')
    const role = await entry(['a', 'b'], 'by-role', 'table')
    const view = await entry(['a', 'b'], 'view', 'view')
    await entry(['a', 'b'], 'nobody', 'table')
    const theirs = await entry(['a', 'b'], 'theirs', 'table')
    const ended = await entry(['a', 'other'], 'ended', 'table')
    await grant(onContent(mine))
    await grant({ ...onContent(mine), kind: 'anyone', to: '*' })
    await grant({ ...onContent(role), kind: 'role', to: 'analysts' })
    await grant({ object: `view:${view}`, contentId: view })
    await grant({ ...onContent(theirs), to: 'bob' })
    await grant({ ...onContent(ended), expires: '2020-01-01' })
    await grant({ object: `table:${warehouse}/far\u001et`, ns: 'far', name: 't', expires: '2999-01-01' })
    await grant({ object: `table:${warehouse}/lost\u001et`, ns: 'lost', name: 't' })
    await database.execute(
      `insert into governed_object (object, id, kind, warehouse_id, ns, name, suspended_at)
       values ($1, $2, 'table', $3, 'lost', 't', now())`,
      [`table:${warehouse}/lost\u001et`, crypto.randomUUID(), warehouse],
    )
  })
  afterAll(() => db[Symbol.asyncDispose]())

  it('are the namespaces of local content, wherever it is by now, and of what is mounted', async () => {
    const places = await loadGrantedPlaces(database, grantees, warehouse)
    expect([...places.namespaces].sort()).toEqual([namespaceKey(['a', 'b']), 'far'])
    expect(places.any).toBe(true)
    expect(places.until?.getFullYear()).toBe(2999)
    await database.execute("update entry_head set ns = 'far' where name = 'mine'")
    await database.execute("update entry_head set ns = 'far' where name in ('by-role', 'view')")
    expect((await loadGrantedPlaces(database, grantees, warehouse)).namespaces).toEqual(['far'])
    const back = "update entry_head set ns = $1 where name in ('mine', 'by-role', 'view')"
    await database.execute(back, [namespaceKey(['a', 'b'])])
  })

  it('are none for whoever has none, and none by another principal of the same roles', async () => {
    const nobody = { principal: 'eve', roles: new Set<string>() }
    const places = await loadGrantedPlaces(database, nobody, warehouse)
    expect(places).toMatchObject({ namespaces: [], any: false, until: null })
    const role = { roles: new Set(['analysts']) }
    const byRole = await loadGrantedPlaces(database, role, warehouse)
    expect(byRole.namespaces).toEqual([namespaceKey(['a', 'b'])])
  })

  it('lead to their warehouse and project', async () => {
    const roots = await loadGrantedRoots(database, grantees)
    expect(roots.warehouses).toEqual([warehouse])
    expect(roots.projects).toHaveLength(1)
    expect(await loadGrantedRoots(database, { roles: new Set() })).toMatchObject({
      projects: [],
      warehouses: [],
    })
  })

  it('give the tables, the views, and the namespaces above them, in byte order and in pages', async () => {
    const names = async (...args: Parameters<typeof page>) => (await page(...args)).map(({ name }) => name)
    expect(await names(['a', 'b'], 'table')).toEqual(['by-role', 'mine'])
    expect(await names(['a', 'b'], 'table', { size: 1 })).toEqual(['by-role'])
    expect(await names(['a', 'b'], 'table', { size: 1, after: 'by-role' })).toEqual(['mine'])
    expect(await names(['a', 'b'], 'view')).toEqual(['view'])
    expect(await names(['a'], 'namespace')).toEqual(['b'])
    expect(await names([], 'namespace')).toEqual(['a', 'far'])
    expect(await names([], 'namespace', { after: 'a' })).toEqual(['far'])
    expect(await names(['a', 'other'], 'table')).toEqual([])
    const [first] = await page(['a', 'b'], 'table')
    expect(first?.contentId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('are counted no further than is asked', async () => {
    const scope = { grantees, warehouseId: warehouse }
    expect(await countGranted(database, scope, 100)).toBe(4)
    expect(await countGranted(database, scope, 2)).toBe(2)
  })
})
