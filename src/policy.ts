/** Policy: who decides on access, and who has to hear of it when grants, rules or tags change. */
import type { Authorizer } from '#authz/authorizer.ts'
import { compileModel } from '#authz/compiled-model.ts'
import { createDataLevels } from '#authz/data-levels.ts'
import { createExplainer, type Explainer } from '#authz/explain.ts'
import { createGovernedObjects } from '#authz/governed-memory.ts'
import { authorizationModel } from '#authz/model.ts'
import { createNavigation } from '#authz/navigation-memory.ts'
import type { FgaAccess } from '#authz/openfga/fga-client.ts'
import { createPolicyAuthorizer } from '#authz/policy-authorizer.ts'
import { createRights, type Rights } from '#authz/rights.ts'
import type { Rules } from '#authz/rules.ts'
import type { Standings } from '#authz/standing.ts'
import type { Database } from '#store/database.ts'
import { listHeldGrants } from '#store/explained-grants.ts'
import { loadGovernedStates } from '#store/governed-state.ts'
import { loadGrantedPlaces, loadGrantedRoots } from '#store/granted-places.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import { openEngine, tupleSource } from './policy-engine.ts'
import { createPolicyWatch, type PolicyWatch } from './policy-watch.ts'

export interface PolicyDeps {
  readonly database: Database
  readonly serverId: string
  readonly standings: Standings
  /** From memory; undefined where no such warehouse is open. */
  readonly projectOf: (warehouseId: string) => string | undefined
  readonly rules: Rules
  /** The OpenFGA server that evaluates grants. Absent: they are evaluated here. */
  readonly fga?: FgaAccess
  readonly report: (event: string, error: unknown) => void
}

export interface Policy extends AsyncDisposable, PolicyWatch {
  readonly authorizer: Authorizer
  /** As `GET /management/v1/info` names the authorizer. */
  readonly authorizerName: string
  /** For who decides about grants. */
  readonly rights: Rights
  /** Why the authorizer decides as it does, whatever stands around it. */
  explainer(authorizer: Authorizer): Explainer
}

/** What each memory is told of the store: whether policy has moved, by a clock that nobody sets. */
const watching = ({ database, report }: PolicyDeps) => ({
  loadEpoch: () => loadPolicyEpoch(database),
  now: () => performance.now(),
  report: (error: unknown) => report('policy.not-looked-at', error),
})

export const createPolicy = (deps: PolicyDeps): Policy => {
  const { database, standings, projectOf, serverId, rules } = deps
  const model = compileModel(authorizationModel)
  const tree = { server: serverId, projectOf }
  const { fga, report } = deps
  const engine = openEngine({ ...watching(deps), ...{ model, database, report }, ...(fga ? { fga } : {}) })
  const navigation = createNavigation({
    loadPlaces: (grantees, warehouse) => loadGrantedPlaces(database, grantees, warehouse),
    loadRoots: (grantees) => loadGrantedRoots(database, grantees),
    now: () => performance.now(),
    wallClock: Date.now,
  })
  const governed = createGovernedObjects({
    ...watching(deps),
    load: (objects) => loadGovernedStates(database, objects),
  })
  const watch = createPolicyWatch({
    loadEpoch: () => loadPolicyEpoch(database),
    onFailure: (error) => report('policy.not-looked-at', error),
  })
  const levels = createDataLevels({ now: () => performance.now() })
  for (const memory of [engine, navigation, governed, levels]) watch.remember(memory)
  return {
    ...watch,
    authorizer: createPolicyAuthorizer({
      ...{ model, tree, standings, engine, navigation, governed, rules, levels },
    }),
    authorizerName: engine.name,
    rights: createRights({ standings, engine, tree, governed, source: tupleSource(database) }),
    explainer: (authorizer) =>
      createExplainer({
        ...{ authorizer, rules, standings, governed, model, tree },
        loadGrants: (holders, objects) => listHeldGrants(database, holders, objects),
      }),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
