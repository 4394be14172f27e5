/** The fourth step: the allowed operation runs, once per idempotency key. */
import type { Authorizer } from '#authz/authorizer.ts'
import type { CallContext } from '#catalog/catalog.ts'
import { checkHops } from '#catalog/hops.ts'
import { UnexpectedUuid } from '#catalog/mounts-expected.ts'
import type { Decision, ExpectedUuid, Need } from '#model/access.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { IdempotencyClaim, Receipt } from '#model/event.ts'
import { draftOf, type Trail } from './audit.ts'
import { deciding } from './authorize.ts'
import { missing } from './denial.ts'
import { checkKey, type IdempotencyLedger, runOnce } from './idempotency.ts'
import { versionIn } from './if-match.ts'
import type { Operation, Target, Task } from './operation.ts'

/**
 * Another object was found under a name that has been granted on: no grant on the name counts from here on, until
 * somebody confirms it or takes it back.
 */
export type SuspendGrants = (expected: ExpectedUuid, found: string | undefined) => Promise<void>

export interface ExecuteDeps {
  readonly authorizer: Authorizer
  readonly idempotency: IdempotencyLedger
  readonly report: (event: string, error: unknown) => void
  readonly hop: string
  /** Absent: nothing is granted by uuid here. */
  readonly suspend?: SuspendGrants
  readonly trail: Trail
}

const claimOf = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  target: T,
  { caller, principal }: Trail,
): IdempotencyClaim | undefined => {
  if (!caller.idempotency || operation.kind === 'read') return undefined
  const key = checkKey(caller.idempotency.key)
  if (!operation.replay || target.repeatable) return undefined
  const scope = `${principal.id}/${target.warehouse?.id ?? target.project ?? 'server'}`
  return { scope, key, digest: caller.idempotency.digest() }
}

/** What resolve has found is read at once: a signal that could break it off would cost more than the read. */
const unbroken = new AbortController().signal

const nothingExpected = {}
const nothingForetold = {}

const expectedIn = ({ ifMatch }: Trail['caller']): Pick<CallContext, 'version'> => {
  const version = ifMatch === undefined ? undefined : versionIn(ifMatch)
  return version === undefined ? nothingExpected : { version }
}

/** Grants that stand for a uuid are worth nothing where another one is found. */
const expectedBy = (decision: Decision | null): Pick<CallContext, 'expected'> => {
  const expected = decision?.obligations?.expectUuids
  return expected === undefined ? nothingExpected : { expected }
}

export const contextOf = (
  target: Target,
  receipt: Receipt,
  { trail, hop }: Pick<ExecuteDeps, 'trail' | 'hop'>,
): CallContext => {
  const { caller, principal, kind } = trail
  const hops = checkHops(caller.hops, hop)
  return {
    signal: kind === 'read' && target.entries ? unbroken : caller.signal,
    requestId: caller.requestId,
    principal,
    delegation: caller.delegation,
    receipt,
    ...(hops.length > 0 ? { hops } : {}),
    ...expectedIn(caller),
    ...(target.entries ? { entries: target.entries } : {}),
    ...expectedBy(trail.decision),
  }
}

const taskOf = <T extends Target>(
  target: T,
  context: CallContext,
  { authorizer, trail }: ExecuteDeps,
): Task<T> => ({
  target,
  context,
  data: trail.decision?.obligations?.data,
  lent: trail.lent,
  visible: async (action, items, resourceOf) => {
    const resources = items.map(resourceOf)
    const seen = await deciding(() => authorizer.visible(context.principal, action, resources, trail))
    return items.filter((_, i) => seen[i] === true)
  },
  sight: async (parent) =>
    (await deciding(() => authorizer.sight?.(context.principal, parent, trail))) ?? 'some',
})

const kindOfMissing: Readonly<Partial<Record<CatalogError['type'], Need['resource']['kind']>>> = {
  NoSuchTableException: 'table',
  NoSuchViewException: 'view',
  NoSuchNamespaceException: 'namespace',
}

/** A catalog names what it misses as it knows it; the answer names it as the caller did, as a denial would. */
const inCallersWords = (error: unknown, needs: readonly Need[]): unknown => {
  if (!isCatalogError(error)) return error
  const kind = kindOfMissing[error.type]
  const named = needs.filter(({ resource }) => resource.kind === kind)
  const [only] = named
  if (!only || named.length > 1) return error
  const worded = missing(only.resource)
  return worded.message === error.message ? error : Object.assign(worded, { cause: error })
}

/** Work that stopped because nobody waits for it any more is no error of ours. */
export const given = (error: unknown, { caller }: Trail): unknown =>
  caller.signal.aborted && error === caller.signal.reason
    ? new CatalogError('RequestTimeoutException', 'The client went away', { cause: error })
    : error

/** Runs it, and notes what an upstream has changed then: a replay does not, since nothing has changed again. */
const runOf = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  task: Task<T>,
  trail: Trail,
): (() => Promise<Output>) => {
  const { changes } = operation
  if (!changes || !task.target.relayed) return () => operation.run(task)
  return async () => {
    const output = await operation.run(task)
    trail.changes = changes(task.target, output)
    return output
  }
}

const foretelling = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  target: T,
): Pick<Receipt, 'foretold'> =>
  operation.changes && target.relayed
    ? { foretold: () => operation.changes?.(target) ?? [] }
    : nothingForetold

export const suspendGrants = async (
  { expected, found }: UnexpectedUuid,
  { suspend, report }: Pick<ExecuteDeps, 'suspend' | 'report'>,
): Promise<void> => {
  try {
    await suspend?.(expected, found)
  } catch (failure) {
    report('grants.not-suspended', failure)
  }
}

/** The asker was allowed something else than what is there: to him that is missing, and on record it is a denial. */
const noteUnexpected = async (error: unknown, deps: ExecuteDeps): Promise<void> => {
  const cause = isCatalogError(error) ? error.cause : undefined
  if (!(cause instanceof UnexpectedUuid)) return
  if (isCatalogError(error, 'NoSuchTableException') || isCatalogError(error, 'NoSuchViewException'))
    deps.trail.decision = { allow: false, visible: false, reason: `grants suspended: ${cause.message}` }
  await suspendGrants(cause, deps)
}

export const execute = async <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  target: T,
  deps: ExecuteDeps,
): Promise<Output> => {
  const { trail, idempotency: ledger } = deps
  const claim = claimOf(operation, target, trail)
  const receipt: Receipt = {
    audit: draftOf(trail),
    ...(claim ? { idempotency: claim } : {}),
    ...foretelling(operation, target),
    written: false,
  }
  trail.receipt = receipt
  const task = taskOf(target, contextOf(target, receipt, deps), deps)
  const run = runOf(operation, task, trail)
  try {
    const { replay } = operation
    if (!claim || !replay) return await run()
    return await runOnce({
      ledger,
      claim,
      signal: trail.caller.signal,
      relayed: target.relayed === true,
      run,
      written: () => receipt.written,
      remember: (output) => replay.remember(output),
      recall: (outcome) => replay.recall(outcome, task),
      report: (error) => deps.report('idempotency.not-settled', error),
    })
  } catch (error) {
    await noteUnexpected(error, deps)
    throw inCallersWords(given(error, trail), trail.needs)
  }
}
