/** Requests as clients send them, and as no library would let one send them. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { noteReceived } from './leaks/exchange.ts'
import type { MemoryGateway } from './memory-gateway.ts'
import { checkExchange } from './watch-wire.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined where there is none. */
  readonly json: unknown
}

export interface Sending {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** `path` is below the prefix, or a whole URL. */
export const call = async (
  gateway: Pick<MemoryGateway, 'base'>,
  line: string,
  { body, headers = {} }: Sending = {},
): Promise<Reply> => {
  const [method = 'GET', path = ''] = line.split(' ')
  const answer = await fetch(path.startsWith('http') ? path : gateway.base + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const json = answer.headers.get('content-type')?.startsWith('application/json') && text !== ''
  return { status: answer.status, headers: answer.headers, text, json: json ? JSON.parse(text) : undefined }
}

/** Every byte that the server sends until it closes or falls silent. The request must ask to close, or be broken. */
export const exchange = async (port: number, request: string | Uint8Array): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => (received += String(data)))
  socket.on('error', () => {})
  socket.write(request)
  await once(socket, 'close')
  noteReceived(String(request).slice(0, 200), received)
  checkExchange(request, received)
  return received
}

/** One request as it stands on the wire. */
export const wireText = (line: string, headers: readonly string[] = [], body = ''): string => {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return `${[`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...length, ...headers].join('\r\n')}\r\n\r\n${body}`
}

export const schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: true, type: 'long' }],
}

export const viewVersion = {
  'version-id': 1,
  'timestamp-ms': 1_700_000_000_000,
  'schema-id': 0,
  summary: { operation: 'create' },
  'default-namespace': ['a'],
  representations: [{ type: 'sql', sql: 'select 1', dialect: 'spark' }],
}

export const newTable = (name: string): object => ({ name, schema, properties: {} })
export const newView = (name: string): object => ({
  name,
  schema,
  'view-version': viewVersion,
  properties: {},
})

/** Namespace `a` with table `t` and view `v`. */
export const fill = async (gateway: Pick<MemoryGateway, 'base'>): Promise<void> => {
  await call(gateway, 'POST /namespaces', { body: { namespace: ['a'], properties: { owner: 'me' } } })
  await call(gateway, 'POST /namespaces/a/tables', { body: newTable('t') })
  await call(gateway, 'POST /namespaces/a/views', { body: newView('v') })
}
