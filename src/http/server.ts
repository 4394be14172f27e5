/** The HTTP server: one handler for every path, since routing reads the raw URL that the framework would decode. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { CatalogError } from '#model/errors.ts'
import type { Answer, Header } from './answer.ts'
import { hasBody, openBody, type RequestBody } from './body.ts'
import { type BodyBudget, createBodyBudget } from './body-budget.ts'
import { requestIdOf } from './caller.ts'
import { answerRequest, type DispatchDeps } from './dispatch.ts'
import { answerError } from './error-answer.ts'
import { answerGarbage } from './garbage.ts'
import { createLoadLimit, type LoadLimit, type Pass } from './load-limit.ts'
import { createPacker, type Packer } from './packer.ts'
import { send } from './send.ts'
import { type Closing, createClosing, sendClosing } from './send-closing.ts'
import { refuseUnknown, renew, serverOptionsOf, type TlsOptions } from './tls.ts'

export interface ServerLimits {
  /** Bytes of a request body. */
  readonly maxBodyBytes: number
  /** Bytes of all request bodies that arrive or are held, while the sender is known; beyond it: slow down. */
  readonly maxBodiesBytes: number
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
  maxBodiesBytes: 256 * 1024 * 1024,
  maxInFlight: 1000,
  maxArriving: 4000,
  maxConnections: 10_000,
  requestTimeoutMs: 120_000,
}

export interface ServerDeps extends DispatchDeps {
  /** Said in every answer's `Lakegate-Mode`; absent in production. */
  readonly mode?: 'development'
  /** Absent: what arrives is not encrypted. */
  readonly tls?: TlsOptions
  readonly limits: ServerLimits
  /** Told of every request that was turned away before anyone looked at it. */
  readonly shed: (reason: unknown) => void
}

/** A port of this machine, or a socket file that only its owner reaches. */
type Address = { readonly host: string; readonly port: number } | { readonly path: string }

export interface HttpServer {
  /** Resolves with the port. */
  listen(address: Address): Promise<number>
  /** Takes up another certificate for connections to come; throws, and changes nothing, where it is not valid. */
  renewTls(options: TlsOptions): void
  /** Refuses what comes, finishes what is in flight (at most `graceMs`), closes. */
  stop(graceMs: number): Promise<void>
}

const lastCallMs = 2_000
/** What was begun for clients that are gone has this long to end; what an upstream still holds then is left in doubt. */
const lastWorkMs = 3_000

const commonHeaders = ({ mode, cors }: ServerDeps, { requestId, request }: Exchange): readonly Header[] => {
  const headers: Header[] = [['X-Request-Id', requestId]]
  if (mode) headers.push(['Lakegate-Mode', mode])
  if (cors) headers.push(...cors.headersFor(request))
  return headers
}

/** The framework sees one path; what was sent stays in `originalUrl`. */
const createApp = ({ limits, tls }: ServerDeps, closing: Closing): FastifyInstance => {
  // Of a header that stands twice none is chosen: joined they are no token, no host and no media type.
  const rules = { maxHeaderSize: 32 * 1024, joinDuplicateHeaders: true }
  const options = {
    rewriteUrl: () => '/',
    requestTimeout: limits.requestTimeoutMs,
    return503OnClosing: false,
    forceCloseConnections: 'idle' as const,
    clientErrorHandler: (error: Error, socket: Socket) => {
      // What has had its last answer gets no other.
      if (closing.has(socket)) socket.destroySoon()
      else answerGarbage(error, socket)
    },
  }
  const app = tls
    ? (fastify({ ...options, https: { ...rules, ...serverOptionsOf(tls) } }) as unknown as FastifyInstance)
    : fastify({ ...options, http: rules })
  if (app.server instanceof TlsServer) refuseUnknown(app.server)
  app.server.maxConnections = limits.maxConnections
  // Who waits to be asked for a body is asked when somebody reads it.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response))
  // What else somebody expects is passed over, as RFC 9110 section 10.1.1 allows: refused by Node it would be on no record.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  return app
}

interface Serving extends ServerDeps {
  readonly packer: Packer
  /** Requests whose body is on its way. */
  readonly arriving: LoadLimit
  readonly working: LoadLimit
  readonly budget: BodyBudget
  readonly closing: Closing
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: string
  readonly requestId: string
  readonly body: RequestBody | undefined
  /** Its place among those that arrive, where it has a body, and among those that are worked on. */
  readonly places: { arriving?: Pass; working?: Pass }
}

const openExchange = (
  serving: Serving,
  { raw: request, originalUrl }: FastifyRequest,
  response: ServerResponse,
): Exchange => {
  const { working, budget, limits } = serving
  const places: Exchange['places'] = {}
  const arrived = (): void => {
    places.arriving?.leave()
    places.working = working.enter(response)
  }
  const rules = { maxBytes: limits.maxBodyBytes, budget }
  return {
    request,
    response,
    target: originalUrl,
    requestId: requestIdOf(request.headers['x-request-id']),
    body: hasBody(request) ? openBody({ request, response, arrived }, rules) : undefined,
    places,
  }
}

const answerOf = (serving: Serving, exchange: Exchange): Answer | Promise<Answer> => {
  const { body, response, requestId, places } = exchange
  try {
    if (body) places.arriving = serving.arriving.enter(response)
    else places.working = serving.working.enter(response)
  } catch (error) {
    serving.shed(error)
    const words = serving.router.wordsAt(exchange.target)
    return answerError(error, requestId, { headers: [['Connection', 'close']], words })
  }
  return answerRequest(serving, exchange)
}

const reply = (serving: Serving, exchange: Exchange, answer: Answer): void | Promise<void> => {
  const { request, response, body, places } = exchange
  const common = commonHeaders(serving, exchange)
  if (!body?.unread) return send({ request, response, packer: serving.packer }, answer, common)
  // Nobody waits for it any more: it must not take the place of one that is read.
  places.arriving?.leave()
  return sendClosing({ request, response, body, closing: serving.closing }, answer, common)
}

const serveRequest = async (serving: Serving, exchange: Exchange): Promise<void> => {
  try {
    const sent = reply(serving, exchange, await answerOf(serving, exchange))
    if (sent) await sent
  } catch (error) {
    // The client went away, or the answer broke off half-way: nothing more can be said on this connection.
    exchange.response.destroy(error instanceof Error ? error : undefined)
  } finally {
    exchange.body?.release()
    exchange.places.arriving?.finish()
    exchange.places.working?.finish()
  }
}

/** Every request is taken over before the framework looks at its body: whose it is must be known first. */
const addHandler = (app: FastifyInstance, serving: Serving): void => {
  app.addHook('onRequest', (request, to) => {
    to.hijack()
    if (serving.closing.has(request.raw.socket)) return
    void serveRequest(serving, openExchange(serving, request, to.raw))
  })
}

const portOf = (app: FastifyInstance): number => {
  const bound = app.server.address()
  return typeof bound === 'object' && bound ? bound.port : 0
}

export const createHttpServer = (deps: ServerDeps): HttpServer => {
  const working = createLoadLimit(deps.limits.maxInFlight)
  const arriving = createLoadLimit(deps.limits.maxArriving)
  const closing = createClosing()
  const app = createApp(deps, closing)
  const budget = createBodyBudget(deps.limits.maxBodiesBytes)
  addHandler(app, { ...deps, packer: createPacker(), arriving, working, budget, closing })
  app.server.on('drop', () => deps.shed(new CatalogError('SlowDownException', 'Too many connections')))
  return {
    listen: async (address) => {
      await app.listen(address)
      return portOf(app)
    },
    renewTls: (options) => {
      if (app.server instanceof TlsServer) renew(app.server, options)
    },
    stop: async (graceMs) => {
      const timer = setTimeout(() => app.server.closeAllConnections(), graceMs)
      const enough = new AbortController()
      const longest = sleep(graceMs + lastWorkMs, undefined, { signal: enough.signal }).catch(() => {})
      await Promise.race([working.drain(), longest])
      enough.abort()
      clearTimeout(timer)
      // What still arrives has begun nothing: it is told so if it comes soon.
      const lastCall = setTimeout(() => app.server.closeAllConnections(), lastCallMs)
      await app.close()
      clearTimeout(lastCall)
    },
  }
}
