/** Tags as builds before grants on them left them: set by whoever may set tags on an object. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertProject } from '#store/projects.ts'
import { findTagDefinition, insertTagDefinition, type TagDraft } from '#store/tag-definitions.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded' })
})
afterAll(() => db?.[Symbol.asyncDispose]())

const change = new URL('../../../src/store/changes/0006_open_tags.sql', import.meta.url)

test('a tag that was defined before there were grants on it is restricted to nobody', async () => {
  const { database } = db
  await database.transaction((tx) => insertProject(tx, { id: 'mine', name: 'mine' }))
  const draft: TagDraft = {
    ...{ projectId: 'mine', name: 'old', description: null, valueKind: 'marker' as const },
    ...{ allowedValues: [], scope: ['table' as const], restricted: true },
  }
  const { id } = await database.transaction((tx) => insertTagDefinition(tx, draft, 'system'))
  expect((await findTagDefinition(database, id))?.restricted).toBe(true)
  const sql = await readFile(change, 'utf8')
  for (let times = 0; times < 2; times += 1) await database.query(sql)
  expect((await findTagDefinition(database, id))?.restricted).toBe(false)
})
