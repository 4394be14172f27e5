import { describe, expect, test } from 'vitest'
import type { Authorizer } from '#authz/authorizer.ts'
import { createRestricted } from '#authz/restricted.ts'
import type { RuleVerdict } from '#authz/rules.ts'
import type { Decision, Need, Obligations, Principal } from '#model/access.ts'

const principal: Principal = { kind: 'user', id: 'alice' }
const circumstances = {
  operation: 'loadTable',
  caller: {
    requestId: 'r',
    startedAt: new Date(0),
    sender: { address: undefined, agent: undefined },
    delegation: [],
  },
}
const warehouse = '0190a1b2-0000-7000-8000-000000000001'
const need: Need = {
  action: 'describe',
  resource: { kind: 'table', warehouse, namespace: ['a'], name: 't', contentId: 'c' },
}

const around = (
  decision: Decision,
  {
    forbidden = [],
    restricted = false,
  }: { readonly forbidden?: readonly string[]; readonly restricted?: boolean | string },
): Authorizer => {
  const restrictions = new Map(
    restricted === false ? [] : [[restricted === true ? 'table:c' : restricted, { rowFilter: 'true' }]],
  )
  const held = { rules: {}, of: () => ({ tags: new Map(), restrictions }) }
  const standing = { serverAdmin: false, projects: new Set<string>(), roles: new Set<string>() }
  const verdict = (one: Need): RuleVerdict => ({ allowed: !forbidden.includes(one.action), by: [] })
  const governs = (needs: readonly Need[]): boolean => !needs.some(({ action }) => forbidden.includes(action))
  return createRestricted(
    {
      check: (_, needs) => (governs(needs) ? decision : { ...decision, allow: false }),
      visible: () => [],
    },
    {
      memory: { at: () => held, forget: () => undefined },
      tree: { server: 's', projectOf: () => 'p' },
      rules: { judge: ({ needs }) => needs.map(verdict) },
      standings: { of: () => standing },
    },
  )
}

const allowed = (obligations?: Obligations): Decision => ({
  allow: true,
  visible: true,
  reason: 'granted',
  ...(obligations === undefined ? {} : { obligations }),
})
const obligationsOf = async (authorizer: Authorizer) =>
  (await authorizer.check(principal, [need], circumstances)).obligations

describe('data, whatever has been granted,', () => {
  test('is as far as it was granted where nothing restricts it', async () => {
    expect(await obligationsOf(around(allowed(), {}))).toBeUndefined()
    expect(await obligationsOf(around(allowed({ data: 'write' }), {}))).toEqual({ data: 'write' })
  })

  test.each([
    [['read'], 'none'],
    [['read', 'write'], 'none'],
    [['write'], 'read'],
  ])('is cut by rules that forbid %j', async (forbidden, data) => {
    expect(await obligationsOf(around(allowed({ data: 'write' }), { forbidden }))).toEqual({ data })
  })

  test('is none of a restricted table, whether it was asked for or not', async () => {
    const none = { data: 'none', restriction: { rowFilter: 'true' } }
    expect(await obligationsOf(around(allowed(), { restricted: true }))).toEqual(none)
    expect(await obligationsOf(around(allowed({ data: 'write' }), { restricted: true }))).toEqual(none)
  })

  test('is not spoken of in a denial', async () => {
    const denied = { allow: false, visible: false, reason: 'no' }
    const { check } = around(denied, { restricted: true })
    expect(await check(principal, [need], circumstances)).toBe(denied)
  })
})

describe('a restricted table', () => {
  const drop: Need = { ...need, action: 'drop' }
  const ask = (forbidden: readonly string[], restricted = true) =>
    around(allowed(), { forbidden, restricted }).check(principal, [drop], circumstances)

  test.each([[['grant']], [['tag']], [['grant', 'tag']]])(
    'is not dropped by who may not lift its restriction: without %j',
    async (forbidden) => {
      expect(await ask(forbidden)).toMatchObject({ allow: false, visible: true, denied: drop })
      expect((await ask(forbidden, false)).allow).toBe(true)
    },
  )

  test('is dropped by who may', async () => {
    expect((await ask([])).allow).toBe(true)
  })

  test('is not renamed in a spelling that leaves its restriction behind', async () => {
    const mounted = (name: string): Need => ({
      action: 'rename',
      resource: { kind: 'table', warehouse, namespace: ['far'], name, mount: 'm' },
    })
    const rename = async (name: string, forbidden: readonly string[]) => {
      const key = `table:${warehouse}/far\u001esecret`
      const authorizer = around(allowed(), { forbidden, restricted: key })
      return (await authorizer.check(principal, [mounted(name)], circumstances)).allow
    }
    expect(await rename('SECRET', ['grant'])).toBe(false)
    expect(await rename('SECRET', [])).toBe(true)
    expect(await rename('secret', ['grant'])).toBe(true)
    expect(await rename('other', ['grant'])).toBe(true)
  })
})
