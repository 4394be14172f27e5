/** Bootstrap, projects and their members, on a real database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import { bootstrapStore, isBootstrapped, reopenBootstrap } from '#store/bootstrap.ts'
import { insertConnection } from '#store/connections.ts'
import type { Database } from '#store/database.ts'
import {
  deletePrincipal,
  findPrincipal,
  insertServiceAccount,
  insertUser,
  updatePrincipal,
} from '#store/principals.ts'
import { addProjectMembers, listProjectMembers, removeProjectMember } from '#store/project-members.ts'
import { deleteProject, findProject, insertProject, updateProject } from '#store/projects.ts'
import { loadEpoch, loadIdentityEpoch } from '#store/server.ts'
import { changeServerAdmins, listServerAdmins } from '#store/server-admins.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

const typeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    if (isCatalogError(error)) return error.type
    throw error
  }
  return 'none'
}

describe.each(testServers)('tenancy on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const addUser = (id: string) =>
    database.transaction((tx) => insertUser(tx, { id, name: id, email: null, userType: 'human' }))
  const addProject = (id: string, name = id) => database.transaction((tx) => insertProject(tx, { id, name }))
  const bootstrap = (id: string) => database.transaction((tx) => bootstrapStore(tx, { admin: { id } }))

  it('is bootstrapped by exactly one of many at once, who is then the only admin', async () => {
    expect(await isBootstrapped(database)).toBe(false)
    const ids = Array.from({ length: 8 }, (_, i) => `oidc~racer-${i}`)
    const types = await Promise.all(ids.map((id) => typeOf(bootstrap(id))))
    const won = ids.filter((_, i) => types[i] === 'none')
    expect(won).toHaveLength(1)
    expect(types.filter((type) => type === 'CatalogAlreadyBootstrapped')).toHaveLength(7)
    expect(await listServerAdmins(database, 10)).toEqual(won)
    expect(await isBootstrapped(database)).toBe(true)
    for (const id of ids.filter((id) => !won.includes(id)))
      expect(await findPrincipal(database, id)).toBeUndefined()
  })

  it('is opened again by whoever reaches the database, and its admins stay', async () => {
    const before = await listServerAdmins(database, 10)
    await database.transaction(reopenBootstrap)
    expect(await typeOf(database.transaction(reopenBootstrap))).toBe('ConflictException')
    await addUser('oidc~second')
    const epoch = await loadIdentityEpoch(database)
    await bootstrap('oidc~second')
    expect(await loadIdentityEpoch(database)).toBeGreaterThan(epoch)
    expect(await listServerAdmins(database, 10)).toEqual([...before, 'oidc~second'].sort())
  })

  it('stays open where the one who is named cannot sign in', async () => {
    await database.transaction(reopenBootstrap)
    await addUser('oidc~gone')
    await database.transaction((tx) => deletePrincipal(tx, { id: 'oidc~gone', kind: 'user' }))
    expect(await typeOf(bootstrap('oidc~gone'))).toBe('ConflictException')
    expect(await isBootstrapped(database)).toBe(false)
    await database.transaction((tx) => bootstrapStore(tx, {}))
    expect(await isBootstrapped(database)).toBe(true)
  })

  it('an operator becomes a member of a project too', async () => {
    await addProject('operated')
    await database.transaction(reopenBootstrap)
    const admin = { id: 'kubernetes~op', userType: 'application', name: 'op' } as const
    await database.transaction((tx) => bootstrapStore(tx, { admin, memberOf: 'operated' }))
    expect(await listProjectMembers(database, 'operated', { limit: 10 })).toMatchObject([
      { kind: 'principal', id: 'kubernetes~op', name: 'op', userType: 'application' },
    ])
  })

  it('keeps one admin, also where two are taken away at once', async () => {
    const admins = await listServerAdmins(database, 10)
    const take = (deletes: readonly string[]) =>
      typeOf(database.transaction((tx) => changeServerAdmins(tx, { writes: [], deletes })))
    expect(admins.length).toBeGreaterThan(1)
    expect(await take(admins)).toBe('ConflictException')
    const each = await Promise.all(admins.map((id) => take([id])))
    expect(each.filter((type) => type === 'ConflictException')).toHaveLength(1)
    const [last = ''] = await listServerAdmins(database, 10)
    expect(await take(['oidc~not-there'])).toBe('none')
    const target = { id: last, kind: 'user' } as const
    expect(await typeOf(database.transaction((tx) => deletePrincipal(tx, target)))).toBe('ConflictException')
    const inactive = database.transaction((tx) => updatePrincipal(tx, target, { active: false }))
    expect(await typeOf(inactive)).toBe('ConflictException')
    const unknown = { writes: ['oidc~not-there'], deletes: [] }
    expect(await typeOf(database.transaction((tx) => changeServerAdmins(tx, unknown)))).toBe(
      'NotFoundException',
    )
  })

  it('no project has an id or a name that another one answers to', async () => {
    await addProject('p-1', 'first')
    expect(await typeOf(addProject('p-1', 'other'))).toBe('AlreadyExistsException')
    expect(await typeOf(addProject('first', 'other'))).toBe('AlreadyExistsException')
    expect(await typeOf(addProject('other', 'p-1'))).toBe('AlreadyExistsException')
    await addProject('p-2', 'second')
    const rename = (name: string) => database.transaction((tx) => updateProject(tx, 'p-2', { name }))
    expect(await typeOf(rename('p-1'))).toBe('AlreadyExistsException')
    expect(await typeOf(rename('first'))).toBe('AlreadyExistsException')
    const epoch = await loadEpoch(database)
    expect(await rename('p-2')).toMatchObject({ id: 'p-2', name: 'p-2', apiKeysAllowed: true })
    expect(await loadEpoch(database)).toBeGreaterThan(epoch)
    const missing = database.transaction((tx) => updateProject(tx, 'p-3', { apiKeysAllowed: false }))
    expect(await typeOf(missing)).toBe('NotFoundException')
  })

  it('is deleted when it is empty, with its members', async () => {
    await addProject('full')
    const draft = { projectId: 'full', name: 'far', kind: 'iceberg-rest', config: { uri: 'http://x' } }
    await database.transaction((tx) => insertConnection(tx, draft))
    const remove = (id: string) => typeOf(database.transaction((tx) => deleteProject(tx, id)))
    expect(await remove('full')).toBe('ConflictException')
    await addProject('empty')
    const account = { id: 'lakegate~x', name: 'x', projectId: 'empty' }
    await database.transaction((tx) => insertServiceAccount(tx, account))
    expect(await remove('empty')).toBe('ConflictException')
    await database.transaction((tx) => deletePrincipal(tx, { id: account.id, kind: 'service-account' }))
    await addUser('oidc~in-empty')
    const member = { kind: 'principal', id: 'oidc~in-empty' } as const
    await database.transaction((tx) => addProjectMembers(tx, 'empty', [member]))
    expect(await remove('empty')).toBe('none')
    expect(await findProject(database, 'empty')).toBeUndefined()
    expect(await remove('empty')).toBe('NotFoundException')
  })

  it('takes members that it may know of, all or none, and lists them in pages', async () => {
    await addProject('home')
    await addProject('away')
    for (const id of ['oidc~a', 'oidc~b', 'oidc~c']) await addUser(id)
    await database.transaction((tx) =>
      insertServiceAccount(tx, { id: 'lakegate~away', name: 'away', projectId: 'away' }),
    )
    const add = (...ids: readonly string[]) =>
      typeOf(
        database.transaction((tx) =>
          addProjectMembers(
            tx,
            'home',
            ids.map((id) => ({ kind: 'principal', id })),
          ),
        ),
      )
    expect(await add('oidc~a', 'lakegate~away')).toBe('NotFoundException')
    expect(await listProjectMembers(database, 'home', { limit: 10 })).toEqual([])
    expect(await add('oidc~a', 'oidc~b', 'oidc~a')).toBe('none')
    expect(await add('oidc~b', 'oidc~c')).toBe('none')
    const first = await listProjectMembers(database, 'home', { limit: 2 })
    expect(first.map(({ id }) => id)).toEqual(['oidc~a', 'oidc~b'])
    const after = { kind: 'principal', id: 'oidc~b' } as const
    const rest = await listProjectMembers(database, 'home', { after, limit: 2 })
    expect(rest.map(({ id }) => id)).toEqual(['oidc~c'])
    const remove = () => typeOf(database.transaction((tx) => removeProjectMember(tx, 'home', after)))
    expect(await remove()).toBe('none')
    expect(await remove()).toBe('NotFoundException')
    const roles = [{ kind: 'role', id: '00000000-0000-0000-0000-000000000000' }] as const
    const role = database.transaction((tx) => addProjectMembers(tx, 'home', roles))
    expect(await typeOf(role)).toBe('NoSuchRoleException')
  })
})
