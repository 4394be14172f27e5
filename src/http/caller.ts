/** What the headers of a request say of its sender. */
import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Caller, type DelegationMode, hopHeader } from '#gateway/operation.ts'
import type { RequestBody } from './body.ts'

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

export const callerOf = ({ request, response, target, body, requestId }: Sent): Caller => {
  const { headers } = request
  const key = single(headers['idempotency-key'])
  const traceparent = single(headers['traceparent'])
  let signal: AbortSignal | undefined
  const caller: Caller = {
    requestId,
    startedAt: new Date(),
    sender: { address: request.socket.remoteAddress, agent: headers['user-agent']?.slice(0, longestAgent) },
    credentials: { authorization: headers.authorization, origin: headers.origin, host: headers.host },
    delegation: readDelegation(headers['x-iceberg-access-delegation']),
    hops: single(headers[hopHeader]),
    // Made when somebody asks: what is answered from memory never does, and a signal is dear.
    get signal() {
      signal ??= abortedWith(response)
      return signal
    },
  }
  // Most requests have neither: the plain form stays one cheap object.
  if (key === undefined && traceparent === undefined) return caller
  return {
    ...caller,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(key === undefined
      ? {}
      : { idempotency: { key, digest: () => digestOf(request, target, body?.bytes) } }),
  }
}
