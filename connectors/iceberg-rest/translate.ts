/** What an upstream's answer means: their statuses and error bodies to ours, without repeating an address or a secret. */
import type { UpstreamResponse, UpstreamUnreachable } from '#catalog/connector.ts'
import { CatalogError, type ErrorType, errorTable } from '#model/errors.ts'
import { isJsonObject, type JsonObject, parseJson } from '#model/json.ts'

/** What 404 and 409 stand for where the upstream's own word says no more. */
export interface Expectation {
  readonly missing: ErrorType
  readonly conflict: ErrorType
  /** For a 404 or 409 without a text (HEAD). */
  readonly message: string
  /** Types that mean the same as `missing` here: a load names the table also where its namespace is missing. */
  readonly alsoMissing?: ErrorType
}

/** `broken`: nothing that the specification allows; of a change it leaves the outcome in doubt. */
export type Verdict = 'done' | 'not-modified' | 'refused' | 'credential' | 'busy' | 'broken'

const verdicts: Readonly<Record<number, Verdict>> = {
  200: 'done',
  201: 'done',
  202: 'done',
  204: 'done',
  304: 'not-modified',
  400: 'refused',
  401: 'credential',
  403: 'credential',
  404: 'refused',
  405: 'refused',
  406: 'refused',
  407: 'credential',
  409: 'refused',
  412: 'refused',
  413: 'refused',
  414: 'refused',
  415: 'refused',
  419: 'credential',
  422: 'refused',
  429: 'busy',
  501: 'refused',
}

/** Statuses that count only as the upstream's own word: a proxy in between says them too. */
const needsOwnWord = new Set([404, 409, 412])

const maxErrorBytes = 1_000_000

const parseErrorBody = (body: Uint8Array): JsonObject | undefined => {
  try {
    const value = parseJson(body, { maxBytes: maxErrorBytes })
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const judge = (response: UpstreamResponse): Verdict => {
  const verdict = verdicts[response.status] ?? 'broken'
  if (verdict !== 'refused' || !needsOwnWord.has(response.status) || response.body.byteLength === 0)
    return verdict
  return parseErrorBody(response.body) ? verdict : 'broken'
}

const genericTypes: Readonly<Record<number, ErrorType>> = {
  400: 'BadRequestException',
  405: 'UnsupportedOperationException',
  406: 'UnsupportedOperationException',
  412: 'PreconditionFailedException',
  413: 'PayloadTooLargeException',
  414: 'BadRequestException',
  415: 'UnsupportedMediaTypeException',
  422: 'UnprocessableEntityException',
  501: 'UnsupportedOperationException',
}

const isKnownType = (type: unknown): type is ErrorType =>
  typeof type === 'string' && Object.hasOwn(errorTable, type)

const typeOf = (status: number, type: unknown, expect: Expectation): ErrorType => {
  if (status === 409) return type === 'NamespaceNotEmptyException' ? type : expect.conflict
  if (type === 'NamespaceNotEmptyException') return type
  if (isKnownType(type) && errorTable[type] === status)
    return type === expect.alsoMissing ? expect.missing : type
  return status === 404 ? expect.missing : (genericTypes[status] ?? 'BadRequestException')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here.
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/g

const longestMessage = 4000

/** Blanked out before it is cut: half a secret is one too. */
const cleanMessage = (body: JsonObject | undefined, blank: (text: string) => string): string | undefined => {
  const error = body?.['error']
  const text = isJsonObject(error) ? error['message'] : body?.['message']
  if (typeof text !== 'string' || text === '') return undefined
  return blank(text.replace(control, ' ')).slice(0, longestMessage)
}

/** A refusal of the specification: the upstream's type and text, where they are its own word. */
export const refusalOf = (
  response: UpstreamResponse,
  expect: Expectation,
  blank: (text: string) => string,
): CatalogError => {
  const body = parseErrorBody(response.body)
  const error = body?.['error']
  const type = typeOf(response.status, isJsonObject(error) ? error['type'] : undefined, expect)
  const fallback =
    type === expect.missing || type === expect.conflict
      ? expect.message
      : `The upstream refused the request with status ${response.status}`
  return new CatalogError(type, cleanMessage(body, blank) ?? fallback)
}

const requestIdForm = /^[A-Za-z0-9._:+/=-]{1,128}$/

/** The id under which the upstream's operators find the request; undefined where it gave none. */
export const upstreamRequestId = ({ headers }: UpstreamResponse): string | undefined => {
  const id = headers['x-request-id'] ?? headers['x-amzn-requestid'] ?? headers['x-amz-request-id']
  return id !== undefined && requestIdForm.test(id) ? id : undefined
}

/** Seconds, within bounds: an upstream does not decide for how long our clients sleep. */
const retryAfterOf = (response: UpstreamResponse, otherwise: number): number => {
  const seconds = Number(response.headers['retry-after'] ?? otherwise)
  return Number.isFinite(seconds) ? Math.min(60, Math.max(1, Math.ceil(seconds))) : otherwise
}

/** In words, for a message: why the answer cannot be used. */
export const describeBroken = (response: UpstreamResponse): string => {
  const { status } = response
  const id = upstreamRequestId(response)
  const what =
    status >= 300 && status < 400
      ? `the upstream answered with a redirect (${status}), which is not followed`
      : status >= 400
        ? `the upstream failed with status ${status}`
        : `the upstream answered ${status} with something that is no Iceberg answer`
  return id === undefined ? what : `${what}; its request id is ${id}`
}

export const brokenError = (connection: string, response: UpstreamResponse): CatalogError => {
  const message = `Connection ${connection}: ${describeBroken(response)}`
  return response.status === 503
    ? new CatalogError('ServiceUnavailableException', message, {
        retryAfterSeconds: retryAfterOf(response, 5),
      })
    : new CatalogError('BadGatewayException', message)
}

/** A body that should have been an Iceberg answer. */
export const unreadableError = (connection: string, what: string, cause?: unknown): CatalogError =>
  new CatalogError(
    'BadGatewayException',
    `Connection ${connection}: the upstream's answer is unusable (${what})`,
    {
      cause,
    },
  )

/** Our own credential was refused: never the caller's 401, which would make a client renew its own token. */
export const credentialError = (connection: string, status: number): CatalogError =>
  new CatalogError(
    'ServiceUnavailableException',
    `Connection ${connection}: the upstream refused the gateway's own credential (${status})`,
    { retryAfterSeconds: 30 },
  )

export const busyError = (connection: string, response: UpstreamResponse): CatalogError =>
  new CatalogError('SlowDownException', `Connection ${connection}: the upstream asks to slow down`, {
    retryAfterSeconds: retryAfterOf(response, 1),
  })

export const unreachableError = (connection: string, cause: UpstreamUnreachable): CatalogError =>
  new CatalogError('ServiceUnavailableException', `Connection ${connection}: ${cause.message}`, {
    retryAfterSeconds: 5,
    cause,
  })

/** A `done` answer's JSON object; BadGateway for anything else. */
export const readAnswer = (connection: string, response: UpstreamResponse): JsonObject => {
  try {
    const value = parseJson(response.body)
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw unreadableError(connection, 'it is no JSON', cause)
  }
  throw unreadableError(connection, 'it is no JSON object')
}

/** A `done` answer without content (204, or an odd upstream's 200 with nothing or some JSON). BadGateway for a web page. */
export const readNothing = (connection: string, response: UpstreamResponse): true => {
  if (response.status !== 204 && response.body.byteLength > 0) readAnswer(connection, response)
  return true
}
