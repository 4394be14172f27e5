import { describe, expect, test } from 'vitest'
import type { Rules } from '#authz/rules.ts'
import type { Action, Need, Resource } from '#model/access.ts'
import {
  circumstances,
  createTestPolicy,
  grant,
  standingOf,
  type TestPolicy,
  user,
} from '../../support/policy/authorizer.ts'

const warehouse: Resource = { kind: 'warehouse', project: 'mine', warehouse: 'lake' }
const namespace: Resource = { kind: 'namespace', warehouse: 'lake', namespace: ['a'] }
const root: Resource = { kind: 'namespace', warehouse: 'lake', namespace: [] }
const tableOf = (name: string, contentId?: string): Resource => ({
  ...{ kind: 'table', warehouse: 'lake', namespace: ['a'], name },
  ...(contentId === undefined ? {} : { contentId }),
})
const mounted: Resource = { kind: 'table', warehouse: 'lake', namespace: ['a'], name: 'm', mount: 'glue' }
const mountedKey = 'table:lake/a\u001em'
const table = tableOf('t', 'c1')
const delegated = {
  ...circumstances,
  caller: { ...circumstances.caller, delegation: ['vended-credentials'] },
}

const ask = async (given: Partial<TestPolicy>, ...needs: readonly Need[]) => {
  const { authorizer } = createTestPolicy(given)
  const { allow, visible, denied } = await authorizer.check(user('a'), needs, circumstances)
  if (allow) return 'allowed'
  return `${visible ? 'forbidden' : 'invisible'}: ${denied?.action} ${denied?.resource.kind}`
}

const need = (action: Action, resource: Resource): Need => ({ action, resource })

describe('a grant', () => {
  test.each(
    (
      [
        ['table:c1', 'select', 'read', 'allowed'],
        ['table:c1', 'select', 'describe', 'allowed'],
        ['table:c1', 'select', 'append', 'forbidden: append table'],
        ['table:c1', 'append', 'append', 'allowed'],
        ['table:c1', 'append', 'change-schema', 'forbidden: change-schema table'],
        ['table:c1', 'set_properties', 'expire-snapshots', 'forbidden: expire-snapshots table'],
        ['namespace:lake/a', 'select', 'read', 'allowed'],
        ['warehouse:lake', 'select', 'read', 'allowed'],
        ['project:mine', 'data_admin', 'drop', 'allowed'],
        ['server:s', 'operator', 'drop', 'allowed'],
        ['table:c2', 'select', 'read', 'invisible: read table'],
        ['namespace:lake/b', 'select', 'read', 'invisible: read table'],
        ['warehouse:other', 'select', 'read', 'invisible: read table'],
      ] as const
    ).map(([object, relation, action, answer]) => ({ object, relation, action, answer })),
  )('of $relation on $object: $action is $answer', async ({ object, relation, action, answer }) => {
    expect(await ask({ grants: [grant(object, relation, 'a')] }, need(action, table))).toBe(answer)
  })

  test('to somebody else gives nothing', async () => {
    expect(await ask({ grants: [grant('table:c1', 'select', 'b')] }, need('read', table))).toMatch(
      'invisible',
    )
  })

  test('of one need is none of the others: the first that is refused is the one that is spoken of', async () => {
    const grants = [grant('table:c1', 'modify', 'a'), grant('table:c2', 'describe', 'a')]
    const other = tableOf('u', 'c2')
    const unseen = tableOf('v', 'c3')
    expect(await ask({ grants }, need('write', table), need('write', other), need('write', unseen))).toBe(
      'forbidden: write table',
    )
    expect(await ask({ grants }, need('write', unseen), need('write', other))).toBe('invisible: write table')
  })

  test('is no answer for what is not there: a missing table is what its siblings are', async () => {
    const grants = [grant('table:c1', 'modify', 'a')]
    expect(await ask({ grants }, need('read', tableOf('none')))).toBe('invisible: read table')
    expect(
      await ask({ grants: [grant('namespace:lake/a', 'select', 'a')] }, need('drop', tableOf('none'))),
    ).toBe('forbidden: drop table')
  })

  test('all of a request are one question to the engine', async () => {
    const { authorizer, asked } = createTestPolicy({ grants: [grant('namespace:lake/a', 'modify', 'a')] })
    const needs = ['append', 'change-schema', 'drop'] as const
    await authorizer.check(
      user('a'),
      needs.map((action) => need(action, table)),
      delegated,
    )
    expect(asked).toHaveLength(1)
  })

  test('that has been looked up once is not waited for again', async () => {
    const { authorizer } = createTestPolicy({ grants: [grant('namespace:lake/a', 'select', 'a')] })
    const first = authorizer.check(user('a'), [need('describe', table)], circumstances)
    expect(first).toBeInstanceOf(Promise)
    await first
    expect(authorizer.check(user('a'), [need('describe', table)], circumstances)).toMatchObject({
      allow: true,
    })
  })

  test('on grants themselves is looked up each time', async () => {
    const { authorizer, policy } = createTestPolicy({ grants: [grant('table:c1', 'ownership', 'a')] })
    await authorizer.check(user('a'), [need('manage', table)], circumstances)
    policy.grants = []
    expect(await authorizer.check(user('a'), [need('manage', table)], circumstances)).toMatchObject({
      allow: false,
    })
  })

  test('counts with one role alone as that role has it', async () => {
    const { authorizer } = createTestPolicy({
      grants: [
        grant('table:c1', 'select', 'a'),
        { ...grant('table:c2', 'select', ''), kind: 'role', id: 'r' },
      ],
      standings: {
        'oidc~a': standingOf({ roles: new Set(['r']), projects: new Set(['mine']), serverAdmin: true }),
        r: standingOf({ roles: new Set(['r']) }),
      },
    })
    const acting = { ...user('a'), assumedRole: 'r' }
    const check = async (resource: Resource) =>
      (await authorizer.check(acting, [need('read', resource)], circumstances)).allow
    expect([await check(table), await check(tableOf('u', 'c2'))]).toEqual([false, true])
  })
})

describe('what leads to something that was granted', () => {
  const grants = [grant('table:c1', 'select', 'a')]
  const ways = { 'oidc~a': ['namespace:lake/a', 'warehouse:lake', 'project:mine'] } as const

  test.each([
    ['get-config', warehouse, 'allowed'],
    ['list', warehouse, 'allowed'],
    ['list', root, 'allowed'],
    ['list', namespace, 'allowed'],
    ['describe', namespace, 'allowed'],
    ['describe', { kind: 'project', project: 'mine' }, 'allowed'],
    ['write', namespace, 'forbidden: write namespace'],
    ['create', namespace, 'forbidden: create namespace'],
    ['drop', warehouse, 'forbidden: drop warehouse'],
    ['describe', tableOf('u', 'c2'), 'invisible: describe table'],
    ['list', { kind: 'namespace', warehouse: 'lake', namespace: ['b'] }, 'invisible: list namespace'],
  ] as const)('%s on %o', async (action, resource, answer) => {
    expect(await ask({ grants, ways }, need(action, resource))).toBe(answer)
  })

  test('lets one in, as does what was granted on the project or above it', async () => {
    const enters = async (given: Partial<TestPolicy>) =>
      createTestPolicy(given).authorizer.enters?.(user('a'), 'mine')
    expect(await enters({ grants, ways })).toBe(true)
    expect(await enters({ grants: [grant('server:s', 'operator', 'a')] })).toBe(true)
    expect(await enters({ grants: [grant('project:mine', 'role_creator', 'a')] })).toBe(true)
    expect(await enters({ grants })).toBe(false)
  })
})

describe('the obligations of a load', () => {
  const load = async (relation: string, given: Partial<TestPolicy> = {}, resource = table) => {
    const { authorizer } = createTestPolicy({ grants: [grant('namespace:lake/a', relation, 'a')], ...given })
    return (await authorizer.check(user('a'), [need('describe', resource)], delegated)).obligations
  }

  test('say how far the data may be handed out', async () => {
    expect(await load('describe')).toEqual({ data: 'none' })
    expect(await load('append')).toEqual({ data: 'none' })
    expect(await load('select')).toEqual({ data: 'read' })
    expect(await load('modify')).toEqual({ data: 'write' })
  })

  test('are known to a reader who asks again, and say at once what has been granted here', async () => {
    const { authorizer, policy, asked, levels } = createTestPolicy({
      grants: [grant('namespace:lake/a', 'select', 'a')],
    })
    const again = () => authorizer.check(user('a'), [need('describe', table)], delegated)
    expect(await again()).toMatchObject({ obligations: { data: 'read' } })
    expect(again()).toMatchObject({ obligations: { data: 'read' } })
    expect(asked).toEqual([3, 2])
    policy.grants = [...policy.grants, grant('table:c1', 'modify', 'a')]
    levels.granted?.()
    expect(await again()).toMatchObject({ obligations: { data: 'write' } })
  })

  test('say within five seconds what has been granted elsewhere', async () => {
    const { authorizer, policy } = createTestPolicy({ grants: [grant('table:c1', 'describe', 'a')] })
    const again = async () =>
      (await authorizer.check(user('a'), [need('describe', table)], delegated)).obligations
    expect(await again()).toEqual({ data: 'none' })
    policy.grants = [...policy.grants, grant('table:c1', 'modify', 'a')]
    policy.now = 5_001
    expect(await again()).toEqual({ data: 'write' })
  })

  test('keep nothing that was found before something was granted', async () => {
    const { authorizer, policy, levels } = createTestPolicy({ grants: [grant('table:c1', 'select', 'a')] })
    const again = () => authorizer.check(user('a'), [need('describe', table)], delegated)
    const under = again()
    policy.grants = [...policy.grants, grant('table:c1', 'modify', 'a')]
    levels.granted?.()
    await under
    expect(await again()).toMatchObject({ obligations: { data: 'write' } })
  })

  test('say nothing of data that nobody has asked for', async () => {
    const { authorizer } = createTestPolicy({ grants: [grant('table:c1', 'modify', 'a')] })
    const { allow, obligations } = await authorizer.check(user('a'), [need('describe', table)], circumstances)
    expect([allow, obligations]).toEqual([true, undefined])
  })

  const governed = new Map([[mountedKey, { uuid: 'u1', suspended: false }]] as const)
  const onIt = [grant(mountedKey, 'select', 'a')]

  test('name the uuid that a grant on a mounted table stands for', async () => {
    expect(await load('', { grants: onIt, governed }, mounted)).toEqual({
      data: 'read',
      expectUuids: [{ resource: mounted, uuid: 'u1' }],
    })
  })

  test('name no uuid where what is granted above the table is enough, or none has been seen', async () => {
    const grants = [...onIt, grant('namespace:lake/a', 'select', 'a')]
    expect(await load('', { grants, governed }, mounted)).toEqual({ data: 'read' })
    expect(await load('', { grants: onIt }, mounted)).toEqual({ data: 'read' })
  })

  test('are none where another table has taken the name: no grant on it counts', async () => {
    const suspended = new Map([[mountedKey, { uuid: 'u1', suspended: true }]] as const)
    expect(await ask({ grants: onIt, governed: suspended }, need('describe', mounted))).toMatch('invisible')
    const above = [grant('namespace:lake/a', 'select', 'a')]
    expect(await ask({ grants: above, governed: suspended }, need('describe', mounted))).toBe('allowed')
  })
})

describe('rules', () => {
  const forbidding = (...forbidden: readonly string[]): Rules => ({
    judge: ({ needs }) =>
      needs.map(({ action, resource }) => {
        const name = 'name' in resource ? resource.name : resource.kind
        const by = forbidden.includes(`${action} ${name}`) ? ['quarantine'] : []
        return { allowed: by.length === 0, by }
      }),
  })
  const grants = [grant('namespace:lake/a', 'modify', 'a')]

  test('forbid what has been granted, and say which did', async () => {
    const rules = forbidding('read t')
    const { authorizer } = createTestPolicy({ grants, rules })
    expect(await authorizer.check(user('a'), [need('read', table)], circumstances)).toMatchObject({
      ...{ allow: false, visible: true, reason: 'forbidden by rule: quarantine', by: ['quarantine'] },
    })
    expect(await ask({ grants, rules }, need('write', table))).toBe('allowed')
  })

  test('allow nothing that has not been granted', async () => {
    expect(await ask({ rules: forbidding() }, need('read', table))).toBe('invisible: read table')
  })

  test('hide what they forbid to describe, whatever is asked of it', async () => {
    const rules = forbidding('describe t', 'read t')
    expect(await ask({ grants, rules }, need('read', table))).toBe('invisible: read table')
    expect(await ask({ grants: [grant('table:c1', 'describe', 'a')], rules }, need('drop', table))).toBe(
      'invisible: drop table',
    )
  })

  test('that cannot be asked deny', async () => {
    const rules: Rules = { judge: () => Promise.reject(new Error('no rules')) }
    await expect(ask({ grants, rules }, need('read', table))).rejects.toThrow('no rules')
    const short: Rules = { judge: () => [] }
    expect(await ask({ grants, rules: short }, need('read', table))).toBe('invisible: read table')
  })

  test('take out of a listing what they forbid', async () => {
    const { authorizer } = createTestPolicy({ grants, rules: forbidding('describe t') })
    const listed = [table, tableOf('u', 'c2')]
    expect(await authorizer.visible(user('a'), 'describe', listed, circumstances)).toEqual([false, true])
    expect(await authorizer.sight?.(user('a'), namespace, circumstances)).toBe('some')
  })
})

describe('a listing', () => {
  const tables = Array.from({ length: 100 }, (_, n) => tableOf(`t${n}`, `c${n}`))

  test('of what lies in something that one may see is seen whole, by one question', async () => {
    const { authorizer, asked } = createTestPolicy({ grants: [grant('warehouse:lake', 'describe', 'a')] })
    expect(await authorizer.visible(user('a'), 'describe', tables, circumstances)).toEqual(
      tables.map(() => true),
    )
    expect(asked).toEqual([1])
    expect(await authorizer.sight?.(user('a'), namespace, circumstances)).toBe('everything')
  })

  test('of other things asks for all of them at once', async () => {
    const { authorizer, asked } = createTestPolicy({ grants: [grant('table:c7', 'select', 'a')] })
    const seen = await authorizer.visible(user('a'), 'describe', tables, circumstances)
    expect(seen.map(Boolean).flatMap((one, i) => (one ? [i] : []))).toEqual([7])
    expect(asked).toEqual([1, 100])
    expect(await authorizer.sight?.(user('a'), namespace, circumstances)).toEqual({
      ...{ principal: 'oidc~a', roles: new Set() },
    })
  })

  test('shows the ways to what one may see', async () => {
    const { authorizer } = createTestPolicy({ ways: { 'oidc~a': ['namespace:lake/b'] } })
    const children: readonly Resource[] = ['a', 'b'].map((name) => ({ ...namespace, namespace: [name] }))
    expect(await authorizer.visible(user('a'), 'describe', children, circumstances)).toEqual([false, true])
  })

  test('shows mounted tables by grants that count', async () => {
    const given = { grants: [grant(mountedKey, 'select', 'a')] }
    const listed = [mounted, { ...mounted, name: 'n' }]
    const seen = async (policy: Partial<TestPolicy>) =>
      createTestPolicy(policy).authorizer.visible(user('a'), 'describe', listed, circumstances)
    expect(await seen(given)).toEqual([true, false])
    const governed = new Map([[mountedKey, { uuid: 'u', suspended: true }]] as const)
    expect(await seen({ ...given, governed })).toEqual([false, false])
  })

  test('of a warehouse that one administers is not seen whole: what lies in it is not to be seen', async () => {
    const standings = { 'oidc~a': standingOf({ serverAdmin: true }) }
    const { authorizer } = createTestPolicy({ standings })
    expect(await authorizer.sight?.(user('a'), warehouse, circumstances)).toMatchObject({ roles: new Set() })
    const { authorizer: all } = createTestPolicy({ grants: [grant('warehouse:lake', 'describe', 'a')] })
    expect(await all.sight?.(user('a'), warehouse, circumstances)).toBe('everything')
  })

  test('of nothing asks nothing', async () => {
    const { authorizer } = createTestPolicy()
    expect(await authorizer.visible(user('a'), 'describe', [], circumstances)).toEqual([])
  })
})

describe('who of many may do one thing', () => {
  const table = { kind: 'table', warehouse: 'lake', namespace: ['a'], name: 't', contentId: 't' } as const
  const warehouse = { kind: 'warehouse', project: 'mine', warehouse: 'lake' } as const
  const grants = [grant('table:t', 'select', 'a'), grant('warehouse:lake', 'describe', 'b')]
  const standings = { 'oidc~m': standingOf({ projects: new Set(['mine']) }) }
  const ways = { 'oidc~w': ['warehouse:lake'] } as const
  const rules: Rules = {
    judge: ({ principal, needs }) => needs.map(() => ({ allowed: principal.id !== 'oidc~a', by: [] })),
  }
  const principals = [...['a', 'b', 'c', 'm', 'w'].map(user), { kind: 'token', id: 'token:static' } as const]

  test.each([
    ['read', table],
    ['describe', table],
    ['describe', warehouse],
    ['describe', { kind: 'server' }],
  ] as const)('is as listings say of each: %s', async (action, resource) => {
    for (const more of [{}, { rules }]) {
      const { authorizer } = createTestPolicy({ grants, standings, ways, ...more })
      const each = await Promise.all(
        principals.map((one) => authorizer.visible(one, action, [resource], circumstances)),
      )
      expect(await authorizer.whoMay?.(principals, { action, resource }, circumstances)).toEqual(each.flat())
    }
  })
})
