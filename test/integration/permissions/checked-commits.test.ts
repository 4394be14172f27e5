/** A check of a commit says what the commit itself is told. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const bob: Ask = { as: 'bob', project: 'east' }

const snapshot = (operation: string) => ({
  action: 'add-snapshot',
  snapshot: { 'snapshot-id': 7, summary: { operation }, 'manifest-list': 'x', 'timestamp-ms': 1 },
})
const toMain = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 7 }
const noMain = [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null }]

interface Commit {
  readonly updates: readonly object[]
  readonly requirements?: readonly object[]
}

/** Each with what Lakekeeper's clients say of it, where they can say as much. */
const commits: Readonly<Record<string, { readonly commit: Commit; readonly said?: object }>> = {
  'a new schema': {
    commit: { updates: [{ action: 'add-schema', schema: {} }] },
    said: { update_kinds: ['add-schema'], target_refs: [] },
  },
  'a property': {
    commit: { updates: [{ action: 'set-properties', updates: { a: 'b' } }] },
    said: { updated_properties: { a: 'b' } },
  },
  'a property that moves files': {
    commit: { updates: [{ action: 'set-properties', updates: { 'write.data.path': 'file:///x' } }] },
    said: { update_kinds: ['set-properties'], updated_properties: { 'write.data.path': 'file:///x' } },
  },
  'a property less': {
    commit: { updates: [{ action: 'remove-properties', removals: ['a'] }] },
    said: { update_kinds: ['remove-properties'], removed_properties: ['a'] },
  },
  'snapshots that go': {
    commit: { updates: [{ action: 'remove-snapshots', 'snapshot-ids': [1] }] },
    said: { update_kinds: ['remove-snapshots'] },
  },
  'a branch that goes': {
    commit: { updates: [{ action: 'remove-snapshot-ref', 'ref-name': 'old' }] },
    said: { update_kinds: ['remove-snapshot-ref'], target_refs: ['old'] },
  },
  'a schema and a property': {
    commit: {
      updates: [
        { action: 'add-schema', schema: {} },
        { action: 'set-properties', updates: {} },
      ],
    },
    said: { update_kinds: ['set-properties', 'add-schema'] },
  },
  'an append to main': { commit: { updates: [snapshot('append'), toMain], requirements: noMain } },
  'an overwrite of main': {
    commit: { updates: [snapshot('overwrite'), toMain], requirements: noMain },
    said: { update_kinds: ['add-snapshot'], target_refs: ['main'] },
  },
  'something unknown': {
    commit: { updates: [{ action: 'fold-in-half' }] },
    said: { update_kinds: ['fold-in-half'] },
  },
}

const relations = [
  ...['describe', 'append', 'overwrite', 'change_schema', 'change_refs', 'expire_snapshots'],
  ...['set_properties', 'set_location', 'modify'],
]

/** Never done: its table is another one. */
const isAllowed = async ({ updates, requirements = [] }: Commit): Promise<boolean> => {
  const elsewhere = { type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' }
  const { status, text } = await granting.call(`POST ${granting.catalog}/namespaces/sales/tables/orders`, {
    ...bob,
    body: { requirements: [...requirements, elsewhere], updates },
  })
  expect([400, 403, 409], text).toContain(status)
  return status !== 403
}

const check = async (actions: readonly object[]): Promise<readonly boolean[]> => {
  const { warehouse, table } = granting
  const checks = actions.map((action) => ({
    identity: { user: 'oidc~bob' },
    operation: { table: { action, 'warehouse-id': warehouse, 'table-id': table } },
  }))
  const { status, body, text } = await granting.call('POST /action/batch-check', { ...eve, body: { checks } })
  expect(status, text).toBe(200)
  return (body['results'] as { allowed: boolean }[]).map(({ allowed }) => allowed)
}

test.each(relations)('whoever has been granted %s is told so of every commit', async (type) => {
  const grant = { type, user: 'oidc~bob' }
  const given = await granting.give(granting.tablePath, [grant])
  expect(given.status, given.text).toBe(204)
  const expected = Object.fromEntries(
    await Promise.all(
      Object.entries(commits).map(async ([name, { commit }]) => [name, await isAllowed(commit)] as const),
    ),
  )
  const names = Object.keys(commits)
  const byUpdates = await check(names.map((name) => ({ action: 'commit', ...commits[name]?.commit })))
  expect(Object.fromEntries(names.map((name, i) => [name, byUpdates[i]]))).toEqual(expected)
  const sayable = names.filter((name) => commits[name]?.said !== undefined)
  const byKinds = await check(sayable.map((name) => ({ action: 'commit', ...commits[name]?.said })))
  // A change of main may be more than an overwrite: of its kinds alone nobody can tell.
  for (const [i, name] of sayable.entries())
    if (name !== 'an overwrite of main') expect(byKinds[i], `${name} by ${type}`).toBe(expected[name])
  expect(await check(['commit', { action: 'commit' }].map((action) => action as object))).toEqual([
    type === 'modify',
    type === 'modify',
  ])
  await granting.take(granting.tablePath, [grant])
})

test('a rule that protects a branch speaks of the branch that is named', async () => {
  const definition = { name: 'protected-main', 'value-kind': 'marker', scope: ['table'] }
  await granting.create('POST /tag-definition', definition)
  const { tablePath } = granting
  const tagged = await granting.call(`PUT /${tablePath}/tags/protected-main`, { ...eve, body: {} })
  expect(tagged.status, tagged.text).toBe(200)
  await granting.give(tablePath, [{ type: 'modify', user: 'oidc~bob' }])
  const kind = { action: 'commit', update_kinds: ['remove-snapshot-ref'] }
  const answers = await check([
    { ...kind, target_refs: ['other'] },
    { ...kind, target_refs: ['main'] },
    { ...kind, target_refs: ['other', 'main'] },
  ])
  expect(answers).toEqual([true, false, false])
})
