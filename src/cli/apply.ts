/** `lakegate apply`: reads what is in force, prints the difference to what is declared, and makes it so. */
import { diffOf } from './diff.ts'
import type { ManagementClient, Wire } from './management-client.ts'
import { planOf, type Step } from './plan.ts'
import {
  type CurrentState,
  currentState,
  type DeclaredState,
  storageCredential,
  storageProfile,
  type WarehouseState,
  wantedState,
} from './state.ts'

export interface ApplyRequest {
  readonly declared: DeclaredState
  readonly client: ManagementClient
  readonly print: (line: string) => void
  /** Removes what is in force and not declared. */
  readonly prune?: boolean
  /** Prints the difference and stops there. */
  readonly dryRun?: boolean
}

/** Deactivated ones too: they have their names and must not be made again. */
const everyWarehouse = '/warehouse?warehouseStatus=any'

const readCurrent = async (client: ManagementClient): Promise<CurrentState> => {
  const [connections, warehouses] = await Promise.all([client.get('/connection'), client.get(everyWarehouse)])
  const listed = (warehouses['warehouses'] ?? []) as readonly Wire[]
  const mounts: Wire[] = []
  for (const warehouse of listed)
    mounts.push(await client.get(`/warehouse/${String(warehouse['warehouse-id'])}/mount`))
  return currentState({ connections, warehouses, mounts })
}

const idIn = async (
  client: ManagementClient,
  kind: 'warehouse' | 'connection',
  name: string,
): Promise<string> => {
  const { [`${kind}s`]: listed } = await client.get(kind === 'warehouse' ? everyWarehouse : '/connection')
  const found = (listed as readonly Wire[]).find((item) => item['name'] === name)
  if (found === undefined) throw new Error(`There is no ${kind} ${name}: declare it under state.${kind}s`)
  return String(found[`${kind}-id`])
}

const storageOf = (warehouse: WarehouseState): Wire => {
  const credential = storageCredential(warehouse)
  return {
    'storage-profile': storageProfile(warehouse),
    ...(credential === undefined ? {} : { 'storage-credential': credential }),
  }
}

const settingsOf = (warehouse: WarehouseState): Wire => ({
  'allowed-locations': warehouse.allowedLocations,
  'verify-metadata-file': warehouse.verifyMetadataFile,
})

const createMount = async (client: ManagementClient, step: Step & { do: 'create-mount' }): Promise<void> => {
  const { warehouse, namespace, connection } = step.mount
  const id = await idIn(client, 'warehouse', warehouse)
  await client.post(`/warehouse/${id}/mount`, {
    namespace,
    'connection-id': await idIn(client, 'connection', connection),
  })
}

const take = async (client: ManagementClient, step: Step): Promise<void> => {
  switch (step.do) {
    case 'create-connection': {
      const { name, kind, config } = step.connection
      await client.post('/connection', { 'connection-name': name, kind, config })
      return
    }
    case 'change-connection':
      await client.post(`/connection/${step.id}/config`, {
        kind: step.connection.kind,
        config: step.connection.config,
      })
      return
    case 'create-warehouse':
      await client.post('/warehouse', {
        'warehouse-name': step.warehouse.name,
        ...storageOf(step.warehouse),
        ...settingsOf(step.warehouse),
      })
      return
    case 'change-storage':
      await client.post(`/warehouse/${step.id}/storage`, storageOf(step.warehouse))
      return
    case 'change-settings':
      await client.post(`/warehouse/${step.id}/settings`, settingsOf(step.warehouse))
      return
    case 'create-mount':
      return createMount(client, step)
    case 'remove-mount':
      return client.remove(
        `/warehouse/${await idIn(client, 'warehouse', step.mount.warehouse)}/mount/${step.mount.id}`,
      )
    case 'remove-warehouse':
      return client.remove(`/warehouse/${step.warehouse.id}`)
    case 'remove-connection':
      return client.remove(`/connection/${step.connection.id}`)
  }
}

/** Resolves with the number of changes made. A failure stops there; what was done stays, and a second run goes on. */
export const apply = async ({ declared, client, print, prune, dryRun }: ApplyRequest): Promise<number> => {
  const plan = planOf(wantedState(declared), await readCurrent(client), { prune: prune ?? false })
  for (const line of diffOf(plan)) print(line)
  if (dryRun) return 0
  for (const step of plan.steps) await take(client, step)
  return plan.steps.length
}
