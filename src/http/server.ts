/** The HTTP server: one handler for every path, since routing reads the raw URL that the framework would decode. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Answer, Header } from './answer.ts'
import { requestIdOf } from './caller.ts'
import { answerRequest, type DispatchDeps } from './dispatch.ts'
import { answerError } from './error-answer.ts'
import { answerGarbage } from './garbage.ts'
import { createLoadLimit, type LoadLimit } from './load-limit.ts'
import { send } from './send.ts'

export interface ServerLimits {
  /** Bytes of a request body. */
  readonly maxBodyBytes: number
  /** Requests in flight before further ones are told to slow down. */
  readonly maxInFlight: number
  /** How long headers and body may take to arrive. */
  readonly requestTimeoutMs: number
}

export const defaultLimits: ServerLimits = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxInFlight: 1000,
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
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return app
}

const emptyBody = new Uint8Array(0)

interface Answered {
  readonly answer: Answer
  readonly requestId: string
}

/** Takes the connection from the framework and writes. */
const reply = async (deps: ServerDeps, to: FastifyReply, { answer, requestId }: Answered): Promise<void> => {
  to.hijack()
  const { raw: response } = to
  try {
    await send({ request: to.request.raw, response }, answer, commonHeaders(deps, requestId))
  } catch (error) {
    // The client went away, or the answer broke off half-way: nothing more can be said on this connection.
    response.destroy(error instanceof Error ? error : undefined)
  }
}

const idOf = (request: FastifyRequest): string => requestIdOf(request.headers['x-request-id'])

const addHandlers = (app: FastifyInstance, deps: ServerDeps, limit: LoadLimit): void => {
  app.addHook('onRequest', async (_request, { raw }) => limit.enter(raw))
  app.setErrorHandler((error, request, to) => {
    const requestId = idOf(request)
    // What the framework refuses (too large, too slow, shed) may leave an unread body behind.
    const answer = answerError(error, requestId, [['Connection', 'close']])
    return reply(deps, to, { answer, requestId })
  })
  const handle = async (request: FastifyRequest, to: FastifyReply): Promise<void> => {
    const requestId = idOf(request)
    const body = Buffer.isBuffer(request.body) ? request.body : emptyBody
    const { raw, originalUrl: target } = request
    const answer = await answerRequest(deps, { request: raw, response: to.raw, target, body, requestId })
    await reply(deps, to, { answer, requestId })
  }
  app.all('/', handle)
  app.setNotFoundHandler(handle)
}

const portOf = (app: FastifyInstance): number => {
  const bound = app.server.address()
  return typeof bound === 'object' && bound ? bound.port : 0
}

export const createHttpServer = (deps: ServerDeps): HttpServer => {
  const limit = createLoadLimit(deps.limits.maxInFlight)
  const app = createApp(deps)
  addHandlers(app, deps, limit)
  return {
    listen: async (address) => {
      await app.listen(address)
      return portOf(app)
    },
    stop: async (graceMs) => {
      const timer = setTimeout(() => app.server.closeAllConnections(), graceMs)
      await limit.drain()
      clearTimeout(timer)
      await app.close()
    },
  }
}
