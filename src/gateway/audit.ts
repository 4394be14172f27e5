/** The last step, in `finally`: what was decided about a request, allowed, denied or failed, is recorded. */
import { recordedReason } from '#authn/refusal.ts'
import { ExternalUnanswered } from '#authz/external/answer.ts'
import { asCertain } from '#catalog/certainty.ts'
import type { Decision, Need, Principal } from '#model/access.ts'
import { CatalogError, type ErrorType, isCatalogError } from '#model/errors.ts'
import type { AuditDraft, EventDraft, HandedOut, Passage, Receipt } from '#model/event.ts'
import type { Caller } from './operation.ts'

/** Where entries go. */
export interface AuditSink {
  /** SlowDown (429) when there is no room for another entry. Asked first: what cannot be recorded is not begun. */
  admit(): void
  /** Returns at once where entries are written in batches; resolves when written where they are strict. */
  record(entry: AuditDraft): void | Promise<void>
}

/** What has become known of a request on its way through the pipeline. */
export interface Trail {
  readonly operation: string
  readonly kind: 'read' | 'change'
  /** Of a success: as the operation foretells it until its answer is known. */
  status: number
  readonly caller: Caller
  principal: Principal
  warehouse: string | null
  project: string | null
  /** Name of the connection that the object lies behind. */
  connection: string | undefined
  needs: readonly Need[]
  /** As the store told it with the objects of the request. */
  policyEpoch: number | undefined
  decision: Decision | null
  /** What an operation has handed out to reach data with. */
  handedOut: readonly HandedOut[] | undefined
  /** The views through which the object is loaded, as far as they have been verified. */
  through: readonly Passage[] | undefined
  /** Allowed by the rights of somebody else, to whom a view has led. */
  lent: boolean
  /** Set as soon as a change starts; its `written` tells that a catalog has recorded the entry with the change. */
  receipt: Receipt | null
  /** What an upstream has changed for this request; a local catalog has recorded that with the change. */
  changes: readonly EventDraft[]
  /** Turned away by a rate limit: counted with others, and not on record by itself. */
  throttled: boolean
  error: unknown
}

/** Stands on record where nobody has been authenticated. */
export const unknownPrincipal: Principal = { kind: 'anonymous', id: 'unauthenticated' }

/** The part of an operation that its audit entry tells of. */
export type Told = Readonly<Pick<Trail, 'kind'>> & { readonly name: string; readonly success: number }

export const openTrail = ({ name, kind, success }: Told, caller: Caller): Trail => ({
  operation: name,
  kind,
  status: success,
  caller,
  principal: unknownPrincipal,
  warehouse: null,
  project: null,
  connection: undefined,
  needs: [],
  policyEpoch: undefined,
  decision: null,
  handedOut: undefined,
  through: undefined,
  lent: false,
  receipt: null,
  changes: [],
  throttled: false,
  error: undefined,
})

type Ending = Pick<AuditDraft, 'decision' | 'reason' | 'status' | 'errorType'>

/** By these authenticate refuses, before there is a decision. */
const turnedAway: ReadonlySet<string> = new Set<ErrorType>(['NotAuthorizedException', 'ForbiddenException'])

/** A denial may be what the answer says (`Operation.verdictOf`). */
const answered = ({ decision, status }: Trail): Ending => ({
  decision: decision?.allow === false ? 'denied' : 'allowed',
  reason: decision?.reason ?? '',
  status,
  errorType: null,
})

const reasonOf = (error: CatalogError): string =>
  error.cause instanceof ExternalUnanswered
    ? `${error.message}: ${error.cause.message}`
    : recordedReason(error)

const endingOf = (trail: Trail): Ending => {
  const { error, decision } = trail
  if (error === undefined) return answered(trail)
  const seen = error instanceof CatalogError ? error : null
  const denied = decision?.allow === false || (decision === null && turnedAway.has(seen?.type ?? ''))
  return {
    decision: denied ? 'denied' : 'failed',
    reason: decision?.allow === false ? decision.reason : seen ? reasonOf(seen) : 'internal error',
    status: seen?.status ?? 500,
    errorType: seen?.type ?? 'InternalServerErrorException',
  }
}

/** The entry as things stand; without an error it reads as a success. */
export const draftOf = (trail: Trail): AuditDraft => ({
  requestId: trail.caller.requestId,
  operation: trail.operation,
  principal: trail.principal,
  warehouse: trail.warehouse,
  project: trail.project,
  connection: trail.connection,
  needs: trail.needs,
  ...endingOf(trail),
  by: trail.decision?.by,
  roles: trail.decision?.roles,
  handedOut: trail.handedOut,
  through: trail.through,
  startedAt: trail.caller.startedAt,
  sender: trail.caller.sender,
})

/**
 * The answer where the entry could not be written. What happened must not be reported as failed: the client would undo
 * it. Nor may what was refused be left open, or what is open be closed.
 */
const unrecorded = ({ kind, error }: Trail, cause: unknown): unknown => {
  if (kind === 'read') return cause
  if (error === undefined)
    return new CatalogError('CommitStateUnknownException', 'The change was made and could not be recorded', {
      cause,
    })
  if (!isCatalogError(error) || error.type === 'CommitStateUnknownException') return error
  return error.status < 500 ? asCertain(cause) : cause
}

/** A success reads as the receipt foretold it, unless its answer turned out another one (304). */
const entryOf = (trail: Trail): AuditDraft => {
  const foretold = trail.receipt?.audit
  const asForetold = trail.error === undefined && foretold?.status === trail.status
  return asForetold ? foretold : draftOf(trail)
}

/** Records a change that an upstream has made: its decision entry, and what was changed, together. */
export type RecordRelayed = (
  receipt: Pick<Receipt, 'audit' | 'intents'>,
  changes: readonly EventDraft[],
) => Promise<void>

/** Returns at once where there is nothing to wait for: most entries are written in batches. */
export const audit = (sink: AuditSink, recordRelayed: RecordRelayed, trail: Trail): void | Promise<void> => {
  if (trail.receipt?.written || trail.throttled) return
  const { changes, error } = trail
  const relayed = changes.length > 0 && error === undefined
  try {
    const entry = entryOf(trail)
    const recorded = relayed ? recordRelayed({ ...trail.receipt, audit: entry }, changes) : sink.record(entry)
    return recorded?.catch((cause: unknown) => {
      throw unrecorded(trail, cause)
    })
  } catch (cause) {
    throw unrecorded(trail, cause)
  }
}
