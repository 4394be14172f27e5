/** How providers reach the issuers that they trust: handed in, so that every request passes the egress guard. */
import { CatalogError } from '#model/errors.ts'

export interface ProviderRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly maxBytes: number
  readonly timeoutMs: number
  /** The address was named by the provider, not by the configuration. */
  readonly foreign?: boolean
}

interface ProviderResponse {
  readonly status: number
  readonly body: Uint8Array
}

/** Never follows a redirect. Throws when no whole answer came. */
export type ProviderFetch = (request: ProviderRequest) => Promise<ProviderResponse>

const maxAnswerBytes = 1024 * 1024
const answerTimeoutMs = 5_000

/** Whether credentials are valid cannot be found out now. What exactly failed is for the log alone. */
export const unavailable = (provider: string, cause: unknown, retryAfterSeconds = 5): CatalogError =>
  new CatalogError('ServiceUnavailableException', `The identity provider ${provider} cannot be asked now`, {
    cause,
    retryAfterSeconds,
  })

/** The members of a JSON object; plain JSON is enough, since nothing of it is passed on. Throws for anything else. */
export const readObject = (bytes: Uint8Array | string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no JSON object')
  return value as Readonly<Record<string, unknown>>
}

/** The object that a provider answers with 200 or 201; throws for every other answer. */
export const fetchObject = async (
  fetch: ProviderFetch,
  request: Omit<ProviderRequest, 'maxBytes' | 'timeoutMs'>,
): Promise<Readonly<Record<string, unknown>>> => {
  const { status, body } = await fetch({
    ...request,
    maxBytes: maxAnswerBytes,
    timeoutMs: answerTimeoutMs,
  })
  if (status !== 200 && status !== 201) throw new Error(`${request.url} answered ${status}`)
  return readObject(body)
}
