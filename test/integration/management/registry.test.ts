import { afterAll, beforeAll, expect, test } from 'vitest'
import { createStoreRegistry } from '#gateway/operations/management/store-registry.ts'
import { TransactionConflict } from '#store/errors.ts'
import { insertProject } from '#store/projects.ts'
import { newCall, newReceipt } from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded' })
  await db.database.transaction((tx) => insertProject(tx, { id: 'p', name: 'project' }))
})
afterAll(() => db?.[Symbol.asyncDispose]())

const draft = (name: string) => ({ name, kind: 'iceberg-rest', config: {} })

test('a change that was made is answered so, also where it cannot be put in force at once', async () => {
  const reported: unknown[] = []
  const away = new Error('the store is away')
  const registry = createStoreRegistry({
    database: db.database,
    changed: () => Promise.reject(away),
    report: (error) => reported.push(error),
  })
  const receipt = newReceipt()
  const { id } = await registry.createConnection(newCall({ receipt }), 'p', draft('made'))
  expect(await registry.findConnection('p', id)).toMatchObject({ name: 'made' })
  expect([receipt.written, reported]).toEqual([true, [away]])
})

test('a change that met another one may be tried again', async () => {
  const registry = createStoreRegistry({
    database: {
      ...db.database,
      transaction: () => Promise.reject(new TransactionConflict(new Error('deadlock detected'))),
    },
    changed: async () => {},
    report: () => {},
  })
  await expect(registry.createConnection(newCall(), 'p', draft('met'))).rejects.toMatchObject({
    type: 'SlowDownException',
  })
})
