/** The operations on warehouses. */

import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import { checkApart } from '#store/warehouse-places.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { type Sealed, sealLiterals } from './literals.ts'
import { machineNeeds } from './machine-secrets.ts'
import { type PageAsked, type Paged, pageByName } from './paging.ts'
import {
  atWarehouse,
  type ById,
  certainly,
  findWarehouse,
  inProject,
  type ManagementDeps,
  missingWarehouse,
  onProject,
  onWarehouse,
  type ProjectTarget,
  toward,
  type WarehouseTarget,
  warehouseResource,
  withinProject,
} from './place.ts'
import type { StorageRecord, WarehouseChange, WarehouseRecord } from './registry.ts'
import { replayMade, replayWarehouse } from './replays.ts'
import { storageMembers, storageRecord, storageSettingsSchema } from './storage-wire.ts'
import { policiesOf, policyMembers } from './warehouse-policies.ts'

const strict = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[^/@]+$' })

const settingsMembers = {
  'allowed-locations': Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
  /** Null: as the kind of store suggests. */
  'verify-metadata-file': Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
}

export const createWarehouseSchema = Type.Object(
  {
    'warehouse-name': name,
    'project-id': Type.Optional(Type.Union([Type.String(), Type.Null()])),
    ...storageMembers,
    ...policyMembers,
    ...settingsMembers,
  },
  strict,
)
export const renameWarehouseSchema = Type.Object({ 'new-name': name }, strict)
export const warehouseStorageSchema = Type.Object(storageMembers, strict)
export const warehouseSettingsSchema = Type.Object(settingsMembers, strict)
export const protectionSchema = Type.Object({ protected: Type.Boolean() }, strict)

export type CreateWarehouse = Static<typeof createWarehouseSchema>
export type WarehouseStorage = Static<typeof warehouseStorageSchema>
export type WarehouseSettings = Static<typeof warehouseSettingsSchema>

export interface ListWarehouses extends PageAsked {
  readonly statuses: readonly WarehouseRecord['status'][]
  /** As Lakekeeper's older clients name it; goes before the header. */
  readonly project?: string
}

export type ChangeOperation<Input extends ById> = Operation<Input, WarehouseTarget<Input>, WarehouseRecord>

const listWarehouses = (
  deps: ManagementDeps,
): Operation<ListWarehouses, ProjectTarget<ListWarehouses>, Paged<WarehouseRecord>> => ({
  name: 'listWarehouses',
  kind: 'read',
  success: 200,
  within: (input, named) => withinProject(input.project ?? named ?? deps.projectId),
  resolve: (input, asker, named) =>
    inProject<ListWarehouses>(deps).resolve(input, asker, input.project ?? named),
  needs: onProject('list'),
  run: async ({ target: { project, input }, context, visible }) => {
    const records = await deps.registry.listWarehouses(project)
    const wanted = records.filter(({ status }) => input.statuses.includes(status))
    const items = await visible('describe', wanted, warehouseResource)
    const scope = listingScope('listWarehouses', [project, ...input.statuses], context.principal)
    return pageByName(deps.pageTokens, input, { scope, items })
  },
})

interface Offered {
  readonly projectId: string
  readonly wire: WarehouseStorage
  readonly before: StorageRecord | undefined
}

/** With its secrets sealed. */
export const takeStorage = (
  deps: ManagementDeps,
  { projectId, wire, before }: Offered,
): Sealed<StorageRecord> => {
  const storage = storageRecord(wire)
  const { value, secrets } = sealLiterals(deps.sealing, storage.settings, {
    schema: storageSettingsSchema,
    scope: { purpose: 'storage-credential', projectId },
    before: before?.settings,
  })
  return { value: { ...storage, settings: value }, secrets }
}

const createWarehouse = (
  deps: ManagementDeps,
): Operation<CreateWarehouse, ProjectTarget<CreateWarehouse>, WarehouseRecord> => ({
  name: 'createWarehouse',
  kind: 'change',
  success: 201,
  // What the body names goes before the header.
  within: (input, named) => withinProject(input['project-id'] ?? named ?? deps.projectId),
  resolve: (input, asker, named) => {
    checkText(input['warehouse-name'], 'warehouse-name')
    return inProject<CreateWarehouse>(deps).resolve(input, asker, input['project-id'] ?? named)
  },
  needs: (target) => [...onProject('create')(target), ...machineNeeds(target.input)],
  run: certainly(async ({ context, target: { input, project: projectId } }) => {
    const allowedLocations = input['allowed-locations'] ?? []
    const { value: storage, secrets } = takeStorage(deps, { projectId, wire: input, before: undefined })
    // Before the probe writes anything there; what decides is the registry, where nobody can come in between.
    const wanted = { projectId, name: input['warehouse-name'], storage, allowedLocations }
    checkApart(await deps.registry.listAllWarehouses(), wanted)
    await deps.checkStorage(storage, allowedLocations, { projectId, secrets })
    return deps.registry.createWarehouse(context, projectId, {
      name: wanted.name,
      storage,
      secrets,
      allowedLocations,
      verifyMetadataFile: input['verify-metadata-file'] ?? null,
      policies: policiesOf(input),
    })
  }),
  replay: replayMade(
    ({ project }, id) => deps.registry.findWarehouse(project, id),
    ({ input }) => missingWarehouse(input['warehouse-name']),
  ),
})

const getWarehouse = (deps: ManagementDeps): ChangeOperation<ById> => ({
  name: 'getWarehouse',
  kind: 'read',
  success: 200,
  ...atWarehouse(deps),
  needs: onWarehouse('describe'),
  run: async ({ target }) => target.record,
})

const deleteWarehouse = (deps: ManagementDeps): Operation<ById, ProjectTarget<ById>, void> => ({
  name: 'deleteWarehouse',
  kind: 'change',
  success: 204,
  ...toward(deps, missingWarehouse),
  needs: ({ project, input: { id } }) => [
    { action: 'drop', resource: warehouseResource({ projectId: project, id }) },
  ],
  missing: ({ input }) => missingWarehouse(input.id),
  run: certainly(async ({ context, target }) => {
    const record = await findWarehouse(deps, target)
    await deps.registry.removeWarehouse(context, record.id)
  }),
  replay: replayDone,
})

/** An operation whose whole deed is one change of the record. */
export const changing = <Input extends ById>(
  deps: ManagementDeps,
  operation: string,
  changeOf: (input: Input, record: WarehouseRecord) => WarehouseChange | Promise<WarehouseChange>,
): ChangeOperation<Input> => ({
  name: operation,
  kind: 'change',
  success: 200,
  ...atWarehouse(deps),
  needs: (target) => [
    ...onWarehouse('manage')(target),
    ...machineNeeds(target.input, target.record.storage.settings),
  ],
  run: certainly(async ({ context, target: { input, record } }) =>
    deps.registry.changeWarehouse(context, record.id, await changeOf(input, record)),
  ),
  replay: replayWarehouse(deps),
})

/** BadRequest for a storage elsewhere. */
export const checkLocation = ({ name, storage }: WarehouseRecord, { location }: StorageRecord): void => {
  if (location !== storage.location)
    throw new CatalogError(
      'BadRequestException',
      `The location of warehouse ${name} cannot change: its tables lie under ${storage.location}`,
    )
}

const changeStorage = (deps: ManagementDeps): ChangeOperation<ById & { readonly body: WarehouseStorage }> =>
  changing(deps, 'updateWarehouseStorage', async ({ body }, record) => {
    const { projectId, storage: before } = record
    const { value: storage, secrets } = takeStorage(deps, { projectId, wire: body, before })
    checkLocation(record, storage)
    await deps.checkStorage(storage, record.allowedLocations, { projectId, secrets })
    return { storage, secrets }
  })

const changeSettings = (deps: ManagementDeps): ChangeOperation<ById & { readonly body: WarehouseSettings }> =>
  changing(deps, 'updateWarehouseSettings', async ({ body }, record) => {
    const { 'allowed-locations': allowed, 'verify-metadata-file': verify } = body
    const { projectId, storage } = record
    if (allowed !== undefined) await deps.checkStorage(storage, allowed, { projectId, secrets: [] })
    return {
      ...(allowed === undefined ? {} : { allowedLocations: allowed }),
      ...(verify === undefined ? {} : { verifyMetadataFile: verify }),
    }
  })

const rename = (deps: ManagementDeps) =>
  changing(deps, 'renameWarehouse', (input: ById & { readonly newName: string }) => {
    checkText(input.newName, 'new-name')
    return { name: input.newName }
  })

const protect = (deps: ManagementDeps) =>
  changing(deps, 'setWarehouseProtection', (input: ById & { readonly protected: boolean }) => ({
    protected: input.protected,
  }))

export const createWarehouseOperations = (deps: ManagementDeps) => ({
  listWarehouses: listWarehouses(deps),
  createWarehouse: createWarehouse(deps),
  getWarehouse: getWarehouse(deps),
  deleteWarehouse: deleteWarehouse(deps),
  renameWarehouse: rename(deps),
  updateWarehouseStorage: changeStorage(deps),
  updateWarehouseSettings: changeSettings(deps),
  setWarehouseProtection: protect(deps),
  activateWarehouse: changing(deps, 'activateWarehouse', (_input: ById) => ({ status: 'active' })),
  deactivateWarehouse: changing(deps, 'deactivateWarehouse', (_input: ById) => ({ status: 'inactive' })),
})
