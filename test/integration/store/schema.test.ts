import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
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

  it('is served by an older build as long as the newer schema says so, and never turned back', async () => {
    const newer = await openTestDatabase({ kind })
    const { known } = await loadSchemaState(newer.database)
    const record = (compatibleFrom: number) =>
      newer.database.execute(
        `insert into schema_change (number, name, digest, compatible_from) values ($1, 'later', '', $2)
         on conflict (number) do update set compatible_from = excluded.compatible_from`,
        [known + 1, compatibleFrom],
      )
    await record(known)
    checkSchema(await applyChanges(newer.database))
    await record(known + 1)
    const state = await applyChanges(newer.database)
    expect(state.applied).toBe(known + 1)
    expect(() => checkSchema(state)).toThrow(/use a newer one/)
    await newer[Symbol.asyncDispose]()
  })

  it('refuses a change that was edited after it had been applied', async () => {
    const edited = await openTestDatabase({ kind })
    await edited.database.execute(`update schema_change set digest = 'another' where number = 1`)
    await expect(applyChanges(edited.database)).rejects.toThrow('was edited after it had been applied')
    await edited[Symbol.asyncDispose]()
  })

  it('applies changes once when two processes try at the same time', async () => {
    const empty = await openTestDatabase({ kind, schema: false })
    await Promise.all([applyChanges(empty.database), applyChanges(empty.database)])
    const rows = await empty.database.query('select * from schema_change')
    expect(rows).toHaveLength((await loadSchemaState(empty.database)).known)
    await empty[Symbol.asyncDispose]()
  })
})

it('the changes make exactly the tables that the schema declares', async () => {
  const root = resolve(import.meta.dirname, '../../..')
  const folder = await mkdtemp(join(root, 'node_modules/.schema-'))
  await cp(join(root, 'src/store/changes'), join(folder, 'changes'), { recursive: true })
  const config = {
    dialect: 'postgresql',
    schema: ['schema.ts', 'schema-identity.ts', 'schema-operations.ts', 'schema-policy.ts'].map(
      (file) => `./src/store/${file}`,
    ),
    out: `./${relative(root, folder)}/changes`,
  }
  await writeFile(join(folder, 'drizzle.config.json'), JSON.stringify(config))
  const bin = join(root, 'node_modules/.bin/drizzle-kit')
  const { stdout } = await promisify(execFile)(
    bin,
    ['generate', '--config', join(folder, 'drizzle.config.json')],
    {
      cwd: root,
    },
  )
  await rm(folder, { recursive: true })
  expect(stdout).toContain('No schema changes')
})
