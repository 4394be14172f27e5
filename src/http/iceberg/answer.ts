/** From the output of an operation to the wire forms of the Iceberg face. */
import { idempotencyLifetime } from '#gateway/idempotency.ts'
import type { ListAnswer } from '#gateway/listing.ts'
import type { ConfigAnswer } from '#gateway/operations/config.ts'
import type { WithIds } from '#gateway/operations/listed-ids.ts'
import type { Loaded, NotModified } from '#gateway/operations/relations.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, type Chunk, type Header, jsonAnswer } from '../answer.ts'
import type { HttpRequest } from '../endpoint.ts'
import { etagOf } from './etag.ts'
import { snapshotsOf } from './read.ts'

/** `lines`: all that the face can serve, by operation id; `endpoints` shows those that the warehouse serves. */
export const answerConfig = (
  { prefix, operations }: ConfigAnswer,
  lines: readonly (readonly [operation: string, line: string])[],
): Answer =>
  jsonAnswer({
    defaults: {},
    overrides: { prefix, 'namespace-separator': '%1F' },
    endpoints: lines.filter(([operation]) => operations.has(operation)).map(([, line]) => line),
    'idempotency-key-lifetime': idempotencyLifetime,
  })

/** Header text: whatever a name or reason holds, one printable line comes out. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]|[,;]/g, encodeURIComponent)

const partialHeaders = ({ partial }: ListAnswer<unknown>): readonly Header[] => {
  if (partial.length === 0) return []
  const sources = partial.map(
    ({ mount, reason }) => `${printable(mount.join('.') || '/')}; ${printable(reason)}`,
  )
  return [['Lakegate-Partial', sources.join(', ')]]
}

const pageOf = (answer: ListAnswer<unknown>): JsonObject => ({ 'next-page-token': answer.next ?? null })

const idsOf = ({ ids }: WithIds<unknown>, member: string): JsonObject =>
  ids === undefined ? {} : { [member]: ids }

export const answerNamespaces = (answer: WithIds<Namespace>): Answer => {
  const namespaces = { namespaces: answer.items, ...idsOf(answer, 'namespace-uuids') }
  return jsonAnswer({ ...pageOf(answer), ...namespaces }, partialHeaders(answer))
}

/** Lakekeeper calls the ids of views so too. */
export const answerIdentifiers = (answer: WithIds<Identifier>): Answer => {
  const identifiers = answer.items.map(({ namespace, name }) => ({ namespace, name }))
  return jsonAnswer(
    { ...pageOf(answer), identifiers, ...idsOf(answer, 'table-uuids') },
    partialHeaders(answer),
  )
}

/** Written around the metadata, which is never read, let alone written anew. */
const envelope = ({ metadataLocation, metadata, config }: Loaded): readonly Chunk[] => {
  const location =
    metadataLocation === undefined ? '' : `"metadata-location":${JSON.stringify(metadataLocation)},`
  return [`{${location}"metadata":`, ...metadata, `,"config":${JSON.stringify(config)}}`]
}

/** 200 with the object, or 304 where the client holds it. */
export const answerLoad = (output: Loaded | NotModified, request: HttpRequest): Answer => {
  const representation = { snapshots: snapshotsOf(request), delegation: request.caller.delegation }
  if ('notModified' in output)
    return { status: 304, headers: [['ETag', etagOf(output.notModified, representation)]] }
  const etag = etagOf(output.version, representation)
  return { status: 200, headers: [['ETag', etag]], body: envelope(output) }
}

/** The tag equals that of a load of all snapshots that follows. */
export const answerChanged = (loaded: Loaded, { caller }: HttpRequest): Answer => {
  const etag = etagOf(loaded.version, { snapshots: 'all', delegation: caller.delegation })
  return { status: 200, headers: [['ETag', etag]], body: envelope(loaded) }
}
