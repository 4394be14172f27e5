/**
 * What an operation is: a value with a name, its needs and its deed. Every face is a list of operations, and
 * only the pipeline runs one, so that none can be reached unauthorized or unaudited.
 */
import type { Credentials } from '#authn/authenticator.ts'
import type { ClientCertificate } from '#authn/engines.ts'
import type { Sight } from '#authz/authorizer.ts'
import type { CallContext, DelegationMode, Entry } from '#catalog/catalog.ts'
import type { Action, Decision, Need, Obligations, Principal, Resource } from '#model/access.ts'
import type { CatalogError } from '#model/errors.ts'
import type { EventDraft, Outcome, Sender } from '#model/event.ts'
import type { OpenWarehouse } from './warehouses.ts'

/** What a client may ask for with `X-Iceberg-Access-Delegation`. */
export type { DelegationMode } from '#catalog/catalog.ts'
export { hopHeader } from '#catalog/hops.ts'

/** What a face knows of a request before anyone has looked at it. */
export interface Caller {
  readonly requestId: string
  readonly startedAt: Date
  readonly sender: Sender
  readonly credentials: Credentials
  readonly delegation: readonly DelegationMode[]
  /** The hop header as sent: gateways that the request has already passed. */
  readonly hops: string | undefined
  /** Id of the project that is meant (`x-project-id`); undefined for the default one. */
  readonly project?: string
  /** Id of the one role to act with (`x-assume-role`). */
  readonly assumeRole?: string
  /** Every value of a header, as sent: for what only some senders may say. Absent: there are none. */
  headers?(name: string): readonly string[]
  /** That the listener has verified; undefined where none was shown. */
  certificate?(): ClientCertificate | undefined
  /** `If-Match` as sent: the version that a change expects. */
  readonly ifMatch?: string
  /** W3C Trace Context, as sent. */
  readonly traceparent?: string
  /** `Idempotency-Key` as sent; the digest is of method, path and body, so it is known once the body is. */
  readonly idempotency?: { readonly key: string; readonly digest: () => string }
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** What the definition of a view says of the way on. */
export interface Definition {
  /** It refers to the next object on the way. */
  readonly refers: boolean
  /** By whose rights what it refers to is read, as the engine names him; undefined: of whoever reads the view. */
  readonly definer: string | undefined
}

/** A view on the way to what is loaded. */
export interface Link {
  /** Levels and name, with dots. */
  readonly name: string
  /** What reading through it takes. */
  readonly needs: readonly Need[]
  readonly target: Target
  /** The connection behind which the view lies; undefined in our own catalog. */
  readonly source: string | undefined
  /** NoSuchView where it is not there. */
  define(context: CallContext): Promise<Definition>
}

/** The way to what is loaded, as an engine that is trusted to has told it. */
export interface Way {
  /** Outermost first; never empty. */
  readonly links: readonly Link[]
  /** Of what is loaded, as of each view. */
  readonly source: string | undefined
  /** The definer as a principal; undefined where the engine may act for no such user. */
  definer(name: string): Principal | undefined | Promise<Principal | undefined>
}

/** What resolve found; each operation adds what its `needs` and `run` want. */
export interface Target {
  /** Scopes audit and idempotency; null where the operation is not inside one. */
  readonly warehouse: OpenWarehouse | null
  /** Of an operation inside a project but in no warehouse; scopes idempotency. */
  readonly project?: string
  /** The objects that our own records have under the names, as `Tables.find` gave them. */
  readonly entries?: readonly Entry[]
  /** The epoch of policy that the same look at the store has told. */
  readonly policyEpoch?: number
  /** Where the mount table leads, where it was asked. */
  readonly route?: { readonly source: { readonly name: string } }
  /** An upstream decides the change: its idempotency key is held in our store while it is under way. */
  readonly relayed?: boolean
  /** Repeating the request changes nothing more (a staged create): no key is remembered. */
  readonly repeatable?: boolean
  /**
   * Who asks, where the request itself tells: of an open operation as the request has proved, of any other the user for
   * whom a trusted engine asks. Needs are then this one's, and so is the record.
   */
  readonly asker?: Principal
  /** The views through which it is loaded: each is decided on before the object is, maybe with the rights of others. */
  readonly way?: Way
}

/** A project, and the answer of whoever must not know that it is there. */
export interface Within {
  readonly project: string
  missing(): CatalogError
}

/** What `run` is given. */
export interface Task<T extends Target> {
  readonly target: T
  readonly context: CallContext
  /** How far the decision lets data go (`Obligations.data`). */
  readonly data?: Obligations['data'] | undefined
  /** True where it was allowed by the rights of somebody else, to whom a view has led. */
  readonly lent?: boolean
  /** Those of the items that the asker may see, in order. */
  visible<Item>(
    action: Action,
    items: readonly Item[],
    resourceOf: (item: Item) => Resource,
  ): Promise<readonly Item[]>
  /** What of the things that lie in the resource the asker can see at all. */
  sight(parent: Resource): Promise<Sight>
}

/** How a finished change is remembered under its idempotency key, and told again. */
export interface Replay<T extends Target, Output> {
  remember(output: Output): Outcome
  /** An equivalent answer; it may show a newer state (specification: Idempotency-Key). */
  recall(outcome: Outcome, task: Task<T>): Promise<Output>
}

interface Deed<Input, T extends Target, Output> {
  /** The specification's operation id, or one in its manner for a face of ours. Unique over all faces. */
  readonly name: string
  /** The status of a success, for the audit log. */
  readonly success: 200 | 201 | 204
  /**
   * Asked by anybody: nobody is authenticated, and nothing is decided. For what is public, and for requests that prove by
   * themselves who asks (`Target.asker`): resolve then refuses those that do not.
   */
  readonly open?: true
  /** A trusted engine that sends no token may sign in by its client certificate: for engines that can send none. */
  readonly certified?: true
  /** The status of this very success, where it is not always that one. */
  statusOf?(output: Output): number
  /** What the operation has decided in its answer, for the audit log: a denial that is no refusal of the request. */
  verdictOf?(output: Output): { readonly decision: Decision; readonly needs: readonly Need[] }
  /**
   * The project in which the operation acts, told from memory. Where there is one, its asker is let in before anything
   * inside is looked up, so that a foreign project is refused at the cost of a missing one. Throws the answer for what
   * is not there. `project` is as for `resolve`.
   */
  within?(input: Input, project: string | undefined): Within
  /**
   * Finds what the input names in our own records. No upstream is reached: nobody has been allowed anything yet.
   * `asker` is for what names itself only ("me"); `project` is the one that the request names (`x-project-id`),
   * undefined for the default one.
   */
  resolve(input: Input, asker: Principal, project: string | undefined): Promise<T>
  /** All that must be allowed, the object that the answer speaks of first. Never empty. */
  needs(target: T): readonly Need[]
  /** The answer for an absent object, where the resource of the need is not spelled as the caller named it. */
  missing?(target: T): CatalogError
  run(task: Task<T>): Promise<Output>
  /** What the change is recorded as where an upstream makes it. Without an output: as far as that is known before. */
  changes?(target: T, output?: Output): readonly EventDraft[]
}

interface Read<Input, T extends Target, Output> extends Deed<Input, T, Output> {
  readonly kind: 'read'
  readonly replay?: never
}

/** A repeated request with the same key never runs again: there is no change without an answer for it. */
interface Change<Input, T extends Target, Output> extends Deed<Input, T, Output> {
  readonly kind: 'change'
  readonly replay: Replay<T, Output>
}

export type Operation<Input, T extends Target, Output> = Read<Input, T, Output> | Change<Input, T, Output>
