/**
 * The port: what a catalog is. The local catalog and every connector meet it and the same contract suite
 * (`test/contract/catalog.ts`). A member that is absent is a capability that is absent: `endpoints` of
 * `GET /v1/config` and every "unsupported" answer derive from presence.
 *
 * Rules for every member: identifiers are relative to the mount; errors are `CatalogError`s with the
 * specification's type names; an aborted `context.signal` stops the work before it changes anything, and is
 * ignored from the moment a change has been handed to where it is decided.
 */
import type { ExpectedUuid, Grantees, Principal } from '#model/access.ts'
import type { Outcome, Receipt } from '#model/event.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import type { Mark } from './intents.ts'

export type DelegationMode = 'vended-credentials' | 'remote-signing'

/** A candidate change as a gate sees it: what the table would become, before anything is changed. */
interface Candidate {
  readonly identifier: Identifier
  readonly kind: 'table' | 'view'
  /** The built metadata where the catalog builds it (local, glue, hive); absent on a relayed commit. */
  readonly metadata?: Uint8Array
  /** The parsed request, for inspection only: a relay sends the client's own bytes. */
  readonly request: JsonObject
}

export interface CallContext {
  /** Aborted when the client disconnects or the request times out. */
  readonly signal: AbortSignal
  readonly requestId: string
  readonly principal: Principal
  /** What the client asked for with `X-Iceberg-Access-Delegation`; empty until storage vends. */
  readonly delegation: readonly DelegationMode[]
  readonly receipt: Receipt
  /** The version that an object of administration must still have (`If-Match`); NaN where it can have none such. */
  readonly version?: number
  /** Gateways that the request has already passed, oldest first (`hops.ts`); sent on to an upstream. */
  readonly hops?: readonly string[]
  /**
   * What `tables.find` told resolve about the objects of this call, and what authorize decided on. A catalog
   * that has `find` acts on these very objects: a load is answered from the entry without another look, and a
   * change of a name that by now holds another object fails as if the name were free.
   */
  readonly entries?: readonly Entry[]
  /** What the decision demands of mounted objects, in the caller's names; mounts keep it (`mounts-expected.ts`). */
  readonly expected?: readonly ExpectedUuid[]
  /**
   * Called when nothing is left to do but to send a change to where it is decided. What it throws is the answer, and the
   * change is not sent. Absent: nothing is looked at again.
   */
  readonly beforeSending?: () => Promise<void>
  /** Present only when a gate applies. Throws `BadRequestException` to refuse. Called with no lock held. */
  readonly inspect?: (candidate: Candidate) => Promise<void>
}

/** A request body: the client's bytes, untouched, and the same parsed by the one JSON codec. */
export interface Body {
  readonly bytes: Uint8Array
  readonly json: JsonObject
}

export interface PageRequest {
  /** The catalog's own token from its previous page; absent on the first. */
  readonly token?: string
  /** Upper bound; a page may be shorter and still carry a token. */
  readonly size: number
  /**
   * Nothing is wanted but what has been granted, on itself or inside it, to one of these. A catalog that knows our
   * grants may leave out everything else; one that does not lists as ever.
   */
  readonly granted?: Grantees
}

/** A table or view as listed. */
export interface Listed extends Identifier {
  /** Where the catalog knows it without a look at each: grants bind to it. */
  readonly contentId?: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent on the last page, never an empty string. */
  readonly next?: string
  /** How many candidates were looked at for it, where that is another number than was asked for. */
  readonly examined?: number
}

export interface NamespaceAnswer {
  readonly namespace: Namespace
  readonly properties: Readonly<Record<string, string>>
}

export interface PropertiesAnswer {
  readonly updated: readonly string[]
  readonly removed: readonly string[]
  readonly missing: readonly string[]
}

/** A table or view as loaded: raw metadata bytes, never re-serialised, and the few facts the gateway needs. */
export interface Loaded {
  /** Absent for a staged create only. */
  readonly metadataLocation?: string
  /** The metadata document as UTF-8 JSON; several chunks where a large document was spliced. */
  readonly metadata: readonly Uint8Array[]
  /** Client configuration that this catalog asks to hand on; filtered by the gateway's allow-list. */
  readonly config: Readonly<Record<string, string>>
  /** Changes whenever the metadata shown changes: the pointer for us, the upstream's own tag for a relay. */
  readonly version: string
  readonly uuid?: string
  readonly location?: string
}

export interface LoadOptions {
  /** `refs`: only the snapshots that refs or `current-snapshot-id` name. */
  readonly snapshots: 'all' | 'refs'
  /** The `version` the caller already holds: answered with `not-modified` when it still stands. */
  readonly unlessVersion?: string
}

/** What resolve needs to know of a local object without reaching for its metadata. */
export interface Entry {
  readonly identifier: Identifier
  readonly contentId: string
  readonly kind: 'table' | 'view'
  readonly uuid: string
  readonly location: string
  readonly metadataLocation: string
  /** The epoch of policy as the same look at the store has told it. */
  readonly policyEpoch?: number
}

export interface Namespaces {
  /** Direct children of `parent` in the catalog's own order. A leaf: empty. A missing parent: NoSuchNamespace. */
  list(context: CallContext, parent: Namespace, page: PageRequest): Promise<Page<Namespace>>
  /** AlreadyExists when present; NoSuchNamespace when its parent is missing. */
  create(context: CallContext, namespace: Namespace, body: Body): Promise<NamespaceAnswer>
  /** NoSuchNamespace when absent. */
  load(context: CallContext, namespace: Namespace): Promise<NamespaceAnswer>
  /** Resolves when present, NoSuchNamespace when absent. */
  exists(context: CallContext, namespace: Namespace): Promise<void>
  /** NamespaceNotEmpty while it has a child, table or view (racing creates included); NoSuchNamespace when absent. */
  drop(context: CallContext, namespace: Namespace): Promise<void>
  /** One atomic change. A key in both sets: UnprocessableEntity. */
  updateProperties(context: CallContext, namespace: Namespace, body: Body): Promise<PropertiesAnswer>
}

export interface DropOptions {
  readonly purge: boolean
}

/** Tables and views are alike at the port; `Tables` adds what only tables have. */
export interface Relations {
  list(context: CallContext, namespace: Namespace, page: PageRequest): Promise<Page<Listed>>
  /** AlreadyExists when a table *or* view has the name; NoSuchNamespace when the namespace is missing. */
  create(context: CallContext, namespace: Namespace, body: Body): Promise<Loaded>
  /** NoSuchTable/NoSuchView when absent, also where the namespace is; NotFound when the metadata file is gone. */
  load(context: CallContext, id: Identifier, options: LoadOptions): Promise<Loaded | 'not-modified'>
  exists(context: CallContext, id: Identifier): Promise<void>
  /**
   * All or nothing. CommitFailed only if it definitely did not happen; CommitStateUnknown whenever it may have.
   * A no-op returns the current state and writes nothing.
   */
  commit(context: CallContext, id: Identifier, body: Body): Promise<Loaded>
  drop(context: CallContext, id: Identifier, options: DropOptions): Promise<void>
  /** NoSuchNamespace for a missing destination namespace; AlreadyExists when the destination is taken. */
  rename(context: CallContext, rename: Rename): Promise<void>
  register?(context: CallContext, namespace: Namespace, body: Body): Promise<Loaded>
}

export interface Rename {
  readonly source: Identifier
  readonly destination: Identifier
}

export interface Tables extends Relations {
  /** Only where it needs no reach (local). One answer an identifier, in order; undefined when absent. */
  find?(ids: readonly Identifier[]): Promise<readonly (Entry | undefined)[]>
  /** Removes the pointer, keeps every file; every commit in flight fails afterwards. */
  unregister?(context: CallContext, id: Identifier): Promise<Loaded>
  /** Keeps or relays a metrics report; NoSuchTable when absent. */
  reportMetrics?(context: CallContext, id: Identifier, body: Body): Promise<void>
}

export interface TableChange {
  readonly id: Identifier
  readonly requirements: readonly JsonObject[] | null
  readonly updates: readonly JsonObject[]
}

export interface Transactions {
  /** All tables or none (specification: commitTransaction). `changes` are relative; `body` is the client's own. */
  commit(context: CallContext, changes: readonly TableChange[], body: Body): Promise<void>
}

/** A change that was sent and whose end nobody knows, as its intent recorded it. */
export interface DoubtfulChange {
  readonly operation: string
  readonly identifiers: readonly Identifier[]
  /** Decimal text. */
  readonly addedSnapshotIds: readonly string[]
  /** Of everything that it creates; empty where it creates nothing, or nothing would show that it did. */
  readonly marks: readonly Mark[]
}

/** A change that a look has shown to have happened. */
export interface Landed {
  readonly outcome: Outcome
  /** Of what is there by it now, where it is one object. */
  readonly uuid?: string | undefined
}

export interface Catalog extends AsyncDisposable {
  /** `local`, or the connector's kind. For the audit log and for messages. */
  readonly kind: string
  readonly namespaces: Namespaces
  readonly tables: Tables
  readonly views?: Relations
  readonly transactions?: Transactions
  /**
   * Operation ids this catalog can serve now, where presence of members does not say it: an upstream
   * advertises its own list. Absent: every member present is served.
   */
  supported?(): Promise<ReadonlySet<string>>
  /**
   * Only where changes can end in doubt. Looks whether one has happened: how it ended where that shows, `unseen` where
   * it does not (it may still be on its way), `untellable` where no look could ever tell. Changes nothing.
   */
  landed?(context: CallContext, change: DoubtfulChange): Promise<Landed | 'unseen' | 'untellable'>
}

/** Every member that a request can reach, none of them absent. */
export type WholeCatalog = Required<Omit<Catalog, 'landed'>>
