import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import type { Identifier } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { bodyOf, freshName, metadataOf, newCall, tableBody } from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../../support/local-catalog.ts'

let test: TestDatabase
let catalog: Catalog
const namespace = [freshName('ns')]
beforeAll(async () => {
  test = await openTestDatabase({ kind: 'embedded' })
  catalog = openTestCatalog(test.database, await createTestWarehouse(test.database))
  await catalog.namespaces.create(newCall(), namespace, bodyOf({}))
})
afterAll(async () => test[Symbol.asyncDispose]())

/** The change that makes a staged table real. */
const stage = async (name: string, over: { readonly uuid?: unknown } = {}) => {
  const staged = await catalog.tables.create(newCall(), namespace, tableBody(name, { 'stage-create': true }))
  const { 'table-uuid': uuid, location, schemas } = metadataOf(staged)
  const [schema] = schemas as readonly JsonObject[]
  const updates = [
    { action: 'assign-uuid', uuid: over.uuid ?? uuid },
    { action: 'upgrade-format-version', 'format-version': 2 },
    { action: 'add-schema', schema },
    { action: 'set-current-schema', 'schema-id': -1 },
    { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
    { action: 'set-default-spec', 'spec-id': -1 },
    { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
    { action: 'set-location', location },
  ]
  return { uuid, id: { namespace, name }, updates }
}

const commit = (changes: readonly { readonly id: Identifier; readonly updates: readonly unknown[] }[]) => {
  const body = bodyOf({
    'table-changes': changes.map(({ id, updates }) => ({
      identifier: id,
      requirements: [{ type: 'assert-create' }],
      updates,
    })),
  })
  const parsed = body.json['table-changes'] as readonly JsonObject[]
  const wanted = parsed.map((change, i) => ({
    id: changes[i]?.id ?? { namespace, name: '' },
    requirements: change['requirements'] as readonly JsonObject[],
    updates: change['updates'] as readonly JsonObject[],
  }))
  return catalog.transactions?.commit(newCall(), wanted, body)
}

const exists = (id: Identifier) => catalog.tables.exists(newCall(), id)

it('tables that one transaction creates cannot share a uuid', async () => {
  const one = await stage('one')
  const two = await stage('two', { uuid: one.uuid })
  await expect(commit([one, two])).rejects.toMatchObject({ type: 'AlreadyExistsException' })
  for (const { id } of [one, two])
    await expect(exists(id)).rejects.toMatchObject({ type: 'NoSuchTableException' })
})

it('tables with uuids of their own are created together', async () => {
  const made = [await stage('three'), await stage('four')]
  await commit(made)
  for (const { id } of made) await exists(id)
})
