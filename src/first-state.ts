/** What an empty embedded store is given at its first start. */
import { mkdir } from 'node:fs/promises'
import { apply } from '#cli/apply.ts'
import { createManagementClient } from '#cli/management-client.ts'
import { CatalogError } from '#model/errors.ts'
import { parseLocation } from '#model/location.ts'
import type { Config } from './config.ts'
import { applyDeclaredRules } from './declared-rules.ts'
import { defaultWarehouseFolder } from './storage-profile.ts'

/**
 * The location of a folder, letter by letter: PyIceberg, Hadoop's and our own file access all take what follows
 * `file://` as it stands, so that an escaped space would name another folder. BadRequest for what no location can hold.
 */
const locationOf = (folder: string): string => {
  const location = `file://${folder}`
  try {
    parseLocation(location)
  } catch (cause) {
    throw new CatalogError(
      'BadRequestException',
      `${folder} has a name that no file location can have (such as one with "#", "?", "\\" or "%2E"): choose another data folder with --data, or declare state.warehouses`,
      { cause },
    )
  }
  return location
}

/** The declared state; without one, a warehouse `default` in the data folder. */
const declaredState = async ({ server, state }: Config): Promise<Config['state']> => {
  if (state.warehouses !== undefined || state.connections !== undefined) return state
  const folder = defaultWarehouseFolder(server.data)
  const location = locationOf(folder)
  await mkdir(folder, { recursive: true })
  return { warehouses: [{ name: 'default', location }] }
}

export interface FirstState {
  readonly config: Config
  readonly origin: string
  readonly token: string | undefined
  /** The way to ourselves; absent: over the network, as anyone. */
  readonly fetch?: typeof fetch
}

/** Through the management face, as anyone would: the same checks, the same audit. */
export const applyFirstState = async ({ config, origin, token, fetch }: FirstState): Promise<void> => {
  const client = createManagementClient({
    origin,
    ...(token === undefined ? {} : { token }),
    ...(fetch === undefined ? {} : { fetch }),
  })
  await apply({ declared: await declaredState(config), client, print: () => {} })
  await applyDeclaredRules(config, { client, print: () => {} })
}
