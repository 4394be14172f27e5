/** A policy authorizer over grants that a test writes down, with a count of what its parts are asked. */
import type { Authorizer, Circumstances } from '#authz/authorizer.ts'
import { compileModel } from '#authz/compiled-model.ts'
import { createDataLevels } from '#authz/data-levels.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import type { GovernedObject } from '#authz/governed.ts'
import type { GrantEngine } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import type { ObjectKey } from '#authz/objects.ts'
import { createPolicyAuthorizer } from '#authz/policy-authorizer.ts'
import type { Rules } from '#authz/rules.ts'
import type { Standing, Standings } from '#authz/standing.ts'
import type { Principal } from '#model/access.ts'
import type { StoredGrant } from './naive.ts'

export interface TestPolicy {
  grants: readonly StoredGrant[]
  standings: Readonly<Record<string, Standing>>
  /** Objects that lead to something that somebody may see, by principal. */
  ways: Readonly<Record<string, readonly ObjectKey[]>>
  governed: ReadonlyMap<ObjectKey, GovernedObject>
  rules: Rules | undefined
  /** Milliseconds. */
  now: number
}

export const model = compileModel(authorizationModel)

export const standingOf = (standing: Partial<Standing>): Standing => ({
  serverAdmin: false,
  projects: new Set(),
  roles: new Set(),
  ...standing,
})

export const circumstances: Circumstances = {
  operation: 'test',
  caller: {
    requestId: 'r',
    startedAt: new Date(0),
    sender: { address: undefined, agent: undefined },
    delegation: [],
  },
}

export const user = (id: string): Principal => ({ kind: 'user', id: `oidc~${id}` })

export const grant = (object: ObjectKey, relation: string, who: string): StoredGrant => ({
  ...{ object, relation, kind: 'principal', id: `oidc~${who}`, expiresAt: null },
})

const createEngine = (policy: TestPolicy): GrantEngine =>
  createEmbeddedEngine({
    model,
    source: {
      held: async ({ principal, roles }, objects) => ({
        epoch: 1,
        tuples: policy.grants
          .filter(({ object }) => objects.includes(object))
          .filter(({ kind, id }) =>
            kind === 'role' ? roles.includes(id) : kind === 'anyone' || id === principal,
          )
          .map(({ kind, ...tuple }) => ({ ...tuple, subjectKind: kind })),
      }),
    },
    ...{ loadEpoch: async () => 1, now: () => 0, clock: () => 1_000, report: () => {} },
  })

export const createTestPolicy = (given: Partial<TestPolicy> = {}) => {
  const policy: TestPolicy = {
    ...{ grants: [], standings: {}, ways: {}, governed: new Map(), rules: undefined, now: 0 },
    ...given,
  }
  const levels = createDataLevels({ now: () => policy.now })
  /** Numbers of questions, a call of the engine each. */
  const asked: number[] = []
  const engine = createEngine(policy)
  const nothing = standingOf({})
  const standings: Standings = {
    of: ({ id, assumedRole }) => policy.standings[assumedRole ?? id] ?? nothing,
  }
  const authorizer: Authorizer = createPolicyAuthorizer({
    ...{ model, standings },
    tree: { server: 's', projectOf: (warehouse) => ({ lake: 'mine', other: 'theirs' })[warehouse] },
    engine: {
      check: (subject, questions, notBefore) => {
        asked.push(questions.length)
        return engine.check(subject, questions, notBefore)
      },
    },
    navigation: {
      leadsTo: ({ principal }, objects) =>
        objects.map((object) => policy.ways[principal ?? '']?.includes(object) === true),
    },
    governed: { of: () => policy.governed },
    levels,
    ...(policy.rules === undefined ? {} : { rules: policy.rules }),
  })
  return { authorizer, asked, policy, levels }
}

/** Nothing has been granted to anybody: memberships and administration alone decide. */
export const createUngranted = (deps: {
  readonly standings: Standings
  readonly projectOf: (warehouse: string) => string | undefined
}): Authorizer =>
  createPolicyAuthorizer({
    ...{ model, standings: deps.standings, tree: { server: 's', projectOf: deps.projectOf } },
    engine: createEngine({
      grants: [],
      standings: {},
      ways: {},
      governed: new Map(),
      rules: undefined,
      now: 0,
    }),
    navigation: { leadsTo: (_, objects) => objects.map(() => false) },
    governed: { of: () => new Map() },
    levels: createDataLevels({ now: () => 0 }),
  })
