import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#authn/keys.ts'
import { findAdmission, findKeyByHash, noteSeen, noteUsed, registerUser } from '#store/admissions.ts'
import { type ApiKeyDraft, insertApiKey, listApiKeys, revokeApiKey } from '#store/api-keys.ts'
import {
  deletePrincipal,
  findPrincipal,
  insertServiceAccount,
  insertUser,
  listServiceAccounts,
  listUsers,
  updatePrincipal,
} from '#store/principals.ts'
import { searchUsers } from '#store/principals-search.ts'
import { insertProject, updateProject } from '#store/projects.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded' })
  await db.database.transaction((tx) => insertProject(tx, { id: 'p', name: 'project' }))
})
afterAll(() => db?.[Symbol.asyncDispose]())

const inTx: TestDatabase['database']['transaction'] = (work) => db.database.transaction(work)

const newUser = async (name = 'Somebody') => {
  const id = `oidc~${randomUUID()}`
  await inTx((tx) => insertUser(tx, { id, name, email: null, userType: 'human' }))
  return { id, kind: 'user' } as const
}

const newAccount = async () => {
  const id = `lakegate~${randomUUID()}`
  await inTx((tx) => insertServiceAccount(tx, { id, name: 'loader', projectId: 'p' }))
  return { id, kind: 'service-account' } as const
}

const makeAdmin = (id: string) =>
  db.database.execute('update principal set server_admin = true where id = $1', [id])

const newKey = async (principalId: string, change: Partial<ApiKeyDraft> = {}) => {
  const { text, hash, hint } = createKey('api-key')
  const draft = {
    principalId,
    projectId: 'p',
    kind: 'api-key',
    name: 'k',
    hash,
    hint,
    expiresAt: null,
  } as const
  const { id } = await inTx((tx) => insertApiKey(tx, { ...draft, ...change }))
  return { id, text, hash }
}

test('every change raises the identity epoch', async () => {
  const epochs = [await loadIdentityEpoch(db.database)]
  const note = async () => epochs.push(await loadIdentityEpoch(db.database))
  const user = await newUser()
  await note()
  await inTx((tx) => updatePrincipal(tx, user, { active: false }))
  await note()
  await inTx((tx) => deletePrincipal(tx, user))
  await note()
  const account = await newAccount()
  await note()
  const key = await newKey(account.id)
  await note()
  await inTx((tx) => revokeApiKey(tx, { id: key.id, principalId: account.id }))
  await note()
  expect(new Set(epochs).size).toBe(epochs.length)
})

test('of many first sights of one user one registers it, and its event is told once', async () => {
  const id = `oidc~${randomUUID()}`
  const newcomer = { id, name: 'New', email: null, userType: 'human' } as const
  await Promise.all(Array.from({ length: 8 }, () => registerUser(db.database, newcomer)))
  const told = await db.database.query('select 1 from outbox where object = $1', [id])
  expect([told.length, await findAdmission(db.database, id, undefined)]).toEqual([
    1,
    { kind: 'user', welcome: true },
  ])
})

test('a deleted user stays refused at sight, and comes back by hand only, without former rights', async () => {
  const user = await newUser()
  await makeAdmin(user.id)
  await makeAdmin((await newUser()).id)
  await db.database.execute(
    `insert into project_member (project_id, member_kind, member_id) values ('p', 'principal', $1)`,
    [user.id],
  )
  await inTx((tx) => deletePrincipal(tx, user))
  await registerUser(db.database, { id: user.id, name: 'Again', email: null, userType: 'human' })
  expect(await findAdmission(db.database, user.id, undefined)).toMatchObject({ welcome: false })
  expect(await findPrincipal(db.database, user.id)).toBeUndefined()
  await inTx((tx) => insertUser(tx, { id: user.id, name: 'Back', email: null, userType: 'human' }))
  expect(await findPrincipal(db.database, user.id)).toMatchObject({ serverAdmin: false, active: true })
  expect(await db.database.query('select 1 from project_member where member_id = $1', [user.id])).toEqual([])
})

test('of two admins that deactivate and delete one another at once, one is left', async () => {
  await db.database.execute('update principal set server_admin = false')
  const [first, second] = [await newUser(), await newUser()]
  await makeAdmin(first.id)
  await makeAdmin(second.id)
  const ends = await Promise.allSettled([
    inTx((tx) => updatePrincipal(tx, first, { active: false })),
    inTx((tx) => deletePrincipal(tx, second)),
  ])
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = ends.find(({ status }) => status === 'rejected') as PromiseRejectedResult
  expect(refused.reason).toMatchObject({ type: 'ConflictException' })
})

test('a change with an old version is refused', async () => {
  const user = await newUser()
  await inTx((tx) => updatePrincipal(tx, { ...user, version: 1 }, { name: 'One' }))
  expect(
    await rejection(inTx((tx) => updatePrincipal(tx, { ...user, version: 1 }, { name: 'Two' }))),
  ).toMatchObject({
    type: 'PreconditionFailedException',
  })
})

test('pages follow one another by id, whatever is added between them', async () => {
  await Promise.all(Array.from({ length: 5 }, () => newUser('Paged')))
  const all = (await listUsers(db.database, { name: 'pAGed', limit: 100 })).map(({ id }) => id)
  const first = (await listUsers(db.database, { name: 'paged', limit: 2 })).map(({ id }) => id)
  const rest = await listUsers(db.database, { name: 'paged', limit: 100, after: first[1] ?? '' })
  expect([...first, ...rest.map(({ id }) => id)]).toEqual(all)
  expect([...all].sort()).toEqual(all)
})

test('service accounts are those of their project', async () => {
  const { id } = await newAccount()
  expect((await listServiceAccounts(db.database, 'p', { limit: 100 })).map((one) => one.id)).toContain(id)
  expect(await listServiceAccounts(db.database, 'other', { limit: 100 })).toEqual([])
  expect(
    await rejection(
      inTx((tx) => insertServiceAccount(tx, { id: 'lakegate~x', name: 'x', projectId: 'none' })),
    ),
  ).toMatchObject({ status: 404 })
})

const search = async (text: string) =>
  (await searchUsers(db.database, { text, limit: 10 })).map(({ name }) => name)

test('users are found by parts of their names, misspelt ones included, the best first', async () => {
  for (const name of ['Ada Lovelace', 'Adam Lovell', 'Grace Hopper', 'Ada']) await newUser(name)
  expect((await search('ada')).slice(0, 1)).toEqual(['Ada'])
  expect(await search('lovelase')).toContain('Ada Lovelace')
  expect(await search('HOPPER')).toEqual(['Grace Hopper'])
  expect(await search('nobody at all')).toEqual([])
})

test.each(['%', '_', '%%%', '\\', "' or 1=1 --", '', '   ', '\u0000', '\ud800'])(
  '%j means nothing to a search but itself',
  async (text) => {
    expect(await search(text)).toEqual([])
  },
)

test('a search of a letter or two finds who is called exactly that', async () => {
  for (const name of ['李明', '李明明', 'Al']) await newUser(name)
  expect(await search('李明')).toEqual(['李明'])
  expect(await search('AL')).toEqual(['Al'])
  expect(await search('a')).toEqual([])
})

test('a search finds an id as it is written, and parts of an address', async () => {
  const { id } = await newUser('Someone')
  await db.database.execute(`update principal set email = 'Some.One@Deep.Example' where id = $1`, [id])
  expect(await search(id)).toEqual(['Someone'])
  expect(await search('one@deep')).toEqual(['Someone'])
})

test.each(testServers)(
  'a search among many reads no table through, on %s',
  async (kind) => {
    await using many = await openTestDatabase({ kind })
    await many.database.execute(`
    insert into principal (id, kind, user_type, name, email, last_updated_with)
    select 'oidc~' || i, 'user', 'human', 'Member ' || substr(md5(i::text), 1, 8), i || '@x.example', 'create-endpoint'
    from generate_series(1, 30000) i`)
    await many.database.execute('analyze principal')
    for (const text of ['Member', 'embe', 'ab', 'oidc~77', '777@x.example', 'membr 00aa', 'zzzz', 'Membx'])
      await many.database.transaction(async (tx) => {
        await searchUsers(tx, { text, limit: 10 })
        const [scans] = await tx.query(
          `select seq_scan::int as read from pg_stat_xact_user_tables where relname = 'principal'`,
        )
        expect([text, scans]).toEqual([text, { read: 0 }])
      })
  },
  60_000,
)

test('what a search takes is bounded', async () => {
  expect(await search('z'.repeat(100_000))).toEqual([])
})

test('a key is found while it is worth something', async () => {
  const account = await newAccount()
  const live = await newKey(account.id)
  expect(await findKeyByHash(db.database, live.hash)).toMatchObject({ id: live.id, welcome: true })
  expect(await findAdmission(db.database, account.id, live.id)).toMatchObject({ welcome: true })
  const over = await newKey(account.id, { expiresAt: new Date(Date.now() - 1000) })
  expect(await findKeyByHash(db.database, over.hash)).toBeUndefined()
  await inTx((tx) => revokeApiKey(tx, { id: live.id, principalId: account.id }))
  expect(await findKeyByHash(db.database, live.hash)).toBeUndefined()
  expect(await findAdmission(db.database, account.id, live.id)).toMatchObject({ welcome: false })
  expect(await findAdmission(db.database, account.id, undefined)).toMatchObject({ welcome: true })
})

test('the key of one account is none of another', async () => {
  const [one, other] = [await newAccount(), await newAccount()]
  const key = await newKey(one.id)
  expect(await findAdmission(db.database, other.id, key.id)).toMatchObject({ welcome: false })
  const theft = inTx((tx) => revokeApiKey(tx, { id: key.id, principalId: other.id }))
  expect(await rejection(theft)).toMatchObject({ status: 404 })
})

test('a project that forbids keys makes none, and those that are there are worth nothing until it allows them', async () => {
  await inTx((tx) => insertProject(tx, { id: 'strict', name: 'strict' }))
  const id = `lakegate~${randomUUID()}`
  await inTx((tx) => insertServiceAccount(tx, { id, name: 'loader', projectId: 'strict' }))
  const key = await newKey(id, { projectId: 'strict' })
  await inTx((tx) => updateProject(tx, 'strict', { apiKeysAllowed: false }))
  expect(await findKeyByHash(db.database, key.hash)).toBeUndefined()
  expect(await rejection(newKey(id, { projectId: 'strict' }))).toMatchObject({ type: 'ForbiddenException' })
  await inTx((tx) => updateProject(tx, 'strict', { apiKeysAllowed: true }))
  expect(await findKeyByHash(db.database, key.hash)).toMatchObject({ id: key.id })
})

test('a deleted account takes its keys along', async () => {
  const account = await newAccount()
  const key = await newKey(account.id)
  await inTx((tx) => deletePrincipal(tx, account))
  expect(await findKeyByHash(db.database, key.hash)).toBeUndefined()
  expect(await listApiKeys(db.database, account.id)).toEqual([])
})

test('an account has at most fifty keys', async () => {
  const { id } = await newAccount()
  for (let i = 0; i < 50; i++) await newKey(id)
  expect(await rejection(newKey(id))).toMatchObject({ type: 'ConflictException' })
})

test('last sight is written for many at once, and raises no epoch', async () => {
  const user = await newUser()
  const account = await newAccount()
  const key = await newKey(account.id)
  const epoch = await loadIdentityEpoch(db.database)
  await Promise.all([
    noteSeen(db.database, [user.id, account.id]),
    noteSeen(db.database, [account.id, user.id]),
    noteUsed(db.database, [key.id]),
  ])
  expect(await findPrincipal(db.database, user.id)).toMatchObject({
    lastSeenAt: expect.any(Date),
    version: 1,
  })
  expect(await listApiKeys(db.database, account.id)).toMatchObject([{ lastUsedAt: expect.any(Date) }])
  expect(await loadIdentityEpoch(db.database)).toBe(epoch)
})
