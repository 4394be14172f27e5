/** The listener: encrypted where that is configured. */
import { createHttpServer, type HttpServer, type ServerDeps } from '#http/server.ts'
import type { TlsOptions } from '#http/tls.ts'
import type { Config } from './config.ts'
import type { Logs } from './log.ts'
import type { SecretResolver } from './secrets.ts'
import { loadTls, watchTls } from './tls.ts'

export interface ListenerDeps {
  readonly config: Config
  readonly secret: SecretResolver
  readonly logs: Logs
  readonly parts: AsyncDisposableStack
}

/** A certificate is taken up anew when it has been renewed. */
export const openListener = async (ground: ListenerDeps, deps: ServerDeps): Promise<HttpServer> => {
  const { config, secret, logs, parts } = ground
  const { tls } = config.server.edge
  if (!tls) return createHttpServer(deps)
  const current = await loadTls(tls, secret)
  const http = createHttpServer({ ...deps, tls: current })
  const renew = (options: TlsOptions): void => {
    http.renewTls(options)
    logs.info('tls.renewed', {})
  }
  const onFailure = (error: unknown) => logs.error('tls.not-renewed', { error })
  parts.use(watchTls({ config: tls, secret, current, renew, onFailure }))
  return http
}
