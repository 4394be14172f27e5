/** The one error renderer: Iceberg's envelope, with `code` equal to the status because clients trust the body. */
import { CatalogError, type ErrorType, errorTable } from '#model/errors.ts'
import { encodeJsonChunks } from '#model/json.ts'
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

export const answerError = (thrown: unknown, requestId: string, headers: readonly Header[] = []): Answer => {
  const error = toCatalogError(thrown, requestId)
  const { message, type } = error
  const code = errorTable[type]
  return {
    status: code,
    headers: [...headers, ...challenge(error), ...retryHeaders(error)],
    body: encodeJsonChunks({
      error: { message: message.toWellFormed(), type, code, 'request-id': requestId },
    }),
  }
}
