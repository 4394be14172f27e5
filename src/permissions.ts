/** The operations on grants, rules, tags and read restrictions over our store. */
import {
  createGovernanceOperations,
  type GovernanceOperations,
} from '#gateway/operations/governance/governance.ts'
import { createStoreGovernance } from '#gateway/operations/governance/store-governance.ts'
import {
  createPermissionOperations,
  type PermissionOperations,
} from '#gateway/operations/permissions/permissions.ts'
import type { PermissionDeps } from '#gateway/operations/permissions/place.ts'
import { createStoreGrants } from '#gateway/operations/permissions/store-grants.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'
import type { GrantPlace } from '#store/grants.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import type { OpenGovernance } from './governance.ts'
import type { Policy } from './policy.ts'
import { digestOf } from './shipped-rules.ts'
import { tryRuleSources } from './tried-rules.ts'

type Built = 'grants' | 'tags' | 'policyEpoch'

export interface PermissionParts extends Omit<PermissionDeps, Built> {
  readonly database: Database
  /** Absent where everything is allowed. */
  readonly policy: Policy | undefined
  readonly governance: OpenGovernance
  /** Of who administers, and who is in which role. */
  readonly identityChanged: (event: Pick<EventDraft, 'type' | 'object'>) => Promise<void>
}

/** What decides on access, as clients see it. */
export interface PolicyOperations {
  /** So that ids of what is known by its name are found again. */
  readonly remember: (places: readonly GrantPlace[]) => Promise<void>
  readonly permissions: PermissionOperations
  readonly governance: GovernanceOperations
}

const createRegister = ({ database, policy, governance, warn }: PermissionParts) =>
  createStoreGovernance({
    database,
    ...{ tryRules: tryRuleSources, digestOf },
    changed: async (event) => {
      governance.memory.forget()
      policy?.tell([event])
    },
    report: (error) => warn('governance.not-refreshed', { error }),
  })

export const createPermissions = (parts: PermissionParts): PolicyOperations => {
  const { database, policy, identityChanged, warn } = parts
  const register = createRegister(parts)
  const deps: PermissionDeps = {
    ...parts,
    tags: register,
    grants: createStoreGrants({
      database,
      changed: async (event) => {
        await identityChanged(event)
        policy?.tell([event])
      },
      report: (error) => warn('grants.not-refreshed', { error }),
    }),
    policyEpoch: () => loadPolicyEpoch(database),
  }
  return {
    remember: deps.grants.rememberObjects,
    permissions: createPermissionOperations(deps),
    governance: createGovernanceOperations({
      ...deps,
      governance: register,
      explainer: policy?.explainer(parts.authorizer),
    }),
  }
}
