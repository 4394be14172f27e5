/** Requests that change nothing: an answer of the specification or an error that says which connection failed. */
import type { CallContext } from '#catalog/catalog.ts'
import { type UpstreamResponse, UpstreamUnreachable } from '#catalog/connector.ts'
import { checkWanted } from './changes.ts'
import type { Ask, Upstream } from './client.ts'
import {
  brokenError,
  busyError,
  credentialError,
  type Expectation,
  judge,
  refusalOf,
  unreachableError,
} from './translate.ts'

const send = async (upstream: Upstream, context: CallContext, ask: Ask): Promise<UpstreamResponse> => {
  checkWanted(context)
  try {
    return await upstream.send(context, ask)
  } catch (error) {
    if (!(error instanceof UpstreamUnreachable)) throw error
    checkWanted(context)
    throw unreachableError(upstream.connection, error)
  }
}

/** The answer of a read, `not-modified` included; everything else is thrown. */
export const read = async (
  upstream: Upstream,
  context: CallContext,
  request: { readonly ask: Ask; readonly expect: Expectation },
): Promise<UpstreamResponse> => {
  const response = await send(upstream, context, request.ask)
  const verdict = judge(response)
  if (verdict === 'done') return response
  if (verdict === 'not-modified' && request.ask.headers?.['if-none-match'] !== undefined) return response
  if (verdict === 'credential') throw credentialError(upstream.connection, response.status)
  if (verdict === 'busy') throw busyError(upstream.connection, response)
  if (verdict === 'refused') throw refusalOf(response, request.expect, upstream.blank)
  throw brokenError(upstream.connection, response)
}
