/** What every case of the catalog contract uses: a call context, bodies, readers of answers, and fresh names. */
import { expect } from 'vitest'
import type { Body, CallContext, Catalog, Loaded, Page, PageRequest } from '#catalog/catalog.ts'
import { CatalogError, type ErrorType } from '#model/errors.ts'
import type { Receipt } from '#model/event.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import { type JsonObject, parseJsonObject } from '#model/json.ts'

/** What the suite is told about a catalog: each `false` or `true` that is not the default names a difference. */
export interface CatalogTraits {
  /** A namespace can have children. Default true. */
  readonly nested?: boolean
  /** A child is refused where its parent is missing. Default true. */
  readonly requiresParents?: boolean
  /** Names may hold dots, slashes, blanks, percent signs and any letter. Default true. */
  readonly freeNames?: boolean
  /** Pages are no longer than asked. Default true; false for an upstream that ignores the size. */
  readonly pages?: boolean
  /** A drop in a missing namespace, a rename to a taken name and the like use the exact texts of Java's kit. Default true. */
  readonly exactMessages?: boolean
  /** Locations outside of what is allowed, or with dots and control characters in them, are refused. Default true. */
  readonly guardsLocations?: boolean
  /** A location inside of another table's is refused. Default true. */
  readonly claimsLocations?: boolean
  /** A transaction over two tables is all or nothing. Default true; false where the upstream itself is not. */
  readonly atomicTransactions?: boolean
  /** `register` takes a file that another live table has as well. Default false. */
  readonly registersTwice?: boolean
  /** `register` knows `overwrite`. Default true. */
  readonly registerOverwrites?: boolean
  /** A no-op commit leaves the version as it was. Default true. */
  readonly recognisesNoOps?: boolean
  /** A load with the version at hand is answered `not-modified`. Default true. */
  readonly validatesVersions?: boolean
  /** Concurrent commits without conflict all succeed, without a retry by the client. Default true. */
  readonly rebases?: boolean
  /** A commit with an unknown update or requirement is refused as a bad request. Default true. */
  readonly refusesUnknownKinds?: boolean
  /** A staged create is refused where a view has the name. Default true. */
  readonly stagedSeesViews?: boolean
  /** Writers in the suite's races. Default 8. */
  readonly writers?: number
}

export interface OpenedCatalog {
  readonly catalog: Catalog
  /** Where the suite may put tables of its own choice, without a slash at its end; absent: nowhere. */
  readonly location?: string
  close(): Promise<void>
}

/** A suite's hold on what was opened; `catalog` throws before the first test runs. */
export interface Subject {
  readonly catalog: Catalog
  readonly location: string | undefined
  readonly traits: Required<CatalogTraits>
}

export const defaultTraits: Required<CatalogTraits> = {
  nested: true,
  requiresParents: true,
  freeNames: true,
  pages: true,
  exactMessages: true,
  guardsLocations: true,
  claimsLocations: true,
  atomicTransactions: true,
  registersTwice: false,
  registerOverwrites: true,
  recognisesNoOps: true,
  validatesVersions: true,
  rebases: true,
  refusesUnknownKinds: true,
  stagedSeesViews: true,
  writers: 8,
}

let counter = 0
const run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`

/** A name nobody has used, also across runs on one upstream. */
export const freshName = (what: string): string => `${what}_${run}_${++counter}`

export const newReceipt = (): Receipt => ({
  audit: {
    requestId: freshName('request'),
    operation: 'contract',
    principal: { kind: 'anonymous', id: 'anonymous' },
    warehouse: null,
    project: null,
    needs: [],
    decision: 'allowed',
    reason: 'contract suite',
    status: 200,
    errorType: null,
    startedAt: new Date(0),
  },
  written: false,
})

/** A call of its own; parts of it can be replaced. */
export const newCall = (over: Partial<CallContext> = {}): CallContext => ({
  signal: new AbortController().signal,
  requestId: freshName('request'),
  principal: { kind: 'anonymous', id: 'anonymous' },
  delegation: [],
  receipt: newReceipt(),
  ...over,
})

export const bodyOf = (value: unknown): Body => {
  const bytes = Buffer.from(JSON.stringify(value))
  return { bytes, json: parseJsonObject(bytes) }
}

export const metadataOf = (loaded: Loaded | 'not-modified'): JsonObject => {
  if (loaded === 'not-modified') throw new Error('the catalog answered not-modified')
  return parseJsonObject(Buffer.concat(loaded.metadata))
}

export const propertiesOf = (loaded: Loaded | 'not-modified'): Readonly<Record<string, unknown>> =>
  metadataOf(loaded)['properties'] as JsonObject

/** Fails unless `work` is refused as `type`, with `message` in the text. */
export const expectRefusal = async (
  work: Promise<unknown>,
  type: ErrorType | readonly ErrorType[],
  message: string | RegExp = '',
): Promise<void> => {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(outcome, 'should have been refused').toBeInstanceOf(CatalogError)
  const refusal = outcome as CatalogError
  expect(typeof type === 'string' ? [type] : type, refusal.message).toContain(refusal.type)
  expect(refusal.message).toMatch(
    typeof message === 'string' ? new RegExp(escapeForRegExp(message)) : message,
  )
}

const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

const schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'data', required: false, type: 'string' },
  ],
}

/** A create request with one schema; members can be added. */
export const tableBody = (name: string, over: Readonly<Record<string, unknown>> = {}): Body =>
  bodyOf({ name, schema, properties: {}, ...over })

export const viewBody = (name: string, over: Readonly<Record<string, unknown>> = {}): Body =>
  bodyOf({
    name,
    schema,
    'view-version': viewVersion(1, 'select 1'),
    properties: {},
    ...over,
  })

export const viewVersion = (id: number, sql: string): Readonly<Record<string, unknown>> => ({
  'version-id': id,
  'timestamp-ms': 1_700_000_000_000,
  'schema-id': 0,
  summary: { operation: 'create' },
  'default-namespace': ['default'],
  representations: [{ type: 'sql', sql, dialect: 'spark' }],
})

export const commitBody = (updates: readonly unknown[], requirements: readonly unknown[] = []): Body =>
  bodyOf({ requirements, updates })

export const setProperties = (updates: Readonly<Record<string, string>>): unknown => ({
  action: 'set-properties',
  updates,
})

export const createNamespace = async (subject: Subject, namespace?: Namespace): Promise<Namespace> => {
  const levels = namespace ?? [freshName('ns')]
  await subject.catalog.namespaces.create(newCall(), levels, bodyOf({ namespace: levels, properties: {} }))
  return levels
}

/** A table in a namespace of its own, or in the given one. */
export const createTable = async (subject: Subject, namespace?: Namespace): Promise<Identifier> => {
  const id = { namespace: namespace ?? (await createNamespace(subject)), name: freshName('table') }
  await subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name))
  return id
}

export const loadTable = async (subject: Subject, id: Identifier): Promise<Loaded> => {
  const loaded = await subject.catalog.tables.load(newCall(), id, { snapshots: 'all' })
  if (loaded === 'not-modified') throw new Error('a load without a version was answered not-modified')
  return loaded
}

/** Every item of a paged listing, and the sizes of its pages; fails on a listing without end. */
export const readPages = async <T>(
  list: (page: PageRequest) => Promise<Page<T>>,
  size: number,
): Promise<{ items: readonly T[]; sizes: readonly number[] }> => {
  const items: T[] = []
  const sizes: number[] = []
  for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
    const page: Page<T> = await list(token === undefined ? { size } : { size, token })
    items.push(...page.items)
    sizes.push(page.items.length)
    token = page.next
    expect(token).not.toBe('')
    expect(sizes.length, 'pages').toBeLessThan(10_000)
  }
  return { items, sizes }
}
