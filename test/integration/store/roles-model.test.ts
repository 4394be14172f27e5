/** Random nestings: what the store accepts, refuses, lists and resolves is what a naive model does. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import type { Database } from '#store/database.ts'
import { insertProject } from '#store/projects.ts'
import { groupsOf, type KnownMember, listHeldRoles, listMembers } from '#store/role-listings.ts'
import { addRoleMembers, deepestNesting, removeRoleMembers } from '#store/role-members.ts'
import { insertRole } from '#store/roles.ts'
import { loadStanding } from '#store/standings.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { judge, membersOf, put, type RoleModel, rolesOf } from '../../support/role-model.ts'

const size = 14
const people = ['oidc~a', 'oidc~b', 'oidc~c']

interface Step {
  readonly role: number
  /** Beyond the roles: a person. */
  readonly member: number
  readonly leaves: boolean
}

const place = fc.integer({ min: 0, max: size - 1 })
const steps = fc.array(
  fc.oneof(
    fc.record({
      role: place,
      member: fc.integer({ min: 0, max: size + people.length - 1 }),
      leaves: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
    // Chains, which random pairs seldom make long.
    place.map((n) => ({ role: n, member: (n + 1) % size, leaves: false })),
  ),
  { minLength: 20, maxLength: 60 },
)

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await openTestDatabase()
  database = db.database
  for (const id of people)
    await database.execute(
      `insert into principal (id, kind, user_type, name, last_updated_with)
       values ($1, 'user', 'human', $1, 'create-endpoint')`,
      [id],
    )
})
afterAll(() => db[Symbol.asyncDispose]())

interface World {
  readonly project: string
  readonly ids: readonly string[]
  readonly model: RoleModel
}

const createWorld = async (): Promise<World> => {
  const project = randomUUID()
  const ids = Array.from({ length: size }, () => randomUUID())
  await database.transaction(async (tx) => {
    await insertProject(tx, { id: project, name: project })
    for (const [i, id] of ids.entries())
      await insertRole(tx, {
        ...{ id, projectId: project, name: `role ${i}`, description: null },
        ...(i === 0 ? { providerId: 'oidc', sourceId: project } : { providerId: 'lakegate', sourceId: id }),
      })
  })
  return { project, ids, model: { roles: new Set(ids), edges: [], depth: deepestNesting } }
}

const typeOf = (error: unknown): string => {
  if (isCatalogError(error)) return error.type
  throw error
}

const take = async ({ project, ids, model }: World, step: Step): Promise<void> => {
  const role = ids[step.role] ?? ''
  const id = ids[step.member] ?? people[step.member - size] ?? ''
  const target = { id: role, projectId: project }
  const member = { kind: step.member < size ? 'role' : 'principal', id } as const
  if (step.leaves) {
    await database.transaction((tx) => removeRoleMembers(tx, target, [member]))
    const at = model.edges.findIndex(([one, other]) => one === role && other === id)
    if (at >= 0) model.edges.splice(at, 1)
    return
  }
  const expected = member.kind === 'role' ? judge(model, role, id) : 'none'
  const said = await database
    .transaction((tx) => addRoleMembers(tx, target, [member]))
    .then(() => 'none', typeOf)
  expect(said).toBe(expected)
  if (said === 'none') put(model, role, id)
}

const sorted = (ids: Iterable<string>): readonly string[] => [...ids].sort()

/** In pages of three, so that their seams are walked too. */
const everyPage = async <Item extends { readonly id: string }>(
  read: (after: Item | undefined) => Promise<readonly Item[]>,
): Promise<readonly Item[]> => {
  const all: Item[] = []
  for (let page = await read(undefined); page.length > 0; page = await read(all.at(-1))) all.push(...page)
  return all
}

const compare = async ({ project, ids, model }: World): Promise<void> => {
  const limit = 3
  for (const id of ids) {
    const members = await everyPage<KnownMember>((after) =>
      listMembers(database, id, {
        ...{ reach: 'transitive', limit },
        ...(after && { after }),
      }),
    )
    expect(sorted(members.map((member) => member.id))).toEqual(sorted(membersOf(model, id)))
  }
  for (const id of people) {
    const holder = { kind: 'principal', id, groups: groupsOf() } as const
    const held = await everyPage((after) =>
      listHeldRoles(database, holder, {
        ...{ reach: 'transitive', limit, projectId: project },
        ...(after && { after: after.id }),
      }),
    )
    expect(held.map((role) => role.id)).toEqual(sorted(rolesOf(model, id)))
  }
}

const resolve = async ({ project, ids, model }: World): Promise<void> => {
  const ours = new Set(ids)
  for (const id of people) {
    const { roles } = await loadStanding(database, { id })
    expect(sorted(roles.filter((role) => ours.has(role)))).toEqual(sorted(rolesOf(model, id)))
  }
  const claimed = await loadStanding(database, { id: 'oidc~nobody', groups: [`oidc~${project}`] })
  const first = ids[0] ?? ''
  expect(sorted(claimed.roles)).toEqual(sorted([first, ...rolesOf(model, first)]))
  const assumed = await loadStanding(database, { id: 'oidc~a', assumedRole: first })
  expect(sorted(assumed.roles)).toEqual(sorted([first, ...rolesOf(model, first)]))
}

describe('roles in roles', () => {
  it('are accepted, refused, listed and resolved as a naive model says', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const world = await createWorld()
        for (const step of history) await take(world, step)
        await compare(world)
        await resolve(world)
      }),
      { numRuns: 15 },
    )
  })
})
