/** Looks whether a storage would do, changing nothing of the warehouse. What fails is a result and no error. */
import { isCatalogError } from '#model/errors.ts'
import { checkApart } from '#store/warehouse-places.ts'
import type { Operation } from '../../operation.ts'
import { machineNeeds } from './machine-secrets.ts'
import {
  atWarehouse,
  type ById,
  inProject,
  type ManagementDeps,
  onProject,
  onWarehouse,
  type ProjectTarget,
  type WarehouseTarget,
  withinProject,
} from './place.ts'
import type { WarehouseRecord } from './registry.ts'
import { storageRecord } from './storage-wire.ts'
import { type NewCredential, withCredential } from './warehouse-profiles.ts'
import { type CreateWarehouse, checkLocation, takeStorage, type WarehouseStorage } from './warehouses.ts'

/** By Lakekeeper's names. */
export interface StorageCheck {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly error?: { readonly message: string; readonly type: string; readonly code: number }
  readonly reason?: string
}

/** A refusal of ours is what was found; anything else says nothing of the storage. */
const checkAs = async (name: string, check: () => unknown): Promise<StorageCheck> => {
  try {
    await check()
    return { name, status: 'passed' }
  } catch (error) {
    if (!isCatalogError(error) || error.status >= 500) throw error
    const { message, type, status: code } = error
    return { name, status: 'failed', error: { message, type, code } }
  }
}

const unvended: StorageCheck = {
  name: 'vended-credentials-issued',
  status: 'skipped',
  reason: 'Credentials are not vended',
}

interface Candidate {
  readonly projectId: string
  readonly wire: WarehouseStorage
  readonly record?: WarehouseRecord
}

/** Writes, reads, lists and deletes a probe. */
const checkAccess = (deps: ManagementDeps, { projectId, wire, record }: Candidate): Promise<StorageCheck> =>
  checkAs('lakekeeper-read-write', () => {
    const { value, secrets } = takeStorage(deps, { projectId, wire, before: record?.storage })
    return deps.checkStorage(value, record?.allowedLocations ?? [], { projectId, secrets })
  })

type Findings = readonly StorageCheck[]

const validateWarehouse = (
  deps: ManagementDeps,
): Operation<CreateWarehouse, ProjectTarget<CreateWarehouse>, Findings> => ({
  name: 'validateWarehouse',
  kind: 'read',
  success: 200,
  within: (input, named) => withinProject(input['project-id'] ?? named ?? deps.projectId),
  resolve: (input, asker, named) =>
    inProject<CreateWarehouse>(deps).resolve(input, asker, input['project-id'] ?? named),
  needs: (target) => [...onProject('create')(target), ...machineNeeds(target.input)],
  run: async ({ target: { input, project: projectId } }) => {
    const others = await deps.registry.listAllWarehouses()
    const wanted = { projectId, name: input['warehouse-name'] }
    const allowedLocations = input['allowed-locations'] ?? []
    const apart = await checkAs('location-exclusive', () =>
      checkApart(others, { ...wanted, storage: storageRecord(input), allowedLocations }),
    )
    // Nothing is written where another warehouse lies.
    const access = apart.status === 'passed' ? [await checkAccess(deps, { projectId, wire: input })] : []
    return [apart, ...access, unvended]
  },
})

/** `wireOf` says which storage is meant; none is written to that lies elsewhere than the warehouse. */
const validating = <Input extends ById>(
  deps: ManagementDeps,
  name: string,
  wireOf: (input: Input, record: WarehouseRecord) => WarehouseStorage | undefined,
): Operation<Input, WarehouseTarget<Input>, Findings> => ({
  name,
  kind: 'read',
  success: 200,
  ...atWarehouse(deps),
  needs: (target) => [
    ...onWarehouse('manage')(target),
    ...machineNeeds(target.input, target.record.storage.settings),
  ],
  run: async ({ target: { input, record } }) => {
    const { projectId, storage, allowedLocations } = record
    const wire = wireOf(input, record)
    if (wire === undefined) {
      const secrets = { projectId, secrets: [] }
      const stored = () => deps.checkStorage(storage, allowedLocations, secrets)
      return [await checkAs('lakekeeper-read-write', stored), unvended]
    }
    const same = await checkAs('profile-compatible', () => checkLocation(record, storageRecord(wire)))
    const access = same.status === 'passed' ? [await checkAccess(deps, { projectId, wire, record })] : []
    return [same, ...access, unvended]
  },
})

export const createValidationOperations = (deps: ManagementDeps) => ({
  validateWarehouse: validateWarehouse(deps),
  validateWarehouseStorage: validating(
    deps,
    'validateWarehouseStorage',
    ({ body }: ById & { readonly body: WarehouseStorage }) => body,
  ),
  validateWarehouseCredential: validating(
    deps,
    'validateWarehouseCredential',
    ({ body }: ById & { readonly body: NewCredential }, record) => withCredential(record, body),
  ),
  validateWarehouseAccess: validating(deps, 'validateWarehouseAccess', (_input: ById) => undefined),
})
