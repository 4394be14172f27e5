import { expect, test } from 'vitest'
import type { Identity } from '#authn/identity.ts'
import type { LastSight } from '#authn/last-sight.ts'
import { type Admission, createPeople, type PeopleRecords } from '#authn/people.ts'
import { rejection } from '../../support/rejection.ts'

const alice: Identity = {
  ...{ kind: 'user', id: 'oidc~alice', userType: 'human', name: 'Alice', groups: [], expiresAt: null },
}
const robot: Identity = { ...alice, kind: 'service-account', id: 'lakegate~1', keyId: 'k1' }

const createRecords = (rows: Record<string, Admission> = {}) => {
  const asked: string[] = []
  const registered: string[] = []
  const records: PeopleRecords = {
    find: async (id, keyId) => {
      asked.push(keyId === undefined ? id : `${id} ${keyId}`)
      return rows[id]
    },
    register: async ({ id, name }) => {
      registered.push(name)
      rows[id] ??= { kind: 'user', welcome: true }
    },
  }
  return { records, asked, registered, rows }
}

const createSight = (): LastSight & { readonly noted: string[] } => {
  const noted: string[] = []
  return { noted, note: (id) => noted.push(id), [Symbol.asyncDispose]: async () => {} }
}

const prepare = (rows?: Record<string, Admission>) => {
  const recorded = createRecords(rows)
  const [seen, used] = [createSight(), createSight()]
  return { ...recorded, seen, used, people: createPeople({ records: recorded.records, seen, used }) }
}

test('a user is registered on first sight, and known without a question from then on', async () => {
  const { people, asked, registered, seen } = prepare()
  expect(await people.admit(alice)).toEqual({ kind: 'user', id: 'oidc~alice' })
  const questions = asked.length
  expect(people.admit(alice)).toEqual({ kind: 'user', id: 'oidc~alice' })
  expect([asked.length, registered, seen.noted]).toEqual([questions, ['Alice'], ['oidc~alice', 'oidc~alice']])
})

test('many first requests at once ask and register once', async () => {
  const { people, registered } = prepare()
  await Promise.all(Array.from({ length: 20 }, () => people.admit(alice)))
  expect(registered).toEqual(['Alice'])
})

test('a user without a name gets one that says so', async () => {
  const { people, registered } = prepare()
  await people.admit({ ...alice, name: '  ' })
  expect(registered).toEqual(['Nameless App with ID oidc~alice'])
})

test('the groups of the token at hand are the principal’s', async () => {
  const { people } = prepare()
  await people.admit({ ...alice, groups: ['oidc~old'] })
  expect(await people.admit({ ...alice, groups: ['oidc~new'] })).toMatchObject({ groups: ['oidc~new'] })
  expect(await people.admit(alice)).not.toHaveProperty('groups')
})

test('the same identity is the same principal, so that others may remember by it', async () => {
  const { people } = prepare()
  expect(await people.admit(alice)).toBe(await people.admit(alice))
})

test('a service account is never registered on sight', async () => {
  const { people, registered } = prepare()
  expect(await rejection(Promise.resolve(people.admit(robot)))).toMatchObject({
    type: 'NotAuthorizedException',
  })
  expect(registered).toEqual([])
})

const impostors: readonly (readonly [string, Identity])[] = [
  ['a user of a provider that calls itself as we do', { ...alice, id: 'lakegate~1' }],
  ['a service account of another provider', { ...robot, id: 'oidc~1' }],
  ['an id without a provider', { ...alice, id: '~alice' }],
  ['an id without a subject', { ...alice, id: 'oidc~' }],
  ['an id with a zero character', { ...alice, id: 'oidc~a\u0000b' }],
  ['an id with half a letter', { ...alice, id: 'oidc~\ud800' }],
  ['an endless id', { ...alice, id: `oidc~${'a'.repeat(10_000)}` }],
]

test.each(impostors)('%s is turned away unasked', async (_what, identity) => {
  const { people, asked } = prepare({ 'lakegate~1': { kind: 'service-account', welcome: true } })
  expect(await rejection(Promise.resolve().then(() => people.admit(identity)))).toMatchObject({
    status: 401,
  })
  expect(asked).toEqual([])
})

test('who is deactivated is turned away as soon as that was told, and let in again likewise', async () => {
  const { people, rows } = prepare()
  await people.admit(alice)
  rows[alice.id] = { kind: 'user', welcome: false }
  people.drop({ type: 'principal.deactivated', object: alice.id })
  expect(await rejection(Promise.resolve(people.admit(alice)))).toMatchObject({ status: 401 })
  rows[alice.id] = { kind: 'user', welcome: true }
  people.drop({ type: 'principal.activated', object: alice.id })
  expect(await people.admit(alice)).toMatchObject({ id: alice.id })
})

test('a key that was revoked turns its identity away, and no other key of the account', async () => {
  const { people, rows, records, used } = prepare({
    'lakegate~1': { kind: 'service-account', welcome: true },
  })
  const other: Identity = { ...robot, keyId: 'k2' }
  await people.admit(robot)
  await people.admit(other)
  records.find = async (id, keyId) => ({ ...(rows[id] as Admission), welcome: keyId !== 'k1' })
  people.drop({ type: 'api-key.revoked', object: 'k1' })
  expect(await rejection(Promise.resolve(people.admit(robot)))).toMatchObject({ status: 401 })
  expect(await people.admit(other)).toMatchObject({ id: 'lakegate~1' })
  expect(used.noted).toEqual(['k1', 'k2', 'k2'])
})

test('a lookup that began before a change is not remembered, and nobody who comes later waits for it', async () => {
  const { people, records, rows } = prepare({ [alice.id]: { kind: 'user', welcome: true } })
  const gate = Promise.withResolvers<void>()
  const { find } = records
  records.find = async (id, keyId) => {
    const found = await find(id, keyId)
    await gate.promise
    return found
  }
  const early = people.admit(alice)
  rows[alice.id] = { kind: 'user', welcome: false }
  records.find = find
  people.drop({ type: 'principal.deactivated', object: alice.id })
  expect(await rejection(Promise.resolve(people.admit(alice)))).toMatchObject({ status: 401 })
  gate.resolve()
  await early
  expect(await rejection(Promise.resolve().then(() => people.admit(alice)))).toMatchObject({ status: 401 })
})

test('where the records cannot be asked nobody new comes in, and who is known stays in', async () => {
  const { people, records } = prepare()
  await people.admit(alice)
  const away = new Error('the store is away')
  records.find = () => Promise.reject(away)
  expect(people.admit(alice)).toMatchObject({ id: alice.id })
  expect(await rejection(Promise.resolve(people.admit({ ...alice, id: 'oidc~bob' })))).toBe(away)
})
