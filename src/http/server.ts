/** The HTTP server: one handler for every path, since routing reads the raw URL that the framework would decode. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Answer, Header } from './answer.ts'
import { requestIdOf } from './caller.ts'
import { answerRequest, type DispatchDeps } from './dispatch.ts'
import { answerError } from './error-answer.ts'
import { answerGarbage } from './garbage.ts'
import { createLoadLimit, type LoadLimit } from './load-limit.ts'
import { createPacker, type Packer } from './packer.ts'
import { send } from './send.ts'

export interface ServerLimits {
  /** Bytes of a request body. */
  readonly maxBodyBytes: number
  /** Requests in flight before further ones are told to slow down. */
  readonly maxInFlight: number
  /** Requests whose body is still on its way; not in flight yet, so that slow senders stop nobody's work. */
  readonly maxArriving: number
  /** Further connections are closed at once. */
  readonly maxConnections: number
  /** How long headers and body may take to arrive. */
  readonly requestTimeoutMs: number
}

export const defaultLimits: ServerLimits = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxInFlight: 1000,
  maxArriving: 4000,
  maxConnections: 10_000,
  requestTimeoutMs: 120_000,
}

export interface ServerDeps extends DispatchDeps {
  /** Said in every answer's `Lakegate-Mode`; absent in production. */
  readonly mode?: 'development'
  readonly limits: ServerLimits
}

export interface HttpServer {
  /** Resolves with the port. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>
  /** Refuses what comes, finishes what is in flight (at most `graceMs`), closes. */
  stop(graceMs: number): Promise<void>
}

const lastCallMs = 2_000

const commonHeaders = ({ mode }: ServerDeps, requestId: string): readonly Header[] =>
  mode
    ? [
        ['X-Request-Id', requestId],
        ['Lakegate-Mode', mode],
      ]
    : [['X-Request-Id', requestId]]

/** The framework sees one path; what was sent stays in `originalUrl`. */
const createApp = ({ limits }: ServerDeps): FastifyInstance => {
  const app = fastify({
    rewriteUrl: () => '/',
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    http: { maxHeaderSize: 32 * 1024 },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerGarbage,
  })
  app.server.maxConnections = limits.maxConnections
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return app
}

const emptyBody = new Uint8Array(0)

interface Answered {
  readonly answer: Answer
  readonly requestId: string
}

interface Serving extends ServerDeps {
  readonly packer: Packer
}

/** Takes the connection from the framework and writes. */
const reply = async (serving: Serving, to: FastifyReply, { answer, requestId }: Answered): Promise<void> => {
  to.hijack()
  const { raw: response } = to
  try {
    await send(
      { request: to.request.raw, response, packer: serving.packer },
      answer,
      commonHeaders(serving, requestId),
    )
  } catch (error) {
    // The client went away, or the answer broke off half-way: nothing more can be said on this connection.
    response.destroy(error instanceof Error ? error : undefined)
  }
}

const idOf = (request: FastifyRequest): string => requestIdOf(request.headers['x-request-id'])

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

interface Limits {
  readonly arriving: LoadLimit
  readonly working: LoadLimit
}

const addLimits = (app: FastifyInstance, { arriving, working }: Limits): void => {
  app.addHook('onRequest', async (request, { raw }) => (hasBody(request) ? arriving : working).enter(raw))
  app.addHook('preHandler', async (request, { raw }) => {
    if (!hasBody(request)) return
    arriving.leave(raw)
    working.enter(raw)
  })
}

const addHandlers = (app: FastifyInstance, serving: Serving): void => {
  app.setErrorHandler((error, request, to) => {
    const requestId = idOf(request)
    // What the framework refuses (too large, too slow, shed) may leave an unread body behind.
    const answer = answerError(error, requestId, [['Connection', 'close']])
    return reply(serving, to, { answer, requestId })
  })
  const handle = async (request: FastifyRequest, to: FastifyReply): Promise<void> => {
    const requestId = idOf(request)
    const body = Buffer.isBuffer(request.body) ? request.body : emptyBody
    const { raw, originalUrl: target } = request
    const answer = await answerRequest(serving, { request: raw, response: to.raw, target, body, requestId })
    await reply(serving, to, { answer, requestId })
  }
  app.all('/', handle)
  app.setNotFoundHandler(handle)
}

const portOf = (app: FastifyInstance): number => {
  const bound = app.server.address()
  return typeof bound === 'object' && bound ? bound.port : 0
}

export const createHttpServer = (deps: ServerDeps): HttpServer => {
  const working = createLoadLimit(deps.limits.maxInFlight)
  const arriving = createLoadLimit(deps.limits.maxArriving)
  const app = createApp(deps)
  addLimits(app, { arriving, working })
  addHandlers(app, { ...deps, packer: createPacker() })
  return {
    listen: async (address) => {
      await app.listen(address)
      return portOf(app)
    },
    stop: async (graceMs) => {
      const timer = setTimeout(() => app.server.closeAllConnections(), graceMs)
      await working.drain()
      clearTimeout(timer)
      // What still arrives has begun nothing: it is told so if it comes soon.
      const lastCall = setTimeout(() => app.server.closeAllConnections(), lastCallMs)
      await app.close()
      clearTimeout(lastCall)
    },
  }
}
