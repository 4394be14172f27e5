/** What an empty embedded store is given at its first start. */
import { mkdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { apply } from '#cli/apply.ts'
import { createManagementClient } from '#cli/management-client.ts'
import type { Config } from './config.ts'
import { defaultWarehouseFolder } from './storage-profile.ts'

/** The declared state; without one, a warehouse `default` in the data folder. */
const declaredState = async ({ server, state }: Config): Promise<Config['state']> => {
  if (state.warehouses !== undefined || state.connections !== undefined) return state
  const folder = defaultWarehouseFolder(server.data)
  await mkdir(folder, { recursive: true })
  return { warehouses: [{ name: 'default', location: pathToFileURL(folder).href }] }
}

export interface FirstState {
  readonly config: Config
  readonly origin: string
  readonly token: string | undefined
}

/** Through the management face, as anyone would: the same checks, the same audit. */
export const applyFirstState = async ({ config, origin, token }: FirstState): Promise<void> => {
  const client = createManagementClient({ origin, ...(token === undefined ? {} : { token }) })
  await apply({ declared: await declaredState(config), client, print: () => {} })
}
