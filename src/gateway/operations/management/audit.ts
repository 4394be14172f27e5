/**
 * The operations on the audit log. An auditor of a project reads the entries of that project; one of the server reads
 * all. Whether the log was altered is told to both: what is amiss is named by ids alone.
 */
import type { Need, Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { type Anchor, parseAnchor } from '#store/audit-blocks.ts'
import type {
  AuditAsk,
  AuditCount,
  AuditPage,
  AuditPlace,
  AuditRecord,
  AuditFilter as StoredFilter,
} from '#store/audit-search.ts'
import type { Finding } from '#store/audit-verifier.ts'
import type { VerifyReport } from '#store/audit-verify.ts'
import type { Operation } from '../../operation.ts'
import type { PageTokens } from '../../page-token.ts'
import type { PageAsked } from './paging.ts'
import {
  inProject,
  isId,
  type ManagementDeps,
  onProject,
  type ProjectTarget,
  type ServerTarget,
} from './place.ts'
import { onServer } from './server.ts'
import { createSlots, type Slots } from './slots.ts'

/** What there is to read. */
export interface AuditRegistry {
  search(filter: StoredFilter, ask: AuditAsk): Promise<AuditPage>
  count(filter: StoredFilter, most: number): Promise<AuditCount>
  /** Undefined before the first block. */
  newest(): Promise<NewestBlock | undefined>
  verify(options: { anchors: readonly Anchor[]; signal: AbortSignal }): AsyncGenerator<Finding, VerifyReport>
}

interface NewestBlock extends Anchor {
  readonly sealedAt: Date
}

export interface AuditDeps extends ManagementDeps {
  readonly audit: AuditRegistry
}

export type { AuditRecord }
/** Within what the asker may read. */
export type AuditFilter = Omit<StoredFilter, 'project'>

export interface SearchAudit extends PageAsked {
  readonly filter: AuditFilter
  /** Also how many there are. */
  readonly count: boolean
}

export interface FoundAudit {
  readonly records: readonly AuditRecord[]
  readonly nextPageToken: string | null
  readonly counted?: AuditCount
}

interface ExportAudit {
  readonly filter: AuditFilter
}

export interface VerifyAudit {
  /** Each as `12:<hash>`. */
  readonly anchors: readonly string[]
}

export type Verified = Finding | VerifyReport

const usualPage = 100
const longestPage = 1_000
const mostCounted = 100_000
/** Entries that an export reads at once. */
const exportPage = 500
/** Of one process: each holds a connection of the database now and then, and a place among the requests in flight. */
const mostExports = 4
const mostVerifications = 1

const encodePlace = ({ at, id }: AuditPlace): string => `${at.toISOString()} ${id}`

const badToken = (): CatalogError => new CatalogError('BadRequestException', 'Invalid page token')

const decodePlace = (text: string): AuditPlace => {
  const [at = '', id = ''] = text.split(' ')
  if (Number.isNaN(Date.parse(at)) || !isId(id)) throw badToken()
  return { at: new Date(at), id }
}

interface Asked extends SearchAudit {
  readonly asker: Principal
  /** Undefined: of all projects. */
  readonly project: string | undefined
}

const filterOf = (filter: AuditFilter, project: string | undefined): StoredFilter =>
  project === undefined ? filter : { ...filter, project }

const search = async (
  { audit, pageTokens }: { readonly audit: AuditRegistry; readonly pageTokens: PageTokens },
  { filter: asked, project, asker, pageToken = '', pageSize = usualPage, count }: Asked,
): Promise<FoundAudit> => {
  const filter = filterOf(asked, project)
  const scope = JSON.stringify(['audit', project ?? null, asker.id, asked])
  const { token } = pageToken === '' ? { token: undefined } : pageTokens.open(pageToken, scope)
  const limit = Math.min(pageSize, longestPage)
  const after = token === undefined ? {} : { after: decodePlace(token) }
  const [{ records, next }, counted] = await Promise.all([
    audit.search(filter, { limit, order: 'newest-first', ...after }),
    count ? audit.count(filter, mostCounted) : undefined,
  ])
  const nextPageToken = next
    ? pageTokens.seal({ source: null, token: encodePlace(next), epoch: '' }, scope)
    : null
  return { records, nextPageToken, ...(counted ? { counted } : {}) }
}

/** Reads on as long as somebody takes what was read; each page by itself, so that no transaction waits for a client. */
async function* readAll(
  { search: read }: AuditRegistry,
  filter: StoredFilter,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord> {
  let after: AuditPlace | undefined
  do {
    signal.throwIfAborted()
    const page: AuditPage = await read(filter, {
      ...{ limit: exportPage, order: 'oldest-first' },
      ...(after ? { after } : {}),
    })
    yield* page.records
    after = page.next
  } while (after)
}

async function* verifyAll(
  { verify }: AuditRegistry,
  anchors: readonly Anchor[],
  signal: AbortSignal,
): AsyncGenerator<Verified> {
  yield yield* verify({ anchors, signal })
}

const readAnchors = ({ anchors }: VerifyAudit): readonly Anchor[] =>
  anchors.map((said) => {
    const anchor = parseAnchor(said)
    if (!anchor) throw new CatalogError('BadRequestException', 'Invalid anchor: it is like 12:<hash>')
    return anchor
  })

type InProject<Input> = ProjectTarget<Input> & { readonly asker: Principal }
type OnServer<Input> = ServerTarget<Input> & { readonly asker: Principal }

const ofProject = <Input>(deps: AuditDeps) => {
  const { within, resolve } = inProject<Input>(deps)
  return {
    within,
    resolve: async (
      input: Input,
      asker: Principal,
      named: string | undefined,
    ): Promise<InProject<Input>> => ({
      ...(await resolve(input, asker, named)),
      asker,
    }),
    needs: onProject('audit'),
  }
}

const onAllProjects = (): readonly Need[] => [{ action: 'audit', resource: { kind: 'server' } }]

const ofServer = <Input>() => ({
  resolve: async (input: Input, asker: Principal): Promise<OnServer<Input>> => ({
    ...(await onServer(input)),
    asker,
  }),
  needs: onAllProjects,
})

type Lines<Item> = AsyncIterableIterator<Item>

const projectAudit = (deps: AuditDeps, exports: Slots, verifications: Slots) => {
  const searchAudit: Operation<SearchAudit, InProject<SearchAudit>, FoundAudit> = {
    ...{ name: 'searchAudit', kind: 'read', success: 200 },
    ...ofProject<SearchAudit>(deps),
    run: ({ target: { input, project, asker } }) => search(deps, { ...input, project, asker }),
  }
  const exportAudit: Operation<ExportAudit, InProject<ExportAudit>, Lines<AuditRecord>> = {
    ...{ name: 'exportAudit', kind: 'read', success: 200 },
    ...ofProject<ExportAudit>(deps),
    run: async ({ context: { signal }, target: { input, project } }) =>
      exports.occupy(readAll(deps.audit, filterOf(input.filter, project), signal), signal),
  }
  const verifyAudit: Operation<VerifyAudit, InProject<VerifyAudit>, Lines<Verified>> = {
    ...{ name: 'verifyAudit', kind: 'read', success: 200 },
    ...ofProject<VerifyAudit>(deps),
    run: async ({ context: { signal }, target: { input } }) =>
      verifications.occupy(verifyAll(deps.audit, readAnchors(input), signal), signal),
  }
  const getAuditAnchor: Operation<object, InProject<object>, NewestBlock | undefined> = {
    ...{ name: 'getAuditAnchor', kind: 'read', success: 200 },
    ...ofProject<object>(deps),
    run: () => deps.audit.newest(),
  }
  return { searchAudit, exportAudit, verifyAudit, getAuditAnchor }
}

const serverAudit = (deps: AuditDeps, exports: Slots) => {
  const searchServerAudit: Operation<SearchAudit, OnServer<SearchAudit>, FoundAudit> = {
    ...{ name: 'searchServerAudit', kind: 'read', success: 200 },
    ...ofServer<SearchAudit>(),
    run: ({ target: { input, asker } }) => search(deps, { ...input, project: undefined, asker }),
  }
  const exportServerAudit: Operation<ExportAudit, OnServer<ExportAudit>, Lines<AuditRecord>> = {
    ...{ name: 'exportServerAudit', kind: 'read', success: 200 },
    ...ofServer<ExportAudit>(),
    run: async ({ context: { signal }, target: { input } }) =>
      exports.occupy(readAll(deps.audit, input.filter, signal), signal),
  }
  return { searchServerAudit, exportServerAudit }
}

export type AuditOperations = ReturnType<typeof createAuditOperations>

export const createAuditOperations = (deps: AuditDeps) => {
  const exports = createSlots(mostExports, 'Too many exports of the audit log are under way')
  const verifications = createSlots(mostVerifications, 'The audit log is being verified already')
  return { ...projectAudit(deps, exports, verifications), ...serverAudit(deps, exports) }
}
