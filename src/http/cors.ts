/** Which web pages of other sites may read our answers (WHATWG Fetch, "CORS protocol"). Never with cookies. */
import type { IncomingMessage } from 'node:http'
import { CatalogError } from '#model/errors.ts'
import type { Answer, Header } from './answer.ts'

export interface Cors {
  /** Belong to every answer; they differ by the sender's origin. */
  headersFor(request: IncomingMessage): readonly Header[]
  /** The answer to a page's question before its request; undefined where none of ours asks. */
  preflight(request: IncomingMessage): Answer | undefined
}

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'

const requestHeaders = [
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-None-Match',
  'Idempotency-Key',
  'X-Request-Id',
  'X-Project-Id',
  'X-Assume-Role',
  'X-Iceberg-Access-Delegation',
  'X-Client-Version',
  'traceparent',
].join(', ')

const answerHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'X-Request-Id',
  'WWW-Authenticate',
  'Lakegate-Mode',
  'Lakegate-Partial',
].join(', ')

const rememberSeconds = 600

/** Scheme, host and port alone, as browsers send it. */
const checkOrigin = (origin: string): string => {
  if (!origin.includes('*') && URL.parse(origin)?.origin === origin) return origin
  throw new CatalogError(
    'BadRequestException',
    `server.cors.origins: not an origin such as https://console.example: ${origin}`,
  )
}

const varying: readonly Header[] = [['Vary', 'Origin']]

const readable = (origin: string): readonly Header[] => [
  ...varying,
  ['Access-Control-Allow-Origin', origin],
  ['Access-Control-Expose-Headers', answerHeaders],
]

const permission: Answer = {
  status: 204,
  headers: [
    ['Access-Control-Allow-Methods', methods],
    ['Access-Control-Allow-Headers', requestHeaders],
    ['Access-Control-Max-Age', String(rememberSeconds)],
  ],
}

/** BadRequest for what is no origin; `*` is none. */
export const createCors = (origins: readonly string[]): Cors => {
  const allowed = new Map(origins.map((origin) => [checkOrigin(origin), readable(origin)]))
  const isAllowed = ({ headers }: IncomingMessage): boolean => allowed.has(headers.origin ?? '')
  return {
    headersFor: ({ headers }) => allowed.get(headers.origin ?? '') ?? varying,
    preflight: (request) =>
      request.headers['access-control-request-method'] !== undefined && isAllowed(request)
        ? permission
        : undefined,
  }
}
