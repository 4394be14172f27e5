/**
 * Changes at upstreams whose end nobody knows, looked at in the background until they show or are given up. A look
 * only ever proves that a change has happened: one that does not show may still be on its way, however long ago it
 * was sent, so none is ever called failed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isCatalogError } from '#model/errors.ts'
import type { Receipt } from '#model/event.ts'
import type { CallContext, Catalog, DoubtfulChange, Landed } from './catalog.ts'
import { isOut } from './mounts-synthetic.ts'

export interface Doubt extends DoubtfulChange {
  readonly id: string
  /** Since the change was sent. */
  readonly ageSeconds: number
}

/** Where intents are kept (`intents.ts`), as far as looking after the doubtful ones needs it. */
export interface DoubtLedger {
  /** What has certainly happened and was not recorded, since its process ended or could not reach the store. */
  recordLapsed(): Promise<void>
  /** Ids of connections with a doubt that is due for a look. */
  due(): Promise<readonly string[]>
  /** Runs the work unless another process is at this connection. */
  alone(connectionId: string, work: () => Promise<void>): Promise<void>
  /** Due ones, those first that have waited longest. */
  take(connectionId: string, most: number): Promise<readonly Doubt[]>
  /** It has happened: it is recorded, and its idempotency key, where it has one, answers so from now on. */
  confirm(doubt: Doubt, landed: Landed): Promise<void>
  postpone(doubt: Doubt, seconds: number): Promise<void>
  postponeAll(connectionId: string, seconds: number): Promise<void>
  /** Nobody looks any more; whether it happened stays unknown. */
  abandon(doubt: Doubt, reason: string): Promise<void>
}

type DoubtEnd = 'confirmed' | 'abandoned' | 'postponed' | 'out'

export interface ReconcilerDeps {
  readonly ledger: DoubtLedger
  /** Undefined where the connection is not open in this process. */
  readonly upstream: (connectionId: string) => Catalog | undefined
  /** Told of every look. */
  readonly observe: (connectionId: string, end: DoubtEnd) => void
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
  /** How long a look may take. */
  readonly lookMs?: number
  readonly giveUpSeconds?: number
}

export interface Reconciler extends AsyncDisposable {
  /** Starts a pass for each connection that is due and has none running; resolves when they have ended. */
  round(): Promise<void>
}

const defaults = { everyMs: 5_000, lookMs: 10_000, giveUpSeconds: 86_400 }
/** Of one connection in one pass, one after the other: a recovering upstream is not run over. */
const mostAtOnce = 20
/** Connections looked at together. */
const mostPasses = 32
const firstPauseSeconds = 5
const longestPauseSeconds = 3_600
const longestOutSeconds = 600

/** Ever more seldom: the longer it has not shown, the less likely it is that it will. */
const pauseAfter = (ageSeconds: number): number =>
  Math.min(longestPauseSeconds, Math.max(firstPauseSeconds, Math.round(ageSeconds / 2)))

const outPause = (failures: number): number =>
  Math.min(longestOutSeconds, firstPauseSeconds * 2 ** Math.min(failures, 10))

const principal = { kind: 'system', id: 'reconciler' } as const

const contextOf = (doubt: Doubt, signal: AbortSignal): CallContext => {
  const requestId = `doubt-${doubt.id}`
  const receipt: Receipt = {
    audit: {
      ...{ requestId, operation: doubt.operation, principal, warehouse: null, project: null, needs: [] },
      ...{ decision: 'allowed', reason: '', status: 200, errorType: null, startedAt: new Date() },
    },
    written: false,
  }
  return { signal, requestId, principal, delegation: [], receipt }
}

type Settings = ReconcilerDeps & typeof defaults & { readonly stop: AbortSignal }

/** Undefined where the upstream did not answer in time or at all; its refusal of a look shows nothing either. */
const look = async (
  settings: Settings,
  catalog: Catalog,
  doubt: Doubt,
): Promise<Awaited<ReturnType<NonNullable<Catalog['landed']>>> | undefined> => {
  if (!catalog.landed) return 'untellable'
  const signal = AbortSignal.any([settings.stop, AbortSignal.timeout(settings.lookMs)])
  try {
    return await catalog.landed(contextOf(doubt, signal), doubt)
  } catch (error) {
    if (signal.aborted || isOut(error)) return undefined
    if (!isCatalogError(error)) settings.onFailure(error)
    return 'unseen'
  }
}

const settle = async (
  { ledger, giveUpSeconds }: Settings,
  doubt: Doubt,
  seen: Landed | 'unseen' | 'untellable',
): Promise<DoubtEnd> => {
  if (typeof seen === 'object') {
    await ledger.confirm(doubt, seen)
    return 'confirmed'
  }
  if (seen === 'untellable') {
    await ledger.abandon(doubt, `no look at the upstream tells whether ${doubt.operation} happened`)
    return 'abandoned'
  }
  if (doubt.ageSeconds >= giveUpSeconds) {
    await ledger.abandon(doubt, `not seen at the upstream within ${giveUpSeconds} s`)
    return 'abandoned'
  }
  await ledger.postpone(doubt, pauseAfter(doubt.ageSeconds))
  return 'postponed'
}

/** One that shows and cannot be recorded waits as if it did not show: those behind it are looked at. */
const settleOrWait = async (
  settings: Settings,
  doubt: Doubt,
  seen: Landed | 'unseen' | 'untellable',
): Promise<DoubtEnd> => {
  try {
    return await settle(settings, doubt, seen)
  } catch (error) {
    settings.onFailure(error)
    await settings.ledger.postpone(doubt, pauseAfter(doubt.ageSeconds))
    return 'postponed'
  }
}

/** One connection's due doubts. Ends with the first look that is not answered: the others would not be either. */
const createPass = (settings: Settings) => {
  const { ledger, upstream, observe, giveUpSeconds, stop } = settings
  const failures = new Map<string, number>()

  const setBack = async (connectionId: string, doubts: readonly Doubt[]): Promise<void> => {
    const before = failures.get(connectionId) ?? 0
    failures.set(connectionId, before + 1)
    await ledger.postponeAll(connectionId, outPause(before))
    for (const doubt of doubts)
      if (doubt.ageSeconds >= giveUpSeconds)
        await ledger.abandon(doubt, `the upstream did not answer within ${giveUpSeconds} s`)
  }

  return async (connectionId: string): Promise<void> => {
    const doubts = await ledger.take(connectionId, mostAtOnce)
    const catalog = upstream(connectionId)
    if (!catalog) return setBack(connectionId, doubts)
    for (const [i, doubt] of doubts.entries()) {
      const seen = await look(settings, catalog, doubt)
      if (stop.aborted) return
      if (seen === undefined) {
        observe(connectionId, 'out')
        return setBack(connectionId, doubts.slice(i))
      }
      failures.delete(connectionId)
      observe(connectionId, await settleOrWait(settings, doubt, seen))
    }
  }
}

export const createReconciler = (deps: ReconcilerDeps): Reconciler => {
  const stop = new AbortController()
  const settings = { ...defaults, ...deps, stop: stop.signal }
  const running = new Map<string, Promise<void>>()
  const pass = createPass(settings)
  const start = (connectionId: string): void => {
    const work = settings.ledger
      .alone(connectionId, () => pass(connectionId))
      .catch(settings.onFailure)
      .finally(() => running.delete(connectionId))
    running.set(connectionId, work)
  }
  const startDue = async (): Promise<void> => {
    await settings.ledger.recordLapsed().catch(settings.onFailure)
    for (const id of await settings.ledger.due()) {
      if (running.size >= mostPasses) return
      if (!running.has(id)) start(id)
    }
  }
  return {
    round: async () => {
      await startDue()
      await Promise.all(running.values())
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all(running.values())
    },
  }
}

/** Rounds until it is disposed of. A pass that waits for a silent upstream holds up no other one. */
export const startReconciler = (deps: ReconcilerDeps): AsyncDisposable => {
  const reconciler = createReconciler(deps)
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sleep(deps.everyMs ?? defaults.everyMs, undefined, { signal: stop.signal, ref: false }).catch(
        () => {},
      )
      if (!stop.signal.aborted) reconciler.round().catch(deps.onFailure)
    }
  }
  const done = loop()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
      await reconciler[Symbol.asyncDispose]()
    },
  }
}
