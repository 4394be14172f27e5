/** Speaks to `/management/v1` of a running gateway. */
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { type Patience, sendPatiently } from './patience.ts'

export interface ManagementClient {
  get(path: string): Promise<Wire>
  post(path: string, body: Wire): Promise<Wire>
  put(path: string, body: Wire): Promise<Wire>
  remove(path: string): Promise<void>
}

/** A JSON object of the management API, narrowed by whoever reads it. */
export type Wire = { readonly [name: string]: unknown }

export interface ManagementAddress {
  /** e.g. `http://127.0.0.1:8181`, or with a path where a proxy adds one. */
  readonly origin: string
  readonly token?: string
  /** Another way there than the network's. */
  readonly fetch?: typeof fetch
}

interface Said {
  /** The type in the answer's envelope. */
  readonly type?: string | undefined
  /** Under which the server's log and audit have it. */
  readonly requestId?: string | undefined
}

/** The server's own words, with what was asked of it. Status 0: there was no answer. */
export class ManagementError extends Error {
  readonly status: number
  readonly type: string | undefined
  readonly requestId: string | undefined

  constructor(message: string, status: number, { type, requestId }: Said = {}) {
    super(message)
    this.name = 'ManagementError'
    this.status = status
    this.type = type
    this.requestId = requestId
  }
}

interface Request {
  readonly method: string
  /** Below the server's address, e.g. `/management/v1/role`. */
  readonly path: string
  readonly query?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** The first answer is what is asked for, also where the server is busy. */
  readonly impatient?: boolean
  /** Given the text of a success as it arrives, however long that takes; the answer's own text is empty then. */
  readonly receive?: (text: string) => void
}

export interface Sender {
  readonly origin: string
  readonly fetch?: typeof fetch
  /** Asked for every request: a token may have been renewed meanwhile. */
  readonly token?: () => Promise<string | undefined>
  /** Asked for every request, too. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>
  /** With whom a busy server is waited for. */
  readonly patience?: Patience
}

/** Resolves with the body as text and its media type; ManagementError where there was none, or a refusal. */
export type Send = (request: Request) => Promise<{ readonly text: string; readonly json: boolean }>

const timeoutMs = 60_000

const refusalOf = (text: string): Said & { readonly message: string } => {
  try {
    const { error } = JSON.parse(text) as { error?: Readonly<Record<string, unknown>> }
    const [message, type, requestId] = [error?.['message'], error?.['type'], error?.['request-id']]
    if (typeof message === 'string')
      return {
        message,
        type: typeof type === 'string' ? type : undefined,
        requestId: typeof requestId === 'string' ? requestId : undefined,
      }
  } catch {
    // An answer that is not JSON did not come from a gateway: its start is shown as it is.
  }
  return { message: text.slice(0, 200) }
}

/** Keeps the path of the address, which a proxy may have added. */
const urlOf = (origin: string, { path, query }: Request): URL => {
  const base = origin.replace(/\/+$/, '')
  const search = query === undefined || query.size === 0 ? '' : `?${query}`
  return new URL(`${base}${path}${search}`)
}

const ownPatience: Patience = { pause: (milliseconds) => sleep(milliseconds), now: Date.now }

const reads = new Set(['GET', 'HEAD'])

const headersOf = async (sender: Sender, { method, headers, body }: Request) => {
  const token = await sender.token?.()
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    // Whoever sends it again, a proxy for instance, has it done once.
    ...(reads.has(method) ? {} : { 'idempotency-key': v7() }),
    ...(await sender.headers?.()),
    ...headers,
  }
}

/** E.g. ` (ECONNREFUSED)`, or what is wrong with a certificate: what `fetch` says itself is always the same. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return ''
  return ` (${'code' in cause && cause.code !== undefined ? String(cause.code) : cause.message})`
}

/** The head of an answer has to come in time; how long a text takes, its reader says. */
const fetchInTime = async (send: typeof fetch, url: URL, init: RequestInit): Promise<Response> => {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(new Error('it took too long')), timeoutMs)
  return send(url, { ...init, signal: waiting.signal }).finally(() => clearTimeout(timer))
}

const textOf = (answer: Response): Promise<string> =>
  Promise.race([
    answer.text(),
    sleep(timeoutMs, undefined, { ref: false }).then((): never => {
      throw new ManagementError('The answer did not come to its end in time', 0)
    }),
  ])

/** ManagementError where it broke off: what was received is not the whole. */
const pass = async ({ body }: Response, receive: (text: string) => void): Promise<string> => {
  try {
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) receive(text)
    return ''
  } catch {
    throw new ManagementError('The answer broke off: what was received is not the whole', 0)
  }
}

export const createSend =
  (sender: Sender): Send =>
  async (request) => {
    const { method, body } = request
    const url = urlOf(sender.origin, request)
    const init: RequestInit = {
      method,
      headers: await headersOf(sender, request),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
    }
    const sendOnce = () => fetchInTime(sender.fetch ?? fetch, url, init)
    const sending = request.impatient ? sendOnce() : sendPatiently(sendOnce, sender.patience ?? ownPatience)
    const answer = await sending.catch((error: unknown) => {
      throw new ManagementError(
        `No answer from ${url.origin}: is the gateway running there?${reasonOf(error)}`,
        0,
      )
    })
    const text = answer.ok && request.receive ? await pass(answer, request.receive) : await textOf(answer)
    if (!answer.ok) {
      const { message, ...said } = refusalOf(text)
      const requestId = said.requestId ?? answer.headers.get('x-request-id') ?? undefined
      throw new ManagementError(`${method} ${url.pathname}: ${message}`, answer.status, {
        ...said,
        requestId,
      })
    }
    return { text, json: /json/.test(answer.headers.get('content-type') ?? '') }
  }

/** As whoever `send` sends. */
export const createClientOver = (send: Send): ManagementClient => {
  const ask = async (method: string, path: string, body?: Wire): Promise<Wire> => {
    const [place = '', search] = path.split('?')
    const query = new URLSearchParams(search)
    const { text } = await send({ method, path: `/management/v1${place}`, query, body })
    return text === '' ? {} : (JSON.parse(text) as Wire)
  }
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
    remove: async (path) => {
      await ask('DELETE', path)
    },
  }
}

export const createManagementClient = ({ origin, token, ...way }: ManagementAddress): ManagementClient =>
  createClientOver(createSend({ origin, token: () => Promise.resolve(token), ...way }))
