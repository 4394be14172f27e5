import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import type { Database } from '#store/database.ts'
import { insertProject } from '#store/projects.ts'
import { groupsOf, listHeldRoles, listMembers } from '#store/role-listings.ts'
import { addRoleMembers, deepestNesting, type RoleMember, removeRoleMembers } from '#store/role-members.ts'
import {
  deleteRole,
  findRole,
  insertRole,
  isRoleUsed,
  listRoles,
  type RoleDraft,
  searchRoles,
  updateRole,
} from '#store/roles.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { loadStanding } from '#store/standings.ts'
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

describe.each(testServers)('roles on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    for (const id of ['p', 'q']) await database.transaction((tx) => insertProject(tx, { id, name: id }))
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const addRole = async (draft: Partial<RoleDraft> = {}): Promise<string> => {
    const id = randomUUID()
    await database.transaction((tx) =>
      insertRole(tx, {
        ...{ id, projectId: 'p', name: `role ${id}`, description: null },
        ...{ providerId: 'lakegate', sourceId: id, ...draft },
      }),
    )
    return id
  }
  const addPrincipal = async (id: string, projectId: string | null = null): Promise<string> => {
    await database.execute(
      `insert into principal (id, kind, user_type, name, project_id, last_updated_with)
       values ($1, $2, 'human', $1, $3, 'create-endpoint')`,
      [id, projectId === null ? 'user' : 'service-account', projectId],
    )
    return id
  }
  const at = (id: string, projectId = 'p') => ({ id, projectId })
  const roleOf = (id: string): RoleMember => ({ kind: 'role', id })
  const personOf = (id: string): RoleMember => ({ kind: 'principal', id })
  const add = (role: string, ...members: readonly RoleMember[]) =>
    database.transaction((tx) => addRoleMembers(tx, at(role), members))
  const addChain = async (length: number): Promise<readonly string[]> => {
    const ids: string[] = []
    for (let i = 0; i < length; i++) {
      const id = await addRole()
      const last = ids.at(-1)
      if (last !== undefined) await add(last, roleOf(id))
      ids.push(id)
    }
    return ids
  }

  it('keep name and origin unique within a project, letter case of names aside', async () => {
    await addRole({ name: 'Analysts', providerId: 'oidc', sourceId: 'g1' })
    expect(await typeOf(addRole({ name: 'analysts' }))).toBe('AlreadyExistsException')
    expect(await typeOf(addRole({ name: 'other', providerId: 'oidc', sourceId: 'g1' }))).toBe(
      'AlreadyExistsException',
    )
    expect(
      await typeOf(addRole({ name: 'Analysts', projectId: 'q', providerId: 'oidc', sourceId: 'g1' })),
    ).toBe('none')
    expect(await typeOf(addRole({ projectId: 'missing' }))).toBe('NotFoundException')
  })

  it('change by name, origin and version, within their project', async () => {
    const id = await addRole()
    const change = (target: { id: string; projectId: string; version?: number }) =>
      typeOf(database.transaction((tx) => updateRole(tx, target, { description: 'new' })))
    expect(await change({ ...at(id), version: 7 })).toBe('PreconditionFailedException')
    expect(await change(at(id, 'q'))).toBe('NoSuchRoleException')
    expect(await change({ ...at(id), version: 1 })).toBe('none')
    expect(await findRole(database, id)).toMatchObject({ description: 'new', version: 2 })
  })

  it('raise the epoch of identity with every change', async () => {
    const epochs = [await loadIdentityEpoch(database)]
    const note = async (): Promise<void> => {
      epochs.push(await loadIdentityEpoch(database))
    }
    const role = await addRole()
    await note()
    const member = await addRole()
    await add(role, roleOf(member))
    await note()
    await database.transaction((tx) => removeRoleMembers(tx, at(role), [roleOf(member)]))
    await note()
    await database.transaction((tx) => updateRole(tx, at(role), { name: `again ${role}` }))
    await note()
    await database.transaction((tx) => deleteRole(tx, at(role)))
    await note()
    expect(new Set(epochs).size).toBe(6)
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
  })

  it('come in pages by name, and narrow by ids, origin and part of the name', async () => {
    const ids = new Map<string, string>()
    for (const name of ['zeta', 'Beta', 'alpha_x'])
      ids.set(name, await addRole({ name, providerId: 'okta', sourceId: name }))
    const list = async (filter: object) =>
      (await listRoles(database, 'p', { providerIds: ['okta'], limit: 10, ...filter })).map(
        (role) => role.name,
      )
    expect(await list({})).toEqual(['alpha_x', 'Beta', 'zeta'])
    expect(await list({ limit: 1, after: 'ALPHA_X' })).toEqual(['Beta'])
    expect(await list({ ids: [ids.get('zeta')] })).toEqual(['zeta'])
    expect(await list({ sourceIds: ['Beta', 'none'] })).toEqual(['Beta'])
    expect(await list({ name: 'ETA' })).toEqual(['Beta', 'zeta'])
    expect(await list({ name: '%' })).toEqual([])
    expect(await list({ ids: [] })).toEqual([])
    expect(await listRoles(database, 'q', { providerIds: ['okta'], limit: 10 })).toEqual([])
  })

  it('are found by a part of their name, by letters in their order, and by their id', async () => {
    const id = await addRole({ name: 'Warehouse Readers' })
    const find = async (text: string) => (await searchRoles(database, 'p', text)).map((role) => role.id)
    expect(await find('house read')).toEqual([id])
    expect(await find('whrdrs')).toEqual([id])
    expect(await find(id)).toContain(id)
    expect(await find('%%')).toEqual([])
    expect(await searchRoles(database, 'q', 'Warehouse Readers')).toEqual([])
  })

  it('take members all or none, each once', async () => {
    const role = await addRole()
    const ann = await addPrincipal(`oidc~${randomUUID()}`)
    expect(await typeOf(add(role, personOf(ann), personOf('oidc~nobody')))).toBe('NotFoundException')
    expect(await typeOf(add(role, personOf(ann), roleOf(randomUUID())))).toBe('NoSuchRoleException')
    expect(await listMembers(database, role, { reach: 'direct', limit: 10 })).toEqual([])
    await add(role, personOf(ann), personOf(ann))
    await add(role, personOf(ann))
    expect(await listMembers(database, role, { reach: 'direct', limit: 10 })).toMatchObject([
      { kind: 'principal', id: ann, userType: 'human' },
    ])
  })

  it('take nobody of another project', async () => {
    const role = await addRole()
    const foreign = await addRole({ projectId: 'q' })
    const robot = await addPrincipal(`lakegate~${randomUUID()}`, 'q')
    const own = await addPrincipal(`lakegate~${randomUUID()}`, 'p')
    expect(await typeOf(add(role, roleOf(foreign)))).toBe('NoSuchRoleException')
    expect(await typeOf(add(role, personOf(robot)))).toBe('NotFoundException')
    expect(await typeOf(add(role, personOf(own)))).toBe('none')
    expect(await typeOf(database.transaction((tx) => addRoleMembers(tx, at(role, 'q'), [])))).toBe(
      'NoSuchRoleException',
    )
  })

  it('refuse a cycle, also one through others and through themselves', async () => {
    const [top = '', middle = '', bottom = ''] = await addChain(3)
    expect(await typeOf(add(top, roleOf(top)))).toBe('RoleMembershipCycle')
    expect(await typeOf(add(bottom, roleOf(top)))).toBe('RoleMembershipCycle')
    expect(await typeOf(add(middle, roleOf(top)))).toBe('RoleMembershipCycle')
    expect(await typeOf(add(top, roleOf(bottom)))).toBe('none')
  })

  it('nest as deep as the bound and no deeper, wherever the chain grows', async () => {
    const chain = await addChain(deepestNesting + 1)
    const more = await addRole()
    expect(await typeOf(add(chain.at(-1) ?? '', roleOf(more)))).toBe('RoleMembershipDepthExceeded')
    expect(await typeOf(add(more, roleOf(chain[0] ?? '')))).toBe('RoleMembershipDepthExceeded')
    expect(await typeOf(add(chain[1] ?? '', roleOf(more)))).toBe('none')
  })

  it('let only one of two additions through that together make a cycle', async () => {
    for (let round = 0; round < 10; round++) {
      const one = await addRole()
      const other = await addRole()
      const outcomes = await Promise.all([typeOf(add(one, roleOf(other))), typeOf(add(other, roleOf(one)))])
      expect(outcomes.toSorted()).toEqual(['RoleMembershipCycle', 'none'])
    }
  })

  it('let no ring close, however many put its pieces in at once', async () => {
    const ring = await Promise.all(Array.from({ length: 6 }, () => addRole()))
    const outcomes = await Promise.all(
      ring.map((role, i) => typeOf(add(role, roleOf(ring[(i + 1) % ring.length] ?? '')))),
    )
    expect(outcomes.toSorted()).toEqual(['RoleMembershipCycle', ...Array.from({ length: 5 }, () => 'none')])
  })

  it('are never deleted beneath an addition: no member is left that is not there', async () => {
    for (let round = 0; round < 10; round++) {
      const role = await addRole()
      const member = await addRole()
      const outcomes = await Promise.all([
        typeOf(add(role, roleOf(member))),
        typeOf(database.transaction((tx) => deleteRole(tx, at(member)))),
      ])
      expect(outcomes[1]).toBe('none')
      const left = await database.query('select 1 from role_member where role_id = $1', [role])
      expect(left).toEqual([])
    }
  })

  it('leave their roles and projects when they are deleted', async () => {
    const [top = '', middle = '', bottom = ''] = await addChain(3)
    const ann = await addPrincipal(`oidc~${randomUUID()}`)
    await add(bottom, personOf(ann))
    await database.execute(`insert into project_member values ('q', 'role', $1), ('p', 'role', $2)`, [
      top,
      bottom,
    ])
    expect(await isRoleUsed(database, 'q', top)).toBe(true)
    const before = await loadStanding(database, { id: ann })
    expect(before.projects.toSorted()).toEqual(['p', 'q'])
    expect(before.roles).toHaveLength(3)
    await database.transaction((tx) => deleteRole(tx, at(middle)))
    expect(await loadStanding(database, { id: ann })).toMatchObject({ projects: ['p'], roles: [bottom] })
    await database.transaction((tx) => deleteRole(tx, at(top)))
    expect(await isRoleUsed(database, 'q', top)).toBe(false)
  })

  it('come from the groups of a token, in every project, and from no other provider', async () => {
    const group = randomUUID()
    const here = await addRole({ providerId: 'oidc', sourceId: group })
    const there = await addRole({ projectId: 'q', providerId: 'oidc', sourceId: group })
    await addRole({ providerId: 'okta', sourceId: group })
    const byHand = await addRole({ providerId: 'lakegate', sourceId: group })
    const claimed = await loadStanding(database, {
      id: 'oidc~x',
      groups: [`oidc~${group}`, `lakegate~${group}`, 'oidc~', '~', 'no form'],
    })
    expect(claimed.roles.toSorted()).toEqual([here, there].toSorted())
    expect(claimed.roles).not.toContain(byHand)
    expect((await loadStanding(database, { id: 'oidc~x' })).roles).toEqual([])
    const held = await listHeldRoles(
      database,
      { kind: 'principal', id: 'oidc~x', groups: groupsOf([`oidc~${group}`]) },
      { reach: 'direct', projectId: 'p', limit: 10 },
    )
    expect(held.map((role) => role.id)).toEqual([here])
  })

  it('give an assumed role alone: not the projects and rights of whoever assumes it', async () => {
    const ann = await addPrincipal(`oidc~${randomUUID()}`)
    await database.execute(`update principal set server_admin = true where id = $1`, [ann])
    const role = await addRole()
    await database.execute(`insert into project_member values ('p', 'principal', $1), ('q', 'role', $2)`, [
      ann,
      role,
    ])
    expect(await loadStanding(database, { id: ann })).toMatchObject({ serverAdmin: true, projects: ['p'] })
    expect(await loadStanding(database, { id: ann, assumedRole: role })).toMatchObject({
      ...{ serverAdmin: false, projects: ['q'], roles: [role] },
    })
    expect(await loadStanding(database, { id: ann, assumedRole: randomUUID() })).toMatchObject({
      ...{ serverAdmin: false, projects: [], roles: [] },
    })
  })
})
