import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyChanges, checkSchema, loadSchemaState } from '#store/apply-changes.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

describe.each(testServers)('the schema on %s', (kind) => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
  })
  afterAll(() => db[Symbol.asyncDispose]())

  it('is applied once and recorded', async () => {
    const before = await loadSchemaState(db.database)
    expect(before.applied).toBe(before.known)
    expect(await applyChanges(db.database)).toEqual(before)
    checkSchema(before)
  })

  it('compares key text byte by byte', async () => {
    const rows = await db.database.query<{ table_name: string; column_name: string }>(
      `select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type = 'text' and collation_name = 'C'`,
    )
    const keys = rows.map((row) => `${row.table_name}.${row.column_name}`)
    for (const key of [
      'entry_head.ns',
      'entry_head.name',
      'location_claim.path',
      'warehouse.name',
      'mount.namespace',
    ])
      expect(keys).toContain(key)
  })

  it('leaves room in the pages of heads and puts no index on what a commit changes', async () => {
    const [row] = await db.database.query<{ reloptions: string[]; indexes: string }>(
      `select reloptions, (select string_agg(indexdef, ';') from pg_indexes where tablename = 'entry_head') as indexes
         from pg_class where relname = 'entry_head'`,
    )
    expect(row?.reloptions).toEqual(['fillfactor=80'])
    expect(row?.indexes).not.toMatch(/pointer|seq/)
  })

  it('keeps an audit entry of any time, in a partition of its month or in the default one', async () => {
    const insert = `insert into audit_entry (at, id, kind, request_id, operation, principal_kind, principal, detail, digest)
                    values ($1, gen_random_uuid(), 'decision', 'r', 'loadTable', 'token', 'p', '{}', '') returning tableoid::regclass::text as part`
    const [old] = await db.database.query<{ part: string }>(insert, ['2001-01-01T00:00:00Z'])
    const [now] = await db.database.query<{ part: string }>(insert, [new Date()])
    expect(old?.part).toBe('audit_entry_default')
    expect(now?.part).toBe(`audit_entry_${new Date().toISOString().slice(0, 7).replace('-', '_')}`)
  })

  it('refuses to serve a store that lacks a change, and one that no longer serves this build', async () => {
    expect(() => checkSchema({ applied: 0, known: 1, compatibleFrom: 0 })).toThrow(/migrate-schema/)
    expect(() => checkSchema({ applied: 3, known: 1, compatibleFrom: 2 })).toThrow(/use a newer one/)
    expect(() => checkSchema({ applied: 3, known: 2, compatibleFrom: 2 })).not.toThrow()
  })

  it('applies changes once when two processes try at the same time', async () => {
    const empty = await openTestDatabase({ kind, schema: false })
    await Promise.all([applyChanges(empty.database), applyChanges(empty.database)])
    const rows = await empty.database.query('select * from schema_change')
    expect(rows).toHaveLength((await loadSchemaState(empty.database)).known)
    await empty[Symbol.asyncDispose]()
  })
})
