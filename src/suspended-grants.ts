import type { SuspendGrants } from '#gateway/execute.ts'
import { mountedObject } from '#model/object-key.ts'
import type { Database } from '#store/database.ts'
import { suspendGrants } from '#store/governed-state.ts'
import type { Policy } from './policy.ts'

/** In force here when it returns, elsewhere as every change of policy. */
export const createSuspension =
  (database: Database, policy: Policy | undefined): SuspendGrants =>
  async ({ resource, uuid }, found) => {
    const object = mountedObject(resource.kind, resource.warehouse, resource)
    const events = await database.transaction((tx) => suspendGrants(tx, { object, expected: uuid, found }))
    policy?.tell(events)
  }
