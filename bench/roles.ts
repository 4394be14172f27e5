/** What a principal's roles cost to resolve: an installation of 100,000 users and 10,000 roles beside a small one. */
import { createStandings } from '#authz/standings.ts'
import type { Principal } from '#model/access.ts'
import type { Database } from '#store/database.ts'
import { insertProject } from '#store/projects.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { loadStanding } from '#store/standings.ts'
import { openTestDatabase } from '../test/support/database.ts'
import type { Verdict } from './report.ts'

interface Size {
  readonly name: string
  readonly users: number
  readonly roles: number
}

/** Roles of a chain: the lowest is in the next one, and so on; users are in the lowest. */
const depth = 8
const small: Size = { name: '100 users, 10 roles', users: 100, roles: 10 }
const large: Size = { name: '100,000 users, 10,000 roles', users: 100_000, roles: 10_000 }

const userOf = (n: number): string => `oidc~user-${n}`
const chainsOf = ({ roles }: Size): number => Math.floor(roles / depth)

const roleId = (n: string): string => `md5('role ' || (${n}))::uuid`

/** Roles are bound to a provider, so that a token's groups lead to them too; every one of the lowest is in the project. */
const fill = async (database: Database, size: Size): Promise<void> => {
  await database.transaction((tx) => insertProject(tx, { id: 'p', name: 'p' }))
  const chains = chainsOf(size)
  const statements = [
    `insert into role (id, project_id, name, provider_id, source_id)
     select ${roleId('n')}, 'p', 'role ' || n, 'oidc', 'group-' || n from generate_series(0, ${size.roles - 1}) n`,
    `insert into principal (id, kind, user_type, name, last_updated_with)
     select 'oidc~user-' || n, 'user', 'human', 'user ' || n, 'create-endpoint'
     from generate_series(0, ${size.users - 1}) n`,
    `insert into role_member (role_id, member_kind, member_id)
     select ${roleId('n + 1')}, 'role', ${roleId('n')}::text
     from generate_series(0, ${chains * depth - 1}) n where n % ${depth} < ${depth - 1}`,
    `insert into role_member (role_id, member_kind, member_id)
     select ${roleId(`(n % ${chains}) * ${depth}`)}, 'principal', 'oidc~user-' || n
     from generate_series(0, ${size.users - 1}) n`,
    `insert into project_member (project_id, member_kind, member_id)
     select 'p', 'role', ${roleId('n')}::text from generate_series(0, ${size.roles - 1}, ${depth}) n`,
    'analyze',
  ]
  for (const statement of statements) await database.execute(statement)
}

/** Spreads requests over all users, without a rhythm that the caches of the database could follow. */
const pick = (n: number, among: number): number => (n * 7_919) % among

type Ask = (size: Size, n: number) => Principal

const byMembership: Ask = ({ users }, n) => ({ kind: 'user', id: userOf(pick(n, users)) })

/** Twenty groups, of which one leads to a role. */
const byGroups: Ask = (size, n) => ({
  kind: 'user',
  id: 'oidc~stranger',
  groups: [
    `oidc~group-${pick(n, chainsOf(size)) * depth}`,
    ...Array.from({ length: 19 }, (_, i) => `oidc~none-${n}-${i}`),
  ],
})

interface Subject {
  readonly size: Size
  readonly database: Database
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Mean microseconds of one round, one after the other. */
const cold = async ({ database, size }: Subject, ask: Ask, count: number): Promise<number> => {
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    const { roles, projects } = await loadStanding(database, ask(size, n))
    if (roles.length !== depth || projects.length !== 1) throw new Error(`${roles.length} roles were found`)
  }
  return ((performance.now() - started) / count) * 1000
}

const warm = async ({ database, size }: Subject, count: number): Promise<number> => {
  const standings = createStandings({
    load: (principal) => loadStanding(database, principal),
    loadEpoch: () => loadIdentityEpoch(database),
    now: () => performance.now(),
    report: (error) => {
      throw error
    },
  })
  const askers = Array.from({ length: 100 }, (_, n) => byMembership(size, n))
  for (const asker of askers) await standings.of(asker)
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    const standing = standings.of(askers[n % askers.length] as Principal)
    if (standing instanceof Promise) await standing
  }
  return ((performance.now() - started) / count) * 1000
}

interface Figure {
  readonly what: string
  readonly small: number
  readonly large: number
}

/** Subjects take turns; the median of the rounds is kept. */
const compare = async (
  what: string,
  subjects: readonly Subject[],
  measure: (subject: Subject) => Promise<number>,
): Promise<Figure> => {
  const rounds = new Map(subjects.map((subject) => [subject, [] as number[]]))
  for (const subject of subjects) await measure(subject)
  for (let round = 0; round < 5; round++)
    for (const subject of subjects) rounds.get(subject)?.push(await measure(subject))
  const [first = [], second = []] = [...rounds.values()]
  return { what, small: median(first), large: median(second) }
}

const print = (figures: readonly Figure[]): void => {
  console.log(
    `\n## Resolving roles, µs\n\n| what | ${small.name} | ${large.name} | ratio |\n|---|---|---|---|`,
  )
  for (const { what, small: few, large: many } of figures)
    console.log(`| ${what} | ${few.toFixed(2)} | ${many.toFixed(2)} | ${(many / few).toFixed(2)} |`)
}

export const benchRoles = async (count: number): Promise<Verdict[]> => {
  await using few = await openTestDatabase()
  await using many = await openTestDatabase()
  await fill(few.database, small)
  await fill(many.database, large)
  const subjects: readonly Subject[] = [
    { size: small, database: few.database },
    { size: large, database: many.database },
  ]
  const members = await compare('of a member, cold', subjects, (one) => cold(one, byMembership, count))
  const groups = await compare('by 20 groups, cold', subjects, (one) => cold(one, byGroups, count))
  const known = await compare('from memory', subjects, (one) => warm(one, count * 100))
  print([members, groups, known])
  const limit = 2
  return [members, groups, known].map(({ what, small: base, large: measured }) => ({
    ...{ what: `roles at 100,000 users / at 100, ${what}`, measured: measured / base, limit, unit: '×' },
  }))
}
