/**
 * A change at an upstream: recorded as an intent, relayed once, and when its answer is lost or unusable,
 * reconciled. "It did not happen" is said only when nothing was sent or when the upstream itself says so.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from '#catalog/catalog.ts'
import { asCertain, beforeChange } from '#catalog/certainty.ts'
import { type UpstreamResponse, UpstreamUnreachable } from '#catalog/connector.ts'
import type { Intent, Mark, Settlement } from '#catalog/intents.ts'
import { CatalogError } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'
import type { Ask, Upstream } from './client.ts'
import type { Session } from './session.ts'
import {
  busyError,
  credentialError,
  describeBroken,
  type Expectation,
  judge,
  refusalOf,
  unreachableError,
  upstreamRequestId,
} from './translate.ts'

export interface Change<T> {
  readonly operation: string
  /** As the upstream knows them. Empty where no table or view changes: then no intent is recorded. */
  readonly identifiers: readonly Identifier[]
  /** Decimal text of the snapshot ids that this change adds. */
  readonly addedSnapshotIds?: readonly string[]
  /** Of everything that it creates, where that was not there before. */
  readonly marks?: readonly Mark[]
  /** Why it can only be refused, as things are: then it is not sent, unless it repeats a try that may have made them so. */
  readonly doomed?: CatalogError
  readonly ask: Ask
  readonly expect: Expectation
  /** Reads the answer of a done change; throwing leaves the outcome in doubt. */
  readonly read: (response: UpstreamResponse) => Promise<T> | T
  readonly outcome: (result: T) => Outcome
  /** Of what it makes. */
  readonly uuid?: (result: T) => string | undefined
  /** Looks whether the change is there; undefined when it is not, or not yet. Absent where looking tells nothing. */
  readonly reconcile?: (() => Promise<T | undefined>) | undefined
  /** The same for an earlier try that has left marks: what is there by now says nothing against that one. */
  readonly reconcileEarlier?: () => Promise<T | undefined>
}

/** What is known after a request: its result, a refusal, or nothing. */
type Known<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'refused'; readonly error: CatalogError; readonly final: boolean }
  | { readonly kind: 'doubt'; readonly reason: string; readonly cause?: unknown; readonly requestId?: string }

const refused = (error: CatalogError, final: boolean): Known<never> => ({ kind: 'refused', error, final })

const doubtOf = (response: UpstreamResponse, cause?: unknown): Known<never> => {
  const requestId = upstreamRequestId(response)
  return {
    kind: 'doubt',
    reason: describeBroken(response),
    cause,
    ...(requestId === undefined ? {} : { requestId }),
  }
}

const readDone = async <T>(change: Change<T>, response: UpstreamResponse): Promise<Known<T>> => {
  try {
    return { kind: 'done', result: await change.read(response) }
  } catch (cause) {
    return doubtOf(response, cause)
  }
}

/** Sends once and says what is known then. */
const attempt = async <T>(upstream: Upstream, context: CallContext, change: Change<T>): Promise<Known<T>> => {
  const { connection } = upstream
  let response: UpstreamResponse
  try {
    response = await upstream.send(context, change.ask)
  } catch (error) {
    if (!(error instanceof UpstreamUnreachable)) return refused(asCatalogError(error), false)
    if (!error.sent) return refused(unreachableError(connection, error), false)
    return { kind: 'doubt', reason: error.message, cause: error }
  }
  const verdict = judge(response)
  if (verdict === 'done') return readDone(change, response)
  if (verdict === 'credential') return refused(credentialError(connection, response.status), false)
  if (verdict === 'busy') return refused(busyError(connection, response), false)
  if (verdict === 'refused') return refused(refusalOf(response, change.expect, upstream.blank), true)
  return doubtOf(response)
}

/** `send` throws only before anything was sent: a token or the session could not be had. */
const asCatalogError = (error: unknown): CatalogError =>
  error instanceof CatalogError
    ? error
    : new CatalogError('InternalServerErrorException', 'The request could not be sent', { cause: error })

/** Waits between looks: the request may still be on its way when the first one comes. */
const looks = [0, 300, 1000]
const longestLookMs = 5000

/** The look's result; undefined when it fails or takes too long. */
export const lookOnce = async <T>(reconcile: () => Promise<T | undefined>): Promise<T | undefined> => {
  const enough = new AbortController()
  try {
    return await Promise.race([reconcile(), delay(longestLookMs, undefined, { signal: enough.signal })])
  } catch {
    return undefined
  } finally {
    enough.abort()
  }
}

const look = async <T>({ reconcile }: Change<T>): Promise<T | undefined> => {
  if (!reconcile) return undefined
  for (const wait of looks) {
    if (wait > 0) await delay(wait)
    const found = await lookOnce(reconcile)
    if (found !== undefined) return found
  }
  return undefined
}

/** A replay is safe where the upstream remembers keys: it answers as it did, or does it for the first time. */
const replay = async <T>(
  upstream: Upstream,
  context: CallContext,
  change: Change<T>,
): Promise<Known<T> | undefined> => {
  const { remembersKeys } = await upstream.session()
  if (!remembersKeys || context.receipt.idempotency === undefined) return undefined
  const again = await attempt(upstream, context, change)
  return again.kind === 'refused' && !again.final ? undefined : again
}

const resolveDoubt = async <T>(
  upstream: Upstream,
  context: CallContext,
  change: Change<T>,
): Promise<Known<T> | undefined> => {
  const found = await look(change)
  if (found !== undefined) return { kind: 'done', result: found }
  return replay(upstream, context, change)
}

const unknown = <T>(upstream: Upstream, change: Change<T>, doubt: Known<T>): CatalogError => {
  const { reason, cause, requestId } = doubt.kind === 'doubt' ? doubt : { reason: '', cause: undefined }
  const id = requestId === undefined || reason.includes(requestId) ? '' : `; its request id is ${requestId}`
  return new CatalogError(
    'CommitStateUnknownException',
    `Connection ${upstream.connection}: the outcome of ${change.operation} is unknown (${reason}${id})`,
    { cause },
  )
}

/** What an intent is drawn from: all of a change but how its answer is read. */
type Draft = Omit<Change<unknown>, 'read' | 'outcome' | 'uuid' | 'doomed' | 'reconcile' | 'reconcileEarlier'>

const digestOf = (context: CallContext, { ask }: Draft): string =>
  context.receipt.idempotency?.digest ??
  createHash('sha256')
    .update(`${ask.method} ${ask.path}\n`)
    .update(ask.body ?? '')
    .digest('hex')

const begin = async (
  upstream: Upstream,
  context: CallContext,
  change: Draft,
): Promise<Intent | undefined> => {
  if (change.identifiers.length === 0) return undefined
  const { receipt } = context
  const { idempotency, foretold, audit } = receipt
  const intent = await upstream.tools.intents.begin({
    identifiers: change.identifiers,
    operation: change.operation,
    digest: digestOf(context, change),
    addedSnapshotIds: change.addedSnapshotIds ?? [],
    marks: change.marks ?? [],
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(foretold ? { record: { audit, events: foretold() } } : {}),
  })
  if (foretold) receipt.intents = [intent.id, ...intent.doubtful.map(({ id }) => id)]
  return intent
}

/** The change is decided by now: a store that cannot note it down leaves the intent to be reconciled later. */
const settle = async (
  upstream: Upstream,
  intent: Intent | undefined,
  settlement: Settlement,
): Promise<void> => {
  try {
    await intent?.settle(settlement)
  } catch (error) {
    upstream.tools.log('intent not settled', { connection: upstream.connection, intent: intent?.id, error })
  }
}

/** A refusal is remembered for its key by the pipeline, which tells it in the caller's words. */
const settlementOf = <T>(change: Change<T>, known: Known<T>): Settlement => {
  if (known.kind !== 'done') return { state: known.kind === 'doubt' ? 'unknown' : 'refused' }
  const { result } = known
  return { state: 'committed', outcome: change.outcome(result), uuid: change.uuid?.(result) }
}

/** An earlier try of this very request may have landed: then it is not sent a second time. */
const landedEarlier = async <T>(
  intent: Intent | undefined,
  change: Change<T>,
): Promise<Known<T> | undefined> => {
  if (intent === undefined || intent.doubtful.length === 0) return undefined
  const marked = intent.doubtful.some(({ marks }) => marks.length > 0)
  const reconcile = change.reconcile ?? (marked ? change.reconcileEarlier : undefined)
  const result = reconcile && (await lookOnce(reconcile))
  return result === undefined ? undefined : { kind: 'done', result }
}

const refusedAhead = <T>(
  intent: Intent | undefined,
  { doomed }: Pick<Change<T>, 'doomed'>,
): Known<never> | undefined => (doomed && !intent?.doubtful.length ? refused(doomed, true) : undefined)

/** What says so now is no word of the upstream's on the change: the same request may be tried again. */
const lastLook = async ({ beforeSending }: CallContext): Promise<Known<never> | undefined> => {
  if (!beforeSending) return undefined
  try {
    await beforeSending()
    return undefined
  } catch (error) {
    return refused(asCatalogError(error), false)
  }
}

/** Sends, and looks into it where that leaves a doubt. */
const decide = async <T>(upstream: Upstream, context: CallContext, change: Change<T>): Promise<Known<T>> => {
  const known = await attempt(upstream, context, change)
  return known.kind === 'doubt' ? ((await resolveDoubt(upstream, context, change)) ?? known) : known
}

/** The session that a change is written for. SlowDown where it cannot be had: nothing was sent. */
export const sessionForChange = (upstream: Upstream): Promise<Session> =>
  beforeChange(() => upstream.session())

/**
 * Runs one change. The caller's abort is heeded before anything is sent and ignored afterwards.
 * CommitStateUnknown when the outcome cannot be found out; SlowDown (429) where the upstream was not reached.
 */
export const runChange = async <T>(
  upstream: Upstream,
  context: CallContext,
  change: Change<T>,
): Promise<T> => {
  checkWanted(context)
  await sessionForChange(upstream)
  const intent = await beforeChange(() => begin(upstream, context, change))
  const known =
    (await landedEarlier(intent, change)) ??
    refusedAhead(intent, change) ??
    (await lastLook(context)) ??
    (await decide(upstream, context, change))
  await settle(upstream, intent, settlementOf(change, known))
  if (known.kind === 'done') return known.result
  throw known.kind === 'refused' ? asCertain(known.error) : unknown(upstream, change, known)
}

/** RequestTimeout when the caller is gone already. */
export const checkWanted = (context: CallContext): void => {
  if (context.signal.aborted)
    throw new CatalogError('RequestTimeoutException', 'The request was given up before anything was sent', {
      cause: context.signal.reason,
    })
}
