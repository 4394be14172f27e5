import { describe, expect, test } from 'vitest'
import { createDataLevels } from '#authz/data-levels.ts'
import { createPolicyAuthorizer } from '#authz/policy-authorizer.ts'
import type { Action, Principal, Resource } from '#model/access.ts'
import { circumstances, createTestPolicy, model, standingOf, user } from '../../support/policy/authorizer.ts'

const actions: readonly Action[] = [
  ...(['get-config', 'list', 'describe', 'read', 'create', 'write'] as const),
  ...(['drop', 'rename', 'register', 'manage'] as const),
]

const { authorizer } = createTestPolicy({
  standings: {
    'oidc~admin': standingOf({ serverAdmin: true }),
    'oidc~member': standingOf({ projects: new Set(['mine']) }),
    'oidc~both': standingOf({ serverAdmin: true, projects: new Set(['mine']) }),
  },
})

const resourcesOf = (project: string, warehouse: string): Readonly<Record<string, Resource>> => ({
  project: { kind: 'project', project },
  warehouse: { kind: 'warehouse', project, warehouse },
  connection: { kind: 'connection', project, connection: 'c' },
  role: { kind: 'role', project, role: 'r' },
  'service-account': { kind: 'service-account', project, serviceAccount: 's' },
  namespace: { kind: 'namespace', warehouse, namespace: ['a'] },
  table: { kind: 'table', warehouse, namespace: ['a'], name: 't' },
  view: { kind: 'view', warehouse, namespace: ['a'], name: 'v' },
})

const mine = resourcesOf('mine', 'lake')
const theirs = resourcesOf('theirs', 'other')
const gone = resourcesOf('gone', 'gone')

const check = async (principal: Principal, action: Action, resource: Resource) => {
  const { allow, visible } = await authorizer.check(principal, [{ action, resource }], circumstances)
  if (allow) return 'allowed'
  return visible ? 'forbidden' : 'invisible'
}

const kinds = Object.keys(mine)
const resource = (of: Readonly<Record<string, Resource>>, kind: string): Resource => {
  const found = of[kind]
  if (found === undefined) throw new Error(kind)
  return found
}

describe.each(actions)('%s', (action) => {
  /** There is nothing to be allowed where nothing can be asked for. */
  const can = (kind: string): boolean => model.has(kind, `can_${action.replaceAll('-', '_')}`)

  test.each(kinds)(
    'on a %s: a member may inside the project, and knows of nothing outside it',
    async (kind) => {
      const may = can(kind) && !(kind === 'project' && action === 'drop')
      expect(await check(user('member'), action, resource(mine, kind))).toBe(may ? 'allowed' : 'forbidden')
      expect(await check(user('member'), action, resource(theirs, kind))).toBe('invisible')
      expect(await check(user('member'), action, resource(gone, kind))).toBe('invisible')
      expect(await check(user('nobody'), action, resource(mine, kind))).toBe('invisible')
    },
  )

  test.each(kinds)('on a %s: a server administrator administers, and has no right to data', async (kind) => {
    const data =
      ['namespace', 'table', 'view'].includes(kind) ||
      (kind === 'warehouse' && !['describe', 'write', 'manage', 'drop'].includes(action))
    const may = can(kind) ? 'allowed' : 'forbidden'
    expect(await check(user('admin'), action, resource(theirs, kind))).toBe(data ? 'forbidden' : may)
    expect(await check(user('both'), action, resource(mine, kind))).toBe(may)
  })

  test('on the server: administrators alone, but for what everybody may ask', async () => {
    const open = action === 'describe' || action === 'list'
    expect(await check(user('admin'), action, { kind: 'server' })).toBe(
      can('server') ? 'allowed' : 'forbidden',
    )
    expect(await check(user('member'), action, { kind: 'server' })).toBe(open ? 'allowed' : 'forbidden')
  })

  test('the configured token may everything, and with a role no more than the role', async () => {
    const token: Principal = { kind: 'token', id: 'token:static' }
    expect(await check(token, action, resource(theirs, 'table'))).toBe('allowed')
    expect(await check({ ...token, assumedRole: 'r' }, action, resource(theirs, 'table'))).toBe('invisible')
  })

  test('an anonymous asker may nothing inside a project', async () => {
    const anonymous: Principal = { kind: 'anonymous', id: 'anonymous' }
    expect(await check(anonymous, action, resource(mine, 'table'))).toBe('invisible')
  })
})

test('the refused one of several needs is the one that the answer speaks of', async () => {
  const needs = [
    { action: 'read', resource: resource(mine, 'table') },
    { action: 'read', resource: resource(theirs, 'table') },
  ] as const
  expect(await authorizer.check(user('member'), needs, circumstances)).toMatchObject({
    allow: false,
    denied: needs[1],
  })
  expect(await authorizer.check(user('member'), [], circumstances)).toMatchObject({ allow: false })
})

test('members and administrators enter, nobody else does', async () => {
  expect(authorizer.enters?.(user('member'), 'mine')).toBe(true)
  expect(authorizer.enters?.(user('admin'), 'theirs')).toBe(true)
  expect(await authorizer.enters?.(user('member'), 'theirs')).toBe(false)
  expect(await authorizer.enters?.(user('nobody'), 'mine')).toBe(false)
})

test('a standing that is known is not waited for, one that cannot be read denies', async () => {
  const read = [{ action: 'read', resource: resource(mine, 'table') }] as const
  expect(authorizer.check(user('member'), read, circumstances)).not.toBeInstanceOf(Promise)
  const failing = createPolicyAuthorizer({
    ...{ model, tree: { server: 's', projectOf: () => undefined } },
    standings: { of: () => Promise.reject(new Error('the store is away')) },
    engine: { check: (_, questions) => questions.map(() => true) },
    navigation: { leadsTo: (_, objects) => objects.map(() => true) },
    governed: { of: () => new Map() },
    levels: createDataLevels({ now: () => 0 }),
  })
  const needs = [{ action: 'read', resource: resource(mine, 'table') }] as const
  await expect(failing.check(user('member'), needs, circumstances)).rejects.toThrow('away')
  await expect(failing.enters?.(user('member'), 'mine')).rejects.toThrow('away')
})

test('of candidates, a member sees those of his projects', async () => {
  const projects = ['mine', 'theirs'].map((project) => ({ kind: 'project', project }) as const)
  expect(await authorizer.visible(user('member'), 'describe', projects, circumstances)).toEqual([true, false])
  expect(await authorizer.visible(user('admin'), 'describe', projects, circumstances)).toEqual([true, true])
})
