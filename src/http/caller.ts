/** What the headers of a request say of its sender. */
import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Caller, type DelegationMode, hopHeader } from '#gateway/operation.ts'
import type { RequestBody } from './body.ts'
import { direct, type Forwarding } from './forwarded.ts'
import { type ClientCertificate, certificateOf } from './tls.ts'

const saneRequestId = /^[A-Za-z0-9._:-]{1,128}$/

/** Taken where it is harmless in logs and headers, minted otherwise. */
export const requestIdOf = (sent: string | string[] | undefined): string =>
  typeof sent === 'string' && saneRequestId.test(sent) ? sent : randomUUID()

const modes: ReadonlySet<string> = new Set<DelegationMode>(['vended-credentials', 'remote-signing'])
const isMode = (word: string): word is DelegationMode => modes.has(word)

const longestAgent = 256

const none: readonly DelegationMode[] = []

/** A list of words; those that we do not know are ignored (specification: X-Iceberg-Access-Delegation). */
const readDelegation = (header: string | string[] | undefined): readonly DelegationMode[] => {
  if (header === undefined) return none
  const words = String(header)
    .split(',')
    .map((word) => word.trim().toLowerCase())
  return [...new Set(words.filter(isMode))].sort()
}

const digestOf = (request: IncomingMessage, target: string, body: Uint8Array = new Uint8Array(0)): string =>
  createHash('sha256').update(`${request.method} ${target}\n`).update(body).digest('base64url')

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

/** Aborts when the connection closes before the answer has left. */
const abortedWith = (response: ServerResponse): AbortSignal => {
  if (response.closed) return response.writableFinished ? new AbortController().signal : AbortSignal.abort()
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}

export interface Sent {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The raw request target. */
  readonly target: string
  readonly body: RequestBody | undefined
  readonly requestId: string
}

/** What a face knows beside of it. */
export interface FaceCaller extends Caller {
  /** Under which the client reaches us: what every link to ourselves begins with. No slash at its end. */
  readonly base: string
}

/**
 * A class because of its getter: in a literal that would give each request's object a shape of its own, which outlives
 * the request and holds all of it.
 */
class HttpCaller implements FaceCaller {
  readonly requestId: string
  readonly startedAt = new Date()
  readonly sender: Caller['sender']
  readonly credentials: Caller['credentials']
  readonly delegation: Caller['delegation']
  readonly hops: string | undefined
  readonly project?: string
  readonly assumeRole?: string
  readonly traceparent?: string
  readonly ifMatch?: string
  readonly idempotency?: NonNullable<Caller['idempotency']>
  readonly #response: ServerResponse
  readonly #request: IncomingMessage
  readonly #forwarding: Forwarding
  #signal: AbortSignal | undefined

  constructor({ request, response, target, body, requestId }: Sent, forwarding: Forwarding) {
    const { headers } = request
    this.requestId = requestId
    const address = forwarding.addressOf(request)
    this.sender = {
      address,
      agent: headers['user-agent']?.slice(0, longestAgent),
    }
    this.credentials = {
      authorization: headers.authorization,
      origin: headers.origin,
      host: headers.host,
      address,
    }
    this.delegation = readDelegation(headers['x-iceberg-access-delegation'])
    this.hops = single(headers[hopHeader])
    this.#response = response
    this.#request = request
    this.#forwarding = forwarding
    const project = single(headers['x-project-id'])
    if (project !== undefined) this.project = project
    const assumeRole = single(headers['x-assume-role'])
    if (assumeRole !== undefined) this.assumeRole = assumeRole
    const traceparent = single(headers['traceparent'])
    if (traceparent !== undefined) this.traceparent = traceparent
    const ifMatch = single(headers['if-match'])
    if (ifMatch !== undefined) this.ifMatch = ifMatch
    const key = single(headers['idempotency-key'])
    if (key !== undefined) this.idempotency = { key, digest: () => digestOf(request, target, body?.bytes) }
  }

  /** Looked at for those alone who may say something by it. */
  headers(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? []
  }

  /** As above: it is taken apart for those alone who may sign in by it. */
  certificate(): ClientCertificate | undefined {
    return certificateOf(this.#request.socket)
  }

  get base(): string {
    return this.#forwarding.baseOf(this.#request)
  }

  /** Made when somebody asks: what is answered from memory never does. */
  get signal(): AbortSignal {
    this.#signal ??= abortedWith(this.#response)
    return this.#signal
  }
}

/** Without `forwarding` no header is believed on where the request came from. */
export const callerOf = (sent: Sent, forwarding: Forwarding = direct): FaceCaller =>
  new HttpCaller(sent, forwarding)
