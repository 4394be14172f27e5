/** An upstream that answers as it is told to, also as none should, and records every request byte for byte. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface UpstreamCall {
  readonly method: string
  /** Path and query as they were sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export type Behaviour = (call: UpstreamCall, response: ServerResponse) => void

export interface HostileUpstream extends AsyncDisposable {
  readonly uri: string
  /** Everything but `GET /v1/config`, oldest first. */
  readonly calls: readonly UpstreamCall[]
  /** Of `GET /v1/config` alone. */
  readonly configCalls: readonly UpstreamCall[]
  /** How everything but the configuration is answered from now on. */
  behave(behaviour: Behaviour): void
  /** How the configuration is answered from now on. */
  configure(behaviour: Behaviour): void
  forget(): void
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export const startHostileUpstream = async (): Promise<HostileUpstream> => {
  const calls: UpstreamCall[] = []
  const configCalls: UpstreamCall[] = []
  let behaviour: Behaviour = answerError(404, 'NoSuchTableException', 'nothing is here')
  let configuration: Behaviour = answerJson({ defaults: {}, overrides: {} })
  const server = createServer((request, response) => {
    response.on('error', () => {})
    request.on('error', () => {})
    readBody(request)
      .then((body) => {
        const call = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
        const isConfig = call.url.startsWith('/v1/config')
        ;(isConfig ? configCalls : calls).push(call)
        ;(isConfig ? configuration : behaviour)(call, response)
      })
      .catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    uri: `http://127.0.0.1:${address.port}`,
    calls,
    configCalls,
    behave: (next) => {
      behaviour = next
    },
    configure: (next) => {
      configuration = next
    },
    forget: () => {
      calls.length = 0
      configCalls.length = 0
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const answerRaw =
  (status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_call, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }

export const answerJson = (value: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  answerRaw(200, JSON.stringify(value), headers)

export const answerError = (status: number, type: string, message: string): Behaviour =>
  answerRaw(status, JSON.stringify({ error: { message, type, code: status } }))

export const answerHtml =
  (status: number): Behaviour =>
  (_call, response) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end('<html><body><h1>Sign in</h1></body></html>')
  }

/** Announces the whole and sends half of it, then closes. */
export const answerTruncated =
  (body: string): Behaviour =>
  (_call, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.write(body.slice(0, body.length / 2))
    setImmediate(() => response.destroy())
  }

export const answerEndless: Behaviour = (_call, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const block = Buffer.alloc(1 << 20, ' ')
  const push = (): void => {
    while (!response.destroyed && response.write(block));
  }
  response.on('drain', push)
  push()
}

export const answerNever: Behaviour = () => {}

export const cutConnection: Behaviour = (_call, response) => {
  response.destroy()
}

/** Does `apply`, then closes the connection without a word. */
export const cutAfter =
  (apply: (call: UpstreamCall) => void): Behaviour =>
  (call, response) => {
    apply(call)
    response.destroy()
  }

/** The first behaviour for the first call, and so on; the last one stays. */
export const inTurn = (...behaviours: readonly Behaviour[]): Behaviour => {
  let turn = 0
  return (call, response) => {
    const next = behaviours[Math.min(turn, behaviours.length - 1)]
    turn += 1
    next?.(call, response)
  }
}

/** By method: what a commit (POST) and the look afterwards (GET) are answered. */
export const byMethod =
  (table: Readonly<Record<string, Behaviour>>): Behaviour =>
  (call, response) => {
    const chosen = table[call.method] ?? answerError(404, 'NoSuchTableException', 'nothing is here')
    chosen(call, response)
  }
