/**
 * Decision tables: who does what to what, in which circumstances, and what must come of it. A rule set whose tables do
 * not hold is not taken.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Action, Need, Principal, Resource } from '#model/access.ts'
import type { Circumstances } from '../authorizer.ts'
import type { Tree } from '../objects.ts'
import type { Sight } from './applies.ts'
import type { Evaluate } from './engine.ts'
import type { Program } from './program.ts'
import { principalType, type RuleFacts } from './request.ts'
import { groupsOf } from './schema.ts'

const strict = { additionalProperties: false } as const
const text = Type.String()
const texts = Type.Array(text)
const values = Type.Record(text, text)
const oneOrMany = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Array(schema, { minItems: 1 })])

const kinds = ['user', 'service-account', 'token'] as const
const who = Type.Object(
  {
    ...{ kind: Type.Enum(kinds), id: text },
    ...{ roles: Type.Optional(texts), groups: Type.Optional(texts), projects: Type.Optional(texts) },
    ...{ 'server-admin': Type.Optional(Type.Boolean()), 'assumed-role': Type.Optional(text) },
    engine: Type.Optional(text),
  },
  strict,
)
const resourceKinds = [
  ...['server', 'project', 'warehouse', 'connection', 'tag', 'user', 'service-account', 'role'],
  ...['namespace', 'table', 'view'],
] as const
const to = Type.Object(
  {
    ...{ kind: Type.Enum(resourceKinds), id: Type.Optional(text) },
    ...{ warehouse: Type.Optional(text), project: Type.Optional(text), path: Type.Optional(text) },
    ...{ mount: Type.Optional(text), tags: Type.Optional(values), properties: Type.Optional(values) },
    'format-version': Type.Optional(Type.Integer()),
  },
  strict,
)
const within = Type.Object(
  {
    ...{ operation: Type.Optional(text), time: Type.Optional(text), agent: Type.Optional(text) },
    ...{ address: Type.Optional(text), delegation: Type.Optional(texts), refs: Type.Optional(texts) },
    lent: Type.Optional(Type.Boolean()),
  },
  strict,
)
const caseSchema = Type.Object(
  {
    ...{ name: text, who: oneOrMany(who), does: oneOrMany(text), to: oneOrMany(to) },
    in: Type.Optional(oneOrMany(within)),
    expect: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
    by: Type.Optional(texts),
  },
  strict,
)
const tableSchema = Type.Object({ cases: Type.Array(caseSchema, { minItems: 1 }) }, strict)

type Who = Static<typeof who>
type To = Static<typeof to>
type Within = Static<typeof within>
type Case = Static<typeof caseSchema>

/** One line of a table: each combination of what a case lists. */
export interface DecisionRow {
  readonly file: string
  readonly name: string
  readonly who: Who
  readonly action: Action
  readonly to: To
  readonly within: Within
  readonly expect: 'allow' | 'deny'
  /** The rules that must have decided, where the table says so. */
  readonly by?: readonly string[]
}

const many = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T])

const isAction = (name: string): name is Action => (groupsOf as ReadonlyMap<string, unknown>).has(name)

const rowsOf = (file: string, one: Case): readonly DecisionRow[] => {
  const { name, expect, by } = one
  const base = { file, name, expect, ...(by === undefined ? {} : { by }) }
  return many(one.who).flatMap((asker) =>
    many(one.to).flatMap((resource) =>
      many(one.in ?? {}).flatMap((circumstances) =>
        many(one.does)
          .filter(isAction)
          .map((action) => ({ ...base, who: asker, action, to: resource, within: circumstances })),
      ),
    ),
  )
}

export interface ReadTable {
  readonly rows: readonly DecisionRow[]
  readonly errors: readonly string[]
}

/** `content` as its YAML or JSON was parsed. */
export const readTable = (file: string, content: unknown): ReadTable => {
  if (!Value.Check(tableSchema, content)) {
    const [first] = Value.Errors(tableSchema, content)
    return {
      rows: [],
      errors: [`${file}: ${first?.instancePath || '/'} ${first?.message ?? 'is no decision table'}`],
    }
  }
  const unknown = content.cases.flatMap(({ does }) => many(does)).filter((name) => !isAction(name))
  return {
    rows: content.cases.flatMap((one) => rowsOf(file, one)),
    errors: unknown.map((name) => `${file}: there is no action ${name}`),
  }
}

const namesIn = (path: string | undefined): readonly string[] =>
  path === undefined || path === '' ? [] : path.split('/').map(decodeURIComponent)

const exampleWarehouse = '0190a1b2-0000-7000-8000-000000000001'
const exampleProject = '00000000-0000-0000-0000-000000000000'
const exampleTree: Tree = { server: 'server', projectOf: () => exampleProject }

const resourceOf = (row: To): Resource => {
  const { kind, warehouse = exampleWarehouse, project = exampleProject, mount, id = 'example' } = row
  const levels = namesIn(row.path)
  const mounted = mount === undefined ? {} : { mount }
  switch (kind) {
    case 'server':
      return { kind }
    case 'project':
      return { kind, project }
    case 'warehouse':
      return { kind, project, warehouse }
    case 'connection':
      return { kind, project, connection: id }
    case 'tag':
      return { kind, project, tag: id, name: levels[0] ?? id }
    case 'user':
      return { kind, user: id }
    case 'service-account':
      return { kind, project, serviceAccount: id }
    case 'role':
      return { kind, project, role: id }
    case 'namespace':
      return { kind, warehouse, namespace: levels, ...mounted }
    default:
      return { kind, warehouse, namespace: levels.slice(0, -1), name: levels.at(-1) ?? id, ...mounted }
  }
}

const principalOf = (row: Who): Principal => ({
  ...{ kind: row.kind, id: row.id },
  ...(row.groups === undefined ? {} : { groups: row.groups }),
  ...(row['assumed-role'] === undefined ? {} : { assumedRole: row['assumed-role'] }),
  ...(row.engine === undefined ? {} : { engine: { name: row.engine, id: row.engine } }),
})

const circumstancesOf = ({
  operation = 'loadTable',
  time,
  agent,
  address,
  delegation = [],
  lent = false,
}: Within): Circumstances => ({
  operation,
  lent,
  caller: {
    requestId: 'decision-table',
    startedAt: new Date(time ?? '2026-01-05T12:00:00Z'),
    sender: { agent, address },
    delegation,
  },
})

const factsOf = (row: DecisionRow): RuleFacts => {
  const resource = resourceOf(row.to)
  const { refs } = row.within
  const need: Need = { action: row.action, resource, ...(refs === undefined ? {} : { refs }) }
  const { properties, tags = {} } = row.to
  const formatVersion = row.to['format-version']
  return {
    ...{
      principal: principalOf(row.who),
      need,
      circumstances: circumstancesOf(row.within),
      tree: exampleTree,
    },
    standing: {
      serverAdmin: row.who['server-admin'] ?? false,
      projects: new Set(row.who.projects),
      roles: new Set(row.who.roles),
    },
    tags: () => tags,
    stored: {
      ...(properties === undefined ? {} : { properties }),
      ...(formatVersion === undefined ? {} : { formatVersion }),
    },
  }
}

const sightOf = ({ principal, need, tags }: RuleFacts): Sight => ({
  ...{ action: need.action, kind: need.resource.kind, principalType: principalType(principal) },
  tag: (name) => tags()[name],
})

const sameIds = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.toSorted().every((one, i) => one === b.toSorted()[i])

const told = ({ who: asker, action, to: { kind, path = '' } }: DecisionRow): string =>
  `${asker.id} does ${action} to ${kind}${path === '' ? '' : ` ${path}`}`

/** What does not hold; undefined where it does. Judged as requests are, what is told apart without Cedar included. */
export const contradiction = (row: DecisionRow, program: Program, evaluate: Evaluate): string | undefined => {
  const facts = factsOf(row)
  const sight = sightOf(facts)
  const verdict = program.glance(sight) ?? program.judge(sight, facts, evaluate)
  const outcome = verdict.allowed ? 'allow' : 'deny'
  const as = `${row.file}: "${row.name}": ${told(row)}`
  if (outcome !== row.expect)
    return `${as}: expected ${row.expect}, got ${outcome} by ${verdict.by.join(', ') || 'nothing'}`
  if (row.by && !sameIds(row.by, verdict.by))
    return `${as}: expected to be decided by ${row.by.join(', ')}, was by ${verdict.by.join(', ')}`
  return undefined
}
