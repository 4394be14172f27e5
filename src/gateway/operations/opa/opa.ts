/**
 * Decisions for Trino, in the manner of an OPA server: a trusted engine asks what the user may whom it names. One
 * question a request, or a list of objects to be filtered.
 */
import type { Engines, TrustedEngine } from '#authn/engines.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import type { Decision, Need, Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { circumstancesIn } from '../../circumstances.ts'
import type { Operation, Target, Task } from '../../operation.ts'
import type { WarehouseDirectory } from '../../warehouses.ts'
import { type Found, findWanted, type Known } from './find.ts'
import type { OpaQuery, OpaResource } from './forms.ts'
import { type Wanted, wantedOf } from './wanted.ts'

export type { OpaQuery } from './forms.ts'

export interface OpaDeps {
  readonly engines: Engines | undefined
  readonly authorizer: Authorizer
  readonly warehouses: WarehouseDirectory
}

type Catalogs = Pick<TrustedEngine, 'catalogs'>

interface OpaTarget extends Target {
  readonly query: OpaQuery
  readonly engine: Catalogs
  /** Undefined: nobody for whom an engine may ask. */
  readonly user: Principal | undefined
}

export interface Verdict {
  readonly decision: Decision
  readonly needs: readonly Need[]
}

const notTrusted = (): CatalogError =>
  new CatalogError('ForbiddenException', 'Not allowed: only a trusted engine may ask for others')

const longestRecorded = 256

const sameNames: Catalogs = { catalogs: {} }

/**
 * The question is the user's, and on record as such: from here on the engine acts for it. Where nobody is asked who they
 * are (development mode), users are not either.
 */
const resolve = async ({ engines }: OpaDeps, query: OpaQuery, asker: Principal): Promise<OpaTarget> => {
  if (asker.kind === 'anonymous') return { warehouse: null, query, engine: sameNames, user: asker, asker }
  const engine = asker.engine === undefined ? engines?.of(asker) : undefined
  if (engines === undefined || engine === undefined) throw notTrusted()
  const user = await engines.named(asker, query.context.identity.user)
  return { warehouse: null, query, engine, user, asker: user ?? asker }
}

/** Denied, and no error: Trino tells its user of a denial in those words, and of an error as of one of its own. */
const nobody = (name: string): Known => ({
  allow: false,
  // Whatever the name holds, the record has it in one line.
  why: `not a user whom an engine may act for: ${JSON.stringify(name.slice(0, longestRecorded))}`,
})

/** Of whoever is known and welcome, each thing that is asked is decided by itself. */
const needs = (): readonly Need[] => [{ action: 'describe', resource: { kind: 'server' } }]

interface Deciding {
  readonly deps: OpaDeps
  readonly task: Task<OpaTarget>
  readonly user: Principal
}

/** Who reads with the engine's own credentials gets no table of which others get none of the data. */
const withData = (decision: Decision, { action }: Need): Decision =>
  decision.allow && action === 'read' && decision.obligations?.restriction !== undefined
    ? { allow: false, visible: true, reason: 'restricted: its data is handed to nobody' }
    : decision

const gone: Decision = { allow: false, visible: true, reason: 'it is not there' }

/** The engine reads with credentials of its own: what grants stand for is looked for here, where it would not be later. */
const isStill = async (
  { decision: { obligations }, needs: [need] }: Verdict,
  found: Found,
  { context }: Task<OpaTarget>,
): Promise<boolean> => {
  const { expectUuids } = obligations ?? {}
  if (expectUuids === undefined || need === undefined || found.look === undefined) return true
  return found.look(need.resource.kind, { ...context, expected: expectUuids })
}

const decideFound = async ({ deps, task, user }: Deciding, found: Found): Promise<Verdict> => {
  const circumstances = circumstancesIn(task.context, found.policyEpoch)
  let last: Verdict | undefined
  for (const need of found.alternatives) {
    const decided = await deps.authorizer.check(user, [need], circumstances)
    last = { decision: withData(decided, need), needs: [need] }
    if (last.decision.allow) return (await isStill(last, found, task)) ? last : { ...last, decision: gone }
  }
  return last ?? verdictOf({ allow: false, why: 'nothing to decide on' })
}

const verdictOf = ({ allow, why }: Known): Verdict => ({
  decision: { allow, visible: true, reason: why },
  needs: [],
})

/** The first denial ends it. */
const decideAll = async (deciding: Deciding, all: readonly Wanted[]): Promise<Verdict> => {
  const { deps, task } = deciding
  const asked: Need[] = []
  let verdict = verdictOf({ allow: false, why: 'nothing was asked for' })
  for (const found of await findWanted({ ...deps, engine: task.target.engine }, all)) {
    verdict = 'allow' in found ? verdictOf(found) : await decideFound(deciding, found)
    asked.push(...verdict.needs)
    if (!verdict.decision.allow) break
  }
  return { decision: verdict.decision, needs: asked }
}

const decide = (deps: OpaDeps): Operation<OpaQuery, OpaTarget, Verdict> => ({
  name: 'decideForEngine',
  kind: 'read',
  success: 200,
  certified: true,
  resolve: (query, asker) => resolve(deps, query, asker),
  needs,
  run: async (task) => {
    const { query, user } = task.target
    if (user === undefined) return verdictOf(nobody(query.context.identity.user))
    return decideAll({ deps, task, user }, wantedOf(query.context.identity.user, query.action))
  },
  verdictOf: (verdict) => verdict,
})

const newestOf = (all: readonly (Found | Known)[]): number | undefined => {
  const epochs = all.flatMap((one) => ('policyEpoch' in one ? [one.policyEpoch ?? 0] : []))
  return epochs.length === 0 ? undefined : epochs.reduce((one, other) => Math.max(one, other))
}

/** What a list of objects comes down to: looks, asked together. */
const filterAll = async (
  { deps, task, user }: Deciding,
  wanted: readonly Wanted[],
): Promise<readonly boolean[]> => {
  const all = await findWanted({ ...deps, engine: task.target.engine }, wanted)
  const asked = all.flatMap((found, at) =>
    'allow' in found ? [] : found.alternatives.map(({ resource }) => ({ at, resource })),
  )
  const candidates = asked.map(({ resource }) => resource)
  const circumstances = circumstancesIn(task.context, newestOf(all))
  const seen = await deps.authorizer.visible(user, 'describe', candidates, circumstances)
  const answers = all.map((found) => 'allow' in found && found.allow)
  for (const [i, { at }] of asked.entries()) answers[at] ||= seen[i] === true
  return answers
}

const filtered = 'Filter'

/** Positions of those that the user may see. Of one table with its columns the columns are what is listed. */
const filter = (deps: OpaDeps): Operation<OpaQuery, OpaTarget, readonly number[]> => ({
  name: 'filterForEngine',
  kind: 'read',
  success: 200,
  certified: true,
  resolve: (query, asker) => resolve(deps, query, asker),
  needs,
  run: async (task) => {
    const { query, user } = task.target
    const { action, context } = query
    if (user === undefined || !action.operation.startsWith(filtered)) return []
    const resources = action.filterResources ?? []
    const wantedFor = (resource: OpaResource) => wantedOf(context.identity.user, action, resource)
    if (action.operation !== 'FilterColumns') {
      // To see something needs one thing of one object.
      const wanted = resources.flatMap((resource) => wantedFor(resource).slice(0, 1))
      const answers = await filterAll({ deps, task, user }, wanted)
      return answers.flatMap((allow, at) => (allow ? [at] : []))
    }
    const [only, ...more] = resources
    if (only === undefined || more.length > 0) return []
    const answers = await filterAll({ deps, task, user }, wantedFor(only))
    const columns = answers.every((allow) => allow) ? (only.table?.columns ?? []) : []
    return columns.map((_, at) => at)
  },
})

export const createOpaOperations = (deps: OpaDeps) => ({
  decideForEngine: decide(deps),
  filterForEngine: filter(deps),
})

export type OpaOperations = ReturnType<typeof createOpaOperations>
