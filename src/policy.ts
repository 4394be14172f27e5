/** Policy: who decides on access, and who has to hear of it when grants, rules or tags change. */
import type { Authorizer } from '#authz/authorizer.ts'
import { compileModel } from '#authz/compiled-model.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import { createMembershipAuthorizer } from '#authz/membership-authorizer.ts'
import { authorizationModel } from '#authz/model.ts'
import type { PolicyMemory } from '#authz/policy-memory.ts'
import { createRights, type Rights } from '#authz/rights.ts'
import type { Rules } from '#authz/rules.ts'
import type { Standings } from '#authz/standing.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'
import { loadHeldTuples } from '#store/relation-tuples.ts'
import { loadPolicyEpoch } from '#store/server.ts'

export interface PolicyDeps {
  readonly database: Database
  readonly serverId: string
  readonly standings: Standings
  /** From memory; undefined where no such warehouse is open. */
  readonly projectOf: (warehouseId: string) => string | undefined
  readonly rules: Rules
  readonly report: (event: string, error: unknown) => void
}

export interface Policy {
  readonly authorizer: Authorizer
  /** As `GET /management/v1/info` names the authorizer. */
  readonly authorizerName: string
  /** For who decides about grants. */
  readonly rights: Rights
  /** Takes part in what is forgotten from here on. */
  remember(memory: PolicyMemory): void
  /** Of whatever kind: those of policy are picked out. What they tell of is in force here when it returns. */
  tell(events: readonly Pick<EventDraft, 'type'>[]): void
  /** Events may have been missed. */
  clear(): void
}

const isPolicyEvent = ({ type }: Pick<EventDraft, 'type'>): boolean =>
  /^(grant|rule|tag|restriction|managed-access)\./.test(type)

/** The embedded evaluator over our own store. */
const openEngine = ({ database, report }: PolicyDeps) =>
  createEmbeddedEngine({
    model: compileModel(authorizationModel),
    source: { held: (subjects, objects) => loadHeldTuples(database, subjects, objects) },
    loadEpoch: () => loadPolicyEpoch(database),
    now: () => performance.now(),
    clock: Date.now,
    report: (error) => report('policy.not-looked-at', error),
  })

export const createPolicy = (deps: PolicyDeps): Policy => {
  const { standings, projectOf, serverId } = deps
  const engine = openEngine(deps)
  const memories: PolicyMemory[] = [engine]
  const clear = (): void => {
    for (const memory of memories) memory.forget()
  }
  return {
    authorizer: createMembershipAuthorizer({ standings, projectOf }),
    authorizerName: 'membership',
    rights: createRights({
      ...{ standings, engine, tree: { server: serverId, projectOf } },
      governed: { of: () => new Map() },
    }),
    remember: (memory) => {
      memories.push(memory)
    },
    tell: (events) => {
      if (events.some(isPolicyEvent)) clear()
    },
    clear,
  }
}
