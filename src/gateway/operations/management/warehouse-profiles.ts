/** Parts of a warehouse that are set on their own: its credential, and what is only stored of its policies. */
import type { Static } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import type { ById, ManagementDeps } from './place.ts'
import type { WarehouseRecord } from './registry.ts'
import { type newCredentialSchema, storageWire } from './storage-wire.ts'
import { type deleteProfileSchema, type formatVersionsSchema, policiesOf } from './warehouse-policies.ts'
import { changing, takeStorage, type WarehouseStorage } from './warehouses.ts'

interface With<Body> extends ById {
  readonly body: Body
}

export type NewCredential = Static<typeof newCredentialSchema>

/** The storage as it is, reached in another way. BadRequest for files, which take no credential. */
export const withCredential = (
  { name, storage }: WarehouseRecord,
  { 'new-storage-credential': credential }: NewCredential,
): WarehouseStorage => {
  if (storage.kind === 'file' && credential)
    throw new CatalogError('BadRequestException', `The storage of warehouse ${name} takes no credential`)
  // What is told back is what was taken: a profile of ours keeps to its own schema.
  const { 'storage-profile': profile } = storageWire(storage) as unknown as WarehouseStorage
  return { 'storage-profile': profile, 'storage-credential': credential ?? null }
}

const changeCredential = (deps: ManagementDeps) =>
  changing(deps, 'updateWarehouseCredential', async ({ body }: With<NewCredential>, record) => {
    const { projectId, storage: before } = record
    const wire = withCredential(record, body)
    const { value: storage, secrets } = takeStorage(deps, { projectId, wire, before })
    await deps.checkStorage(storage, record.allowedLocations, { projectId, secrets })
    return { storage, secrets }
  })

type Policies = Static<typeof deleteProfileSchema> | Static<typeof formatVersionsSchema>

const changePolicies = (deps: ManagementDeps, operation: string, unset: JsonObject = {}) =>
  changing(deps, operation, ({ body }: With<Policies>, { policies }) => ({
    policies: policiesOf({ ...unset, ...body }, policies),
  }))

export const createWarehouseProfileOperations = (deps: ManagementDeps) => ({
  updateWarehouseCredential: changeCredential(deps),
  updateWarehouseDeleteProfile: changePolicies(deps, 'updateWarehouseDeleteProfile'),
  // The two belong together: a default that is not named is none.
  updateWarehouseFormatVersionPolicy: changePolicies(deps, 'updateWarehouseFormatVersionPolicy', {
    'default-format-version': null,
  }),
})
