import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sight } from '#authz/cedar/applies.ts'
import { type Cedar, type Evaluate, loadCedar } from '#authz/cedar/engine.ts'
import { createProgram, type Program } from '#authz/cedar/program.ts'
import type { Reads } from '#authz/cedar/reads.ts'
import { principalType, type RuleFacts, requestOf } from '#authz/cedar/request.ts'
import type { Action, Resource } from '#model/access.ts'

let cedar: Cedar
beforeAll(async () => {
  cedar = await loadCedar()
})

const warehouse = '0190a1b2-0000-7000-8000-000000000001'

const factsOf = (facts: {
  readonly action?: Action
  readonly id?: string
  readonly roles?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly resource?: Resource
  readonly address?: string
  readonly refs?: readonly string[]
  readonly at?: string
}): RuleFacts => ({
  principal: { kind: 'user', id: facts.id ?? 'alice' },
  standing: { serverAdmin: false, projects: new Set(['p']), roles: new Set(facts.roles) },
  need: {
    action: facts.action ?? 'read',
    resource: facts.resource ?? { kind: 'table', warehouse, namespace: ['sales'], name: 'orders' },
    ...(facts.refs === undefined ? {} : { refs: facts.refs }),
  },
  circumstances: {
    operation: 'loadTable',
    caller: {
      requestId: 'r',
      startedAt: new Date(facts.at ?? '2026-01-05T12:00:00Z'),
      sender: { address: facts.address, agent: undefined },
      delegation: [],
    },
  },
  tree: { server: 's', projectOf: () => 'p' },
  tags: () => facts.tags ?? {},
  stored: {},
})

const sightOf = ({ principal, need, tags }: RuleFacts): Sight => ({
  action: need.action,
  kind: need.resource.kind,
  principalType: principalType(principal),
  tag: (name) => tags()[name],
})

interface Watched {
  readonly program: Program
  readonly evaluate: Evaluate
  readonly asked: () => number
  readonly errors: string[]
}

const prepared = (text: string): Watched => {
  const { rules, errors } = cedar.parse({
    'x.cedar': `@id("open") permit(principal, action, resource);\n${text}`,
  })
  expect(errors).toEqual([])
  const evaluate = cedar.prepare(rules, 'in-force')
  let asked = 0
  const told: string[] = []
  return {
    program: createProgram(rules, { report: (all) => told.push(...all) }),
    evaluate: (request) => {
      asked += 1
      return evaluate(request)
    },
    asked: () => asked,
    errors: told,
  }
}

const judged = ({ program, evaluate }: Watched, facts: RuleFacts) =>
  program.glance(sightOf(facts)) ?? program.judge(sightOf(facts), facts, evaluate)

describe('judging by rules', () => {
  test('what no rule can apply to is allowed without Cedar', () => {
    const set = prepared(
      '@id("q") forbid(principal, action in [Action::"data"], resource) when { resource.hasTag("q") };',
    )
    expect(judged(set, factsOf({}))).toEqual({ allowed: true, by: [] })
    expect(judged(set, factsOf({ action: 'describe', tags: { q: '' } }))).toEqual({ allowed: true, by: [] })
    expect(set.asked()).toBe(0)
    expect(judged(set, factsOf({ tags: { q: '' } }))).toEqual({ allowed: false, by: ['q'] })
    expect(set.asked()).toBe(1)
  })

  test('a page of a thousand tables costs one evaluation for each combination that the rules tell apart', () => {
    const set = prepared(
      '@id("q") forbid(principal, action, resource) when { resource.hasTag("level") && resource.getTag("level") != "public" };',
    )
    for (let i = 0; i < 1000; i += 1) {
      const resource: Resource = {
        kind: 'table',
        warehouse,
        namespace: ['sales', `n${i % 7}`],
        name: `t${i}`,
      }
      judged(
        set,
        factsOf({ resource, tags: { level: ['secret', 'public', 'internal'][i % 3] ?? '', owner: `${i}` } }),
      )
    }
    expect(set.asked()).toBe(3)
  })

  test('a rule about time answers for the moment of each request', () => {
    const set = prepared(
      '@id("later") forbid(principal, action, resource) when { context.time >= datetime("2026-02-01") };',
    )
    expect(judged(set, factsOf({ at: '2026-01-31T23:59:59.999Z' })).allowed).toBe(true)
    expect(judged(set, factsOf({ at: '2026-02-01T00:00:00.000Z' })).allowed).toBe(false)
    expect(judged(set, factsOf({ at: '2026-01-31T23:59:59.999Z' })).allowed).toBe(true)
    expect(set.asked()).toBe(2)
  })

  test('the time is no part of what rules about other things are remembered by', () => {
    const set =
      prepared(`@id("later") forbid(principal, action == Action::"drop", resource) when { context.time >= datetime("2026-02-01") };
      @id("q") forbid(principal, action, resource) when { resource.hasTag("q") };`)
    for (let i = 0; i < 10; i += 1) judged(set, factsOf({ tags: { q: '' }, at: `2026-03-01T00:00:0${i}Z` }))
    expect(set.asked()).toBe(1)
  })

  test('an address is compared as what it is, mapped and with a zone', () => {
    const set = prepared(
      '@id("net") forbid(principal, action, resource) unless { context has address && context.address.isInRange(ip("10.0.0.0/8")) };',
    )
    const allowed = (address?: string) =>
      judged(set, factsOf(address === undefined ? {} : { address })).allowed
    expect([allowed('10.1.2.3'), allowed('::ffff:10.1.2.3'), allowed('fe80::1%eth0'), allowed()]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(set.errors).toEqual([])
  })

  test('a rule that cannot be evaluated denies, and somebody is told', () => {
    const set = prepared(
      '@id("sum") forbid(principal, action, resource is Table) when { resource.name == "orders" && 9007199254740991 * 9007199254740991 > 0 };',
    )
    const { allowed, by } = judged(set, factsOf({}))
    expect([allowed, by]).toEqual([false, ['sum']])
    expect(set.errors.join()).toContain('sum')
    const others: Resource = { kind: 'table', warehouse, namespace: ['a'], name: 'others' }
    expect(judged(set, factsOf({ resource: others })).allowed).toBe(true)
  })

  test('without a permit nothing is allowed', () => {
    const { rules } = cedar.parse({
      'x.cedar': '@id("a") permit(principal, action == Action::"read", resource);',
    })
    const program = createProgram(rules, { report: () => undefined })
    const evaluate = cedar.prepare(rules, 'in-force')
    const ask = (action: Action) => {
      const facts = factsOf({ action })
      return program.glance(sightOf(facts)) ?? program.judge(sightOf(facts), facts, evaluate)
    }
    expect([ask('read').allowed, ask('drop').allowed]).toEqual([true, false])
  })

  test('a set that is only tried does not take the place of the one in force', () => {
    const set = prepared('@id("q") forbid(principal, action, resource);')
    const other = cedar.parse({ 'x.cedar': '@id("open") permit(principal, action, resource);' })
    cedar.prepare(other.rules, 'trial')
    const facts = factsOf({})
    expect(set.evaluate(requestOf(facts, everything)).allowed).toBe(false)
    const newer = prepared('@id("none") forbid(principal, action == Action::"drop", resource);')
    expect(newer.evaluate(requestOf(facts, everything)).allowed).toBe(true)
    expect(set.evaluate(requestOf(facts, everything)).allowed).toBe(false)
  })
})

const whole = () => ({
  attributes: new Set<string>(),
  entities: new Set<string>(),
  tags: new Set<string>(),
  whole: true,
})
const everything: Reads = { principal: whole(), resource: whole(), context: new Set(), allContext: true }

const clauses = [
  'resource.hasTag("a")',
  'resource.hasTag("b") && resource.getTag("b") == "1"',
  'principal in Role::"r1"',
  'principal == User::"alice"',
  'User::"bob" == principal',
  `resource in Namespace::"${warehouse}/sales"`,
  `resource in [Warehouse::"${warehouse}", Warehouse::"v"]`,
  'action in [Action::"commit", Action::"read"]',
  'context.refs.contains("main")',
  'context has address && context.address.isInRange(ip("10.0.0.0/8"))',
  'context.time >= datetime("2026-01-05T12:30:00Z")',
  'principal.id == "alice"',
  'resource.hasTag(principal.id)',
  'context.operation == "loadTable"',
]
const heads = [
  'principal, action, resource',
  'principal in Role::"r2", action, resource',
  'principal is User, action in [Action::"data"], resource is Table',
  `principal, action == Action::"drop", resource in Namespace::"${warehouse}/hr"`,
  'principal is ServiceAccount, action, resource',
]
const rule = fc.record({
  head: fc.constantFrom(...heads),
  when: fc.array(fc.constantFrom(...clauses), { maxLength: 3 }),
  joined: fc.constantFrom(' && ', ' || '),
  unless: fc.option(fc.constantFrom(...clauses), { nil: undefined }),
})
const question = fc.record(
  {
    action: fc.constantFrom<Action>('read', 'append', 'drop', 'describe', 'rename'),
    id: fc.constantFrom('alice', 'bob', 'a'),
    roles: fc.subarray(['r1', 'r2', 'r3']),
    tags: fc.dictionary(fc.constantFrom('a', 'b', 'alice'), fc.constantFrom('', '1', '2')),
    resource: fc.constantFrom<Resource>(
      { kind: 'table', warehouse, namespace: ['sales'], name: 't' },
      { kind: 'table', warehouse, namespace: ['hr', 'pay'], name: 't' },
      { kind: 'namespace', warehouse, namespace: ['sales'] },
      { kind: 'warehouse', project: 'p', warehouse },
      { kind: 'user', user: 'alice' },
      { kind: 'server' },
    ),
    address: fc.constantFrom('10.0.0.1', '8.8.8.8'),
    refs: fc.subarray(['main', 'audit']),
    at: fc.constantFrom('2026-01-05T12:00:00Z', '2026-01-05T13:00:00Z'),
  },
  { requiredKeys: [] },
)

test('what is narrowed, told apart without Cedar and remembered decides as everything asked afresh', () => {
  let denied = 0
  const property = fc.property(
    fc.array(rule, { minLength: 1, maxLength: 4 }),
    fc.array(question, { minLength: 12, maxLength: 12 }),
    (drawn, questions) => {
      const text = drawn
        .map(({ head, when, joined, unless }, i) => {
          const conditions =
            when.length === 0 ? '' : ` when { ${when.map((one) => `(${one})`).join(joined)} }`
          return `@id("r${i}") forbid(${head})${conditions}${unless === undefined ? '' : ` unless { ${unless} }`};`
        })
        .join('\n')
      const { rules, errors } = cedar.parse({
        'x.cedar': `@id("open") permit(principal, action, resource);\n${text}`,
      })
      fc.pre(errors.length === 0)
      const program = createProgram(rules, { report: () => undefined })
      const evaluate = cedar.prepare(rules, 'in-force')
      for (const drawnFacts of questions) {
        const facts = factsOf(drawnFacts as Parameters<typeof factsOf>[0])
        const { allowed, reasons } = evaluate(requestOf(facts, everything))
        const verdict = program.glance(sightOf(facts)) ?? program.judge(sightOf(facts), facts, evaluate)
        expect({ ...verdict, by: verdict.by.toSorted() }).toEqual({
          allowed,
          by: allowed ? [] : [...reasons].toSorted(),
        })
        if (!allowed) denied += 1
      }
    },
  )
  fc.assert(property, { numRuns: 60 })
  expect(denied).toBeGreaterThan(40)
}, 60_000)
