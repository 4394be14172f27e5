/** Questions about what is hidden and about what is missing cost whoever decides the same. */
import { expect, test } from 'vitest'
import type { CallContext, Catalog } from '#catalog/catalog.ts'
import { createMountTable } from '#catalog/mounts.ts'
import type { Task } from '#gateway/operation.ts'
import {
  type BatchCheck,
  type CheckTarget,
  createCheckOperations,
} from '#gateway/operations/permissions/check.ts'
import type { PermissionDeps } from '#gateway/operations/permissions/place.ts'
import { bodyOf, newCall } from '../../contract/catalog/kit.ts'
import { createMemoryCatalog } from '../../support/memory-catalog.ts'
import { newTable } from '../../support/wire.ts'

const warehouse = '0190a1b2-0000-7000-8000-000000000001'
const asker = { kind: 'user', id: 'oidc~bob' } as const
const contentId = '0190a1b2-0000-7000-8000-000000000002'

/** Knows `hidden` by a content id, as our own catalog does. */
const localCatalog = async (): Promise<Catalog> => {
  const catalog = createMemoryCatalog()
  await catalog.namespaces.create(newCall(), ['a'], bodyOf({}))
  await catalog.tables.create(newCall(), ['a'], bodyOf(newTable('hidden')))
  const found = { kind: 'table', contentId, uuid: contentId, location: '', metadataLocation: '' } as const
  return {
    ...catalog,
    tables: {
      ...catalog.tables,
      find: async (ids) =>
        ids.map((identifier) => (identifier.name === 'hidden' ? { ...found, identifier } : undefined)),
    },
  }
}

/** Each question that is put to whoever decides, by the number of its candidates. */
const ask = async (
  operation: object,
  allowed = false,
): Promise<{ readonly answers: unknown; readonly asked: unknown }> => {
  const asked: unknown[] = []
  const mounts = createMountTable({ local: await localCatalog(), mounts: [] })
  const deps = {
    projectId: 'p',
    warehouses: { byPrefix: () => ({ id: warehouse, projectId: 'p', name: 'w', mounts }) },
    grants: { findObjects: async () => new Map() },
    policyEpoch: async () => 1,
    authorizer: {
      visible: (_principal: unknown, action: string, candidates: readonly { kind: string }[]) => {
        asked.push([action, candidates.map(({ kind }) => kind)])
        return candidates.map(() => allowed)
      },
    },
  } as unknown as PermissionDeps
  const audit = { operation: 'batchCheckActions', startedAt: new Date(0) }
  const context = { receipt: { audit }, requestId: 'r', delegation: [] } as unknown as CallContext
  const target = { asker, project: 'p', input: { checks: [{ operation }] } }
  const task = { target, context } as unknown as Task<CheckTarget<BatchCheck>>
  const answers = await createCheckOperations(deps).batchCheckActions.run(task)
  return { answers, asked }
}

test('what is hidden is asked about as what is missing', async () => {
  const reading = (table: string) =>
    ask({ table: { action: 'read_data', 'warehouse-id': warehouse, namespace: ['a'], table } })
  const { asked } = await reading('hidden')
  expect(asked).toEqual([['describe', ['table']]])
  expect(await reading('missing')).toEqual(await reading('hidden'))
})

test('what an id of nothing might be is asked about too', async () => {
  const listing = { action: 'list_tables', 'warehouse-id': warehouse, 'namespace-id': contentId }
  expect((await ask({ namespace: listing })).asked).toEqual([['describe', ['namespace']]])
})

test('a name that ends with a colon is a name as any other', async () => {
  const deletion = { action: 'delete', 'warehouse-id': warehouse, namespace: ['a:'] }
  expect((await ask({ namespace: deletion }, true)).answers).toEqual([{ id: '0', allowed: true }])
  const reading = { action: 'read_data', 'warehouse-id': warehouse, namespace: ['a'], table: 'missing' }
  expect((await ask({ table: reading }, true)).answers).toEqual([{ id: '0', allowed: false }])
})
