/** As whom `apply` speaks to a running gateway. */
import { createClientOver, createManagementClient, type ManagementClient } from '#cli/management-client.ts'
import { openTerminal } from '#cli/open-terminal.ts'
import { openSession } from '#cli/session.ts'
import type { Config, Environment } from './config.ts'
import { originOf } from './greeting.ts'
import { createSecretResolver } from './secrets.ts'

export interface ApplyAddress {
  readonly config: Config
  readonly environment: Environment
  /** Absent: where `serve` would listen, or the server of the profile. */
  readonly server?: string | undefined
  readonly profile?: string | undefined
}

/** By the token of the configuration; where there is none, or a profile is named, as the command line signs in. */
export const openApplyClient = async (address: ApplyAddress): Promise<ManagementClient> => {
  const { config, environment, profile } = address
  const { server } = config
  const origin = address.server ?? originOf(server, server.port)
  if (server.token !== undefined && profile === undefined)
    return createManagementClient({ origin, token: await createSecretResolver(environment)(server.token) })
  const said = profile === undefined ? origin : address.server
  const { send } = await openSession(openTerminal(), { profile, server: said })
  return createClientOver(send)
}
