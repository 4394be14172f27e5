/** The one error renderer: Iceberg's envelope, but for faces that have another one. */
import { CatalogError, type ErrorType, errorTable } from '#model/errors.ts'
import { encodeJsonChunks, type JsonObject } from '#model/json.ts'
import type { Answer, Header } from './answer.ts'

const defaultRetrySeconds = 1

const typeOfStatus: ReadonlyMap<number, ErrorType> = new Map([
  [400, 'BadRequestException'],
  [408, 'RequestTimeoutException'],
  [413, 'PayloadTooLargeException'],
  [415, 'UnsupportedMediaTypeException'],
])

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined

/**
 * What the server itself refuses carries a status; any other error is ours. Its text stays inside: the answer
 * gives the request id, under which it is logged.
 */
const toCatalogError = (error: unknown, requestId: string): CatalogError => {
  if (error instanceof CatalogError) return error
  const type = typeOfStatus.get(statusOf(error) ?? 500)
  if (type && error instanceof Error) return new CatalogError(type, error.message, { cause: error })
  return new CatalogError('InternalServerErrorException', `Internal error; the log has it as ${requestId}`, {
    cause: error,
  })
}

const retryHeaders = ({ status, retryAfterSeconds }: CatalogError): readonly Header[] => {
  if (retryAfterSeconds === undefined && status !== 429 && status !== 503) return []
  return [['Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds ?? defaultRetrySeconds)))]]
}

/** A 401 says how to come back (RFC 9110, 15.5.2). */
const challenge = ({ status }: CatalogError): readonly Header[] =>
  status === 401 ? [['WWW-Authenticate', 'Bearer']] : []

/** How a face says an error. The text of a 5xx is hidden already. */
export interface ErrorWords {
  /** Default `application/json`. */
  readonly contentType?: string
  readonly bodyOf: (error: CatalogError, requestId: string) => JsonObject
}

/** `code` is equal to the status because clients trust the body. */
const icebergWords: ErrorWords = {
  bodyOf: ({ message, type }, requestId) => ({
    error: { message: message.toWellFormed(), type, code: errorTable[type], 'request-id': requestId },
  }),
}

interface ErrorOptions {
  readonly headers?: readonly Header[]
  readonly words?: ErrorWords | undefined
}

export const answerError = (
  thrown: unknown,
  requestId: string,
  { headers = [], words = icebergWords }: ErrorOptions = {},
): Answer => {
  const error = toCatalogError(thrown, requestId)
  const { contentType, bodyOf } = words
  return {
    status: errorTable[error.type],
    headers: [...headers, ...challenge(error), ...retryHeaders(error)],
    body: encodeJsonChunks(bodyOf(error, requestId)),
    ...(contentType === undefined ? {} : { contentType }),
  }
}
