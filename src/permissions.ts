/** The operations on grants over our store. */

import { createEveryRight } from '#authz/rights.ts'
import {
  createPermissionOperations,
  type PermissionOperations,
} from '#gateway/operations/permissions/permissions.ts'
import type { PermissionDeps } from '#gateway/operations/permissions/place.ts'
import { createStoreGrants } from '#gateway/operations/permissions/store-grants.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import type { Policy } from './policy.ts'

type Built = 'grants' | 'rights' | 'policyEpoch'

export interface PermissionParts extends Omit<PermissionDeps, Built> {
  readonly database: Database
  /** Absent where everything is allowed. */
  readonly policy: Policy | undefined
  /** Of who administers, and who is in which role. */
  readonly identityChanged: (event: Pick<EventDraft, 'type' | 'object'>) => Promise<void>
}

export const createPermissions = (parts: PermissionParts): PermissionOperations => {
  const { database, policy, identityChanged, warn } = parts
  return createPermissionOperations({
    ...parts,
    grants: createStoreGrants({
      database,
      changed: async (event) => {
        await identityChanged(event)
        policy?.tell([event])
      },
      report: (error) => warn('grants.not-refreshed', { error }),
    }),
    rights: policy?.rights ?? createEveryRight(),
    policyEpoch: () => loadPolicyEpoch(database),
  })
}
