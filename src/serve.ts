/** `lakegate serve`: parts wired in the order in which they need one another, and closed in the opposite one. */
import { createHttpServer, type ServerDeps } from '#http/server.ts'
import { checkConfig } from './config.ts'
import { applyFirstState } from './first-state.ts'
import { httpDepsOf } from './front.ts'
import { originOf } from './greeting.ts'
import { type Ground, openGround, type ServeRequest } from './ground.ts'
import { type House, openHouse } from './house.ts'
import { openInside } from './inside.ts'
import { openListener } from './listener.ts'
import { createReadiness } from './readiness.ts'
import { releaseWhenIdle } from './start-memory.ts'
import { startWorkers } from './workers.ts'

export interface RunningServer {
  readonly origin: string
  /** True when this start prepared an empty store. */
  readonly firstStart: boolean
  /** Readiness goes false, requests in flight finish, the audit buffer is flushed, the database is stopped. */
  stop(): Promise<void>
}

const graceMs = 25_000

/** Only an empty embedded store takes the state of the file: afterwards `apply` alone reads it. */
const prepareFirstState = async (
  { config, token }: Ground,
  house: House,
  { deps, origin }: { readonly deps: ServerDeps; readonly origin: string },
): Promise<boolean> => {
  if (config.server.database !== 'embedded') return false
  if ((await house.registry.listAllWarehouses()).length > 0) return false
  await using parts = new AsyncDisposableStack()
  const inside = config.server.edge.tls ? { fetch: await openInside(createHttpServer(deps), parts) } : {}
  await applyFirstState({ config, origin, token, ...inside })
  return true
}

/** Throws a plain sentence when it cannot start; nothing is left running then. */
export const serve = async (request: ServeRequest): Promise<RunningServer> => {
  checkConfig(request.config)
  await using started = new AsyncDisposableStack()
  const ground = await openGround(request, started)
  const house = await openHouse(ground)
  const { state, ready } = createReadiness(ground.database)
  const deps = await httpDepsOf(ground, house, ready)
  const http = await openListener(ground, deps)
  await startWorkers(ground, house)
  const { server } = request.config
  const port = await http.listen({ host: server.host, port: server.port })
  started.defer(() => http.stop(graceMs))
  const origin = originOf(server, port)
  const firstStart = await prepareFirstState(ground, house, { deps, origin })
  started.use(releaseWhenIdle())
  state.prepared = true
  const parts = started.move()
  return {
    origin,
    firstStart,
    stop: () => {
      state.stopping = true
      return parts.disposeAsync()
    },
  }
}
