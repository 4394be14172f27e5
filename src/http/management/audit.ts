/** The lines of the management face about the audit log. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import type {
  AuditFilter,
  AuditOperations,
  AuditRecord,
  FoundAudit,
  SearchAudit,
  Verified,
  VerifyAudit,
} from '#gateway/operations/management/audit.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { form, nextPage, orNull, pageQuery, text, time, uuid } from './schemas.ts'

const entryForm = form('AuditEntry', {
  id: uuid,
  at: time,
  kind: Type.Union([Type.Literal('decision'), Type.Literal('change')]),
  'request-id': text,
  operation: text,
  'principal-kind': text,
  principal: text,
  project: orNull(text),
  warehouse: orNull(text),
  decision: orNull(text),
  status: orNull(Type.Integer()),
  'latency-ms': orNull(Type.Integer()),
  detail: Type.Object({}, { additionalProperties: true }),
  digest: text,
})
const foundForm = form('AuditEntries', {
  entries: Type.Array(entryForm),
  count: Type.Optional(Type.Integer()),
  'count-is-exact': Type.Optional(Type.Boolean()),
  ...nextPage,
})

const moment = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }))

const filterQuery = {
  from: moment('Not before'),
  to: moment('Before'),
  kind: Type.Optional(Type.Union([Type.Literal('decision'), Type.Literal('change')])),
  principal: Type.Optional(Type.String({ description: 'Id, as `oidc~alice`' })),
  operation: Type.Optional(Type.Array(Type.String(), { description: 'One or several, as `loadTable`' })),
  decision: Type.Optional(
    Type.Array(Type.Union([Type.Literal('allowed'), Type.Literal('denied'), Type.Literal('failed')])),
  ),
  status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599, description: 'Of the answer' })),
  requestId: Type.Optional(Type.String()),
  warehouse: Type.Optional(Type.String({ description: 'Id of a warehouse' })),
  resourceKind: Type.Optional(Type.String({ description: 'As `table` or `role`' })),
  resource: Type.Optional(
    Type.String({ description: 'Name, alone or after its namespace as `sales.orders`; or id' }),
  ),
}

const searchQuery = {
  ...filterQuery,
  ...pageQuery,
  count: Type.Optional(Type.Boolean({ description: 'Also how many there are, as far as 100,000' })),
}

interface FilterSaid {
  readonly from?: string
  readonly to?: string
  readonly kind?: 'decision' | 'change'
  readonly principal?: string
  readonly operation?: readonly string[]
  readonly decision?: readonly string[]
  readonly status?: number
  readonly requestId?: string
  readonly warehouse?: string
  readonly resourceKind?: string
  readonly resource?: string
}

interface SearchSaid extends FilterSaid {
  readonly pageToken?: string
  readonly pageSize?: number
  readonly count?: boolean
}

const momentOf = (name: string, said: string | undefined): Date | undefined => {
  if (said === undefined) return undefined
  const at = new Date(said)
  if (Number.isNaN(at.getTime())) throw new CatalogError('BadRequestException', `Invalid ${name}: no moment`)
  return at
}

const readFilter = ({ from, to, operation, decision, ...rest }: FilterSaid): AuditFilter => {
  const [first, last] = [momentOf('from', from), momentOf('to', to)]
  const { kind, principal, status, requestId, warehouse, resourceKind, resource } = rest
  return {
    ...(first && { from: first }),
    ...(last && { to: last }),
    ...(kind && { kind }),
    ...(principal && { principal }),
    ...(operation && { operations: operation }),
    ...(decision && { decisions: decision }),
    ...(status !== undefined && { status }),
    ...(requestId && { requestId }),
    ...(warehouse && { warehouse: warehouse.toLowerCase() }),
    ...(resourceKind && { resourceKind }),
    ...(resource && { resource }),
  }
}

const readSearch = (_request: HttpRequest, { query }: { readonly query: SearchSaid }): SearchAudit => ({
  filter: readFilter(query),
  count: query.count ?? false,
  ...(query.pageToken === undefined ? {} : { pageToken: query.pageToken }),
  ...(query.pageSize === undefined ? {} : { pageSize: query.pageSize }),
})

const readExport = (_request: HttpRequest, { query }: { readonly query: FilterSaid }) => ({
  filter: readFilter(query),
})

/** All but `detail`, whose text is kept as it is: the digest is of that. */
const headWire = ({ detail: _, ...record }: AuditRecord): JsonObject => ({
  id: record.id,
  at: record.at.toISOString(),
  kind: record.kind,
  'request-id': record.request_id,
  operation: record.operation,
  'principal-kind': record.principal_kind,
  principal: record.principal,
  project: record.project,
  warehouse: record.warehouse,
  decision: record.decision,
  status: record.status,
  'latency-ms': record.latency_ms,
  digest: record.digest.toString('hex'),
})

const entryWire = (record: AuditRecord): JsonObject => ({
  ...headWire(record),
  detail: JSON.parse(record.detail) as JsonValue,
})

const answerFound = ({ records, nextPageToken, counted }: FoundAudit): Answer =>
  jsonAnswer({
    entries: records.map(entryWire),
    ...(counted ? { count: counted.count, 'count-is-exact': counted.exact } : {}),
    'next-page-token': nextPageToken,
  })

const lineOf = (record: AuditRecord): string => {
  const head = JSON.stringify(headWire(record))
  return `${head.slice(0, -1)},"detail":${record.detail}}\n`
}

/** Told apart by `report`, which stands in the last line alone. */
const verifiedLine = (item: Verified): string =>
  `${JSON.stringify('amiss' in item ? item : { report: item })}\n`

/** After so long without a line a blank one says that the server is still at it: readers pass over those. */
const silenceMs = 15_000

const silence = async (signal: AbortSignal): Promise<undefined> => {
  await sleep(silenceMs, undefined, { signal, ref: false }).catch(() => {})
}

const encoded = <Item>(
  items: AsyncIterableIterator<Item>,
  line: (item: Item) => string,
): AsyncIterableIterator<Uint8Array> => {
  let coming: Promise<IteratorResult<Item>> | undefined
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => {
      const waiting = new AbortController()
      coming ??= items.next()
      const step = await Promise.race([coming, silence(waiting.signal)]).finally(() => waiting.abort())
      if (step === undefined) return { done: false, value: Buffer.from('\n') }
      coming = undefined
      return step.done
        ? { done: true, value: undefined }
        : { done: false, value: Buffer.from(line(step.value)) }
    },
    return: async () => {
      await items.return?.()
      return { done: true, value: undefined }
    },
  }
  return iterator
}

const lines = 'application/x-ndjson'

const answerLines = (stream: AsyncIterableIterator<Uint8Array>): Answer => ({
  status: 200,
  contentType: lines,
  stream,
})

const answerExport = (items: AsyncIterableIterator<AuditRecord>): Answer =>
  answerLines(encoded(items, lineOf))

const verifyQuery = {
  anchor: Type.Optional(
    Type.Array(Type.String(), { description: 'Kept from earlier, as `12:<hash>`; one or several' }),
  ),
}

const readAnchors = (
  _request: HttpRequest,
  { query: { anchor = [] } }: { readonly query: { readonly anchor?: readonly string[] } },
): VerifyAudit => ({ anchors: anchor })

const anchorForm = form('AuditAnchor', { anchor: orNull(text), 'sealed-at': orNull(time) })

const searched = { query: searchQuery, answers: { 200: foundForm } } as const
const exported = { query: filterQuery, answers: { 200: entryForm }, mediaType: lines } as const

const verifiedForm = form('AuditVerification', {
  amiss: Type.Optional(text),
  entry: Type.Optional(uuid),
  at: Type.Optional(time),
  block: Type.Optional(Type.Integer()),
  message: Type.Optional(text),
  report: Type.Optional(
    form('AuditReport', {
      entries: Type.Integer(),
      blocks: Type.Integer(),
      retired: Type.Integer(),
      findings: Type.Integer(),
      tail: Type.Object({ entries: Type.Integer(), since: orNull(time) }),
      newest: orNull(Type.Object({ number: Type.Integer(), hash: text })),
    }),
  ),
})

export const auditEndpoints = (operations: AuditOperations): readonly Endpoint[] => [
  endpoint('GET /v1/audit', operations.searchAudit, {
    declares: { summary: 'Entries of the audit log of the project, newest first', ...searched },
    read: readSearch,
    answer: answerFound,
  }),
  endpoint('GET /v1/audit/export', operations.exportAudit, {
    declares: { summary: 'Entries of the project, oldest first, a line of JSON each', ...exported },
    read: readExport,
    answer: answerExport,
  }),
  endpoint('GET /v1/audit/verify', operations.verifyAudit, {
    declares: {
      summary: 'What has been altered in the audit log, a line of JSON each; the report is the last one',
      query: verifyQuery,
      answers: { 200: verifiedForm },
      mediaType: lines,
    },
    read: readAnchors,
    answer: (items) => answerLines(encoded(items, verifiedLine)),
  }),
  endpoint('GET /v1/audit/anchor', operations.getAuditAnchor, {
    declares: {
      summary: 'The newest block of the audit log: kept elsewhere, it proves what came before it',
      answers: { 200: anchorForm },
    },
    read: () => ({}),
    answer: (block) =>
      jsonAnswer({
        anchor: block ? `${block.number}:${block.hash}` : null,
        'sealed-at': block ? block.sealedAt.toISOString() : null,
      }),
  }),
  endpoint('GET /v1/server/audit', operations.searchServerAudit, {
    declares: { summary: 'Entries of the whole audit log, newest first', ...searched },
    read: readSearch,
    answer: answerFound,
  }),
  endpoint('GET /v1/server/audit/export', operations.exportServerAudit, {
    declares: { summary: 'Entries of all projects, oldest first, a line of JSON each', ...exported },
    read: readExport,
    answer: answerExport,
  }),
]
