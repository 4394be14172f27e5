/**
 * The guarded fetch: the only way to an upstream. Each address is checked where the connection is made (so a
 * name cannot resolve to one thing for the check and another for the connection), redirects are never
 * followed, and answers are bounded in bytes and time.
 */
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import {
  type GuardedFetch,
  type UpstreamRequest,
  type UpstreamResponse,
  UpstreamUnreachable,
} from './connector.ts'
import type { EgressPolicy } from './egress-policy.ts'

export interface GuardedFetchInput {
  readonly policy: EgressPolicy
  /** Certificates (PEM) by which the other side is trusted. Default: the system's. */
  readonly ca?: string
  /** Until the connection, TLS included, stands. Default 5 s. */
  readonly connectTimeoutMs?: number
  /** Open at once to one origin: what a slow upstream can take from this process. Default 64. */
  readonly connections?: number
  /** Bytes of answers that are on their way, all requests together. Default 512 MiB. */
  readonly maxHeldBytes?: number
}

export interface OpenedFetch extends AsyncDisposable {
  readonly fetch: GuardedFetch
}

const notSent = (message: string, cause?: unknown): UpstreamUnreachable =>
  new UpstreamUnreachable(message, { sent: false, cause })

const refused = (): UpstreamUnreachable => notSent('the address is not allowed by the egress policy')

/** Resolves a name and hands on only what the policy allows; the connection is made to exactly these addresses. */
const guardedLookup =
  (allows: EgressPolicy['allows']): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const allowed = addresses.filter(({ address }) => allows(address))
      const [first] = allowed
      if (!first) return callback(refused(), '')
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }

/** Every failure before the connection stands is marked as not sent. */
const guardedConnector = (
  allows: EgressPolicy['allows'],
  { connectTimeoutMs = 5000, ca }: GuardedFetchInput,
): buildConnector.connector => {
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(allows),
    ...(ca === undefined ? {} : { ca }),
  })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !allows(host)) return callback(refused(), null)
    connect(options, (...[error, socket]) => {
      if (error === null) return callback(null, socket)
      const known = error instanceof UpstreamUnreachable
      callback(known ? error : notSent('no connection could be made', error), null)
    })
  }
}

const checkedUrl = (text: string): URL => {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw notSent('the address is no http URL')
  if (url.username !== '' || url.password !== '') throw notSent('the address carries credentials')
  return url
}

const headersOf = (headers: Record<string, string | string[] | undefined>): UpstreamResponse['headers'] =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )

/** What all answers on their way take together: each may be large, all at once may not. */
interface Budget {
  held: number
  readonly most: number
}

/** One request's state: what has been sent, what has come, and how it ends. */
interface Exchange {
  readonly request: UpstreamRequest
  readonly budget: Budget
  readonly resolve: (response: UpstreamResponse | Promise<UpstreamResponse>) => void
  readonly reject: (error: UpstreamUnreachable) => void
  readonly chunks: Buffer[]
  controller?: Dispatcher.DispatchController
  /** The request has been handed to a connection that stands. */
  sent: boolean
  settled: boolean
  status: number
  headers: UpstreamResponse['headers']
  size: number
}

const fail = (exchange: Exchange, message: string, cause?: unknown): void => {
  if (exchange.settled) return
  exchange.settled = true
  const error = new UpstreamUnreachable(message, { sent: exchange.sent, cause })
  exchange.reject(error)
  exchange.controller?.abort(error)
}

const tooLarge = (exchange: Exchange): void => {
  fail(exchange, `the answer is larger than ${exchange.request.maxBytes} bytes`)
}

const failureText = (error: Error): string => {
  if (error instanceof UpstreamUnreachable) return error.message
  return 'code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW'
    ? 'the headers of the answer are too large'
    : 'the connection was lost or broke the protocol'
}

const copiedAtOnce = 1 << 20

const joined = (chunks: readonly Buffer[]): Buffer => {
  const [first] = chunks
  return chunks.length === 1 && first ? first : Buffer.concat(chunks)
}

/** Memory that is touched for the first time costs more than the copy itself: a large body gives others their turns. */
const copyInSteps = async ({ chunks, size }: Exchange): Promise<Buffer> => {
  const body = Buffer.allocUnsafeSlow(size)
  let at = 0
  let pause = copiedAtOnce
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.byteLength
    if (at < pause) continue
    pause = at + copiedAtOnce
    await new Promise((resolve) => setImmediate(resolve))
  }
  return body
}

const handlerOf = (exchange: Exchange): Dispatcher.DispatchHandler => ({
  onRequestStart: (controller) => {
    if (exchange.settled) return controller.abort(new Error('abandoned before it was sent'))
    exchange.controller = controller
    exchange.sent = true
  },
  onResponseStart: (_controller, status, headers) => {
    if (status < 200) return
    exchange.status = status
    exchange.headers = headersOf(headers)
    const length = Number(headers['content-length'] ?? 0)
    if (exchange.request.method !== 'HEAD' && length > exchange.request.maxBytes) tooLarge(exchange)
  },
  onResponseData: (_controller, chunk) => {
    if (exchange.settled) return
    exchange.size += chunk.byteLength
    exchange.budget.held += chunk.byteLength
    if (exchange.size > exchange.request.maxBytes) return tooLarge(exchange)
    if (exchange.budget.held > exchange.budget.most)
      return fail(exchange, 'too many bytes of its answers are on their way at once')
    exchange.chunks.push(chunk)
  },
  onResponseEnd: () => {
    if (exchange.settled) return
    exchange.settled = true
    const { status, headers, chunks, size } = exchange
    if (size > copiedAtOnce)
      exchange.resolve(copyInSteps(exchange).then((body) => ({ status, headers, body })))
    else exchange.resolve({ status, headers, body: joined(chunks) })
  },
  onResponseError: (_controller, error) => {
    fail(exchange, failureText(error), error)
  },
})

const startExchange = (agent: Dispatcher, url: URL, exchange: Exchange): void => {
  const { method, headers, body } = exchange.request
  agent.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'accept-encoding': 'identity', ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    handlerOf(exchange),
  )
}

interface Sockets {
  readonly own: Dispatcher
  readonly foreign: Dispatcher
  readonly budget: Budget
}

/** Runs one request; the whole of it, waiting for a free connection included, within `timeoutMs`. */
const exchangeOf = (
  { own, foreign, budget }: Sockets,
  request: UpstreamRequest,
): Promise<UpstreamResponse> => {
  const url = checkedUrl(request.url)
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>()
  const exchange: Exchange = {
    request,
    budget,
    resolve,
    reject,
    chunks: [],
    sent: false,
    settled: false,
    status: 0,
    headers: {},
    size: 0,
  }
  const { signal, timeoutMs } = request
  if (signal?.aborted) throw notSent('the request was given up')
  const timer = setTimeout(() => fail(exchange, `no answer within ${timeoutMs} ms`), timeoutMs)
  const giveUp = (): void => fail(exchange, 'the request was given up')
  signal?.addEventListener('abort', giveUp, { once: true })
  startExchange(request.foreign ? foreign : own, url, exchange)
  return promise.finally(() => {
    budget.held -= exchange.size
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  })
}

const openAgent = (allows: EgressPolicy['allows'], input: GuardedFetchInput): Agent =>
  new Agent({
    connect: guardedConnector(allows, input),
    connections: input.connections ?? 64,
    allowH2: false,
    keepAliveTimeout: 10_000,
    keepAliveMaxTimeout: 60_000,
  })

/** A pool of kept-alive connections; open one a connection (the configured kind), so that none starves another. */
export const openGuardedFetch = (input: GuardedFetchInput): OpenedFetch => {
  const { policy, maxHeldBytes = 512 * 1024 * 1024 } = input
  const own = openAgent(policy.allows, input)
  const foreign = openAgent(policy.allowsForeign, input)
  const sockets: Sockets = { own, foreign, budget: { held: 0, most: maxHeldBytes } }
  return {
    fetch: async (request) => exchangeOf(sockets, request),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([own.destroy(), foreign.destroy()])
    },
  }
}
