/** `lakegate apply`: reads what is in force, prints the difference to what is declared, and makes it so. */
import { isDeepStrictEqual } from 'node:util'
import { diffOf } from './diff.ts'
import { type ManagementClient, ManagementError, type Wire } from './management-client.ts'
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

const isGone = (error: unknown): boolean => error instanceof ManagementError && error.status === 404

/** None where the warehouse was removed since it was listed: removing it again is found to be late. */
const readMounts = async (client: ManagementClient, warehouse: Wire): Promise<Wire> => {
  try {
    return await client.get(`/warehouse/${String(warehouse['warehouse-id'])}/mount`)
  } catch (error) {
    if (isGone(error)) return { mounts: [] }
    throw error
  }
}

const readCurrent = async (client: ManagementClient): Promise<CurrentState> => {
  const [connections, warehouses] = await Promise.all([client.get('/connection'), client.get(everyWarehouse)])
  const listed = (warehouses['warehouses'] ?? []) as readonly Wire[]
  const mounts: Wire[] = []
  for (const warehouse of listed) mounts.push(await readMounts(client, warehouse))
  return currentState({ connections, warehouses, mounts })
}

const idIn = async (
  client: ManagementClient,
  kind: 'warehouse' | 'connection',
  name: string,
): Promise<string> => {
  const { [`${kind}s`]: listed } = await client.get(kind === 'warehouse' ? everyWarehouse : '/connection')
  const found = (listed as readonly Wire[]).find((item) => item['name'] === name)
  if (found === undefined)
    throw new ManagementError(`There is no ${kind} ${name}: declare it under state.${kind}s`, 404)
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

/** Someone else has made what the step makes (409), or removed what it removes (404). */
const isLate = (step: Step, error: unknown): error is ManagementError =>
  error instanceof ManagementError &&
  (step.do.startsWith('create-') ? error.status === 409 : step.do.startsWith('remove-') && isGone(error))

interface Late {
  readonly step: Step
  readonly error: ManagementError
}

/** How many steps were taken, and the one that came too late, where one did. */
const takeAll = async (
  client: ManagementClient,
  steps: readonly Step[],
): Promise<{ readonly taken: number; readonly late?: Late }> => {
  for (const [taken, step] of steps.entries()) {
    try {
      await take(client, step)
    } catch (error) {
      if (!isLate(step, error)) throw error
      return { taken, late: { step, error } }
    }
  }
  return { taken: steps.length }
}

/** Each new plan is owed to one object that another hand has changed; a few more than there are objects are enough. */
const spareTries = 4

/**
 * Resolves with the number of changes made. What another `apply` does meanwhile is read and planned anew. Any other
 * failure stops there; what was done stays, and a second run goes on.
 */
export const apply = async ({ declared, client, print, prune, dryRun }: ApplyRequest): Promise<number> => {
  const planAnew = async () =>
    planOf(wantedState(declared), await readCurrent(client), { prune: prune ?? false })
  let plan = await planAnew()
  for (const line of diffOf(plan)) print(line)
  if (dryRun) return 0
  let done = 0
  for (let tries = plan.steps.length + spareTries; ; tries--) {
    const { taken, late } = await takeAll(client, plan.steps)
    done += taken
    if (late === undefined) return done
    plan = await planAnew()
    // What is still to be done was refused for a reason of its own.
    if (tries === 0 || plan.steps.some((step) => isDeepStrictEqual(step, late.step))) throw late.error
    print('Changed by someone else meanwhile. What is left:')
    for (const line of diffOf(plan)) print(line)
  }
}
