/** The one way in. Every operation of every face passes these five steps in this order. */
import type { Authenticator } from '#authn/authenticator.ts'
import type { Engines } from '#authn/engines.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import { asCertain } from '#catalog/certainty.ts'
import type { Principal } from '#model/access.ts'
import { type AuditSink, audit, openTrail, type RecordRelayed, type Trail } from './audit.ts'
import { authenticate, type HoldsRole } from './authenticate.ts'
import { authorize, letIn } from './authorize.ts'
import { authorizeWay } from './authorize-way.ts'
import { execute, type SuspendGrants } from './execute.ts'
import type { IdempotencyLedger } from './idempotency.ts'
import type { Caller, Operation, Target } from './operation.ts'
import type { RateLimits } from './rate-limits.ts'
import { resolve } from './resolve.ts'

export interface PipelineDeps {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** For those who ask to act with one role. Absent: nobody has one. */
  readonly holdsRole?: HoldsRole
  /** Whose word is taken on the user for whom it asks. Absent: nobody's. */
  readonly engines?: Engines | undefined
  /** Absent: nobody asks too often. */
  readonly limits?: RateLimits | undefined
  readonly audit: AuditSink
  readonly recordRelayed: RecordRelayed
  readonly idempotency: IdempotencyLedger
  /** This gateway in the hop header (`#catalog/hops.ts`): a request that has passed it before is a loop. */
  readonly hop: string
  /** Absent: nothing is granted by uuid. */
  readonly suspend?: SuspendGrants
  /** Told of what went wrong after an answer was decided. */
  readonly report: (event: string, error: unknown) => void
}

interface Ask<Input> {
  readonly caller: Caller
  /** Reads the request. Called once its sender is known, so that nothing of a stranger's body is ever kept. */
  readonly read: () => Input | Promise<Input>
}

export type Pipeline = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  ask: Ask<Input>,
) => Promise<Output>

/** A change that ended before it was handed to its catalog has not happened: no 5xx must leave that open. */
const before = ({ kind, receipt }: Trail, error: unknown): unknown =>
  kind === 'change' && receipt === null ? asCertain(error) : error

const identify = (
  { open, certified }: { readonly open?: true; readonly certified?: true },
  deps: PipelineDeps,
  trail: Trail,
): Principal | Promise<Principal> => (open ? trail.principal : authenticate(deps, trail, certified))

interface Allowing extends PipelineDeps {
  readonly trail: Trail
}

/** What is allowed and goes to an upstream is bounded there: what is denied takes nobody's place. */
const allow = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  target: T,
  deps: Allowing,
): void | Promise<void> => {
  const { authorizer, limits, trail } = deps
  if (operation.open) return letIn(trail, target.asker)
  const missing = () => operation.missing?.(target)
  if (target.way) return authorizeWay(target.way, { ...deps, limits, missing })
  const authorized = authorize(authorizer, trail, missing)
  if (!limits) return authorized
  return authorized ? authorized.then(() => limits.reach(trail)) : limits.reach(trail)
}

/** On record is what the answer says, not what was foretold of it. */
const noteVerdict = <Input, T extends Target, Output>(
  { verdictOf }: Operation<Input, T, Output>,
  output: Output,
  trail: Trail,
): void => {
  if (verdictOf) Object.assign(trail, verdictOf(output), { receipt: null })
}

/** What is known at once is not waited for: each `await` costs a load of the most frequent kind a percent. */
export const createPipeline = (deps: PipelineDeps): Pipeline => {
  return async (operation, ask) => {
    const trail = openTrail(operation, ask.caller)
    deps.audit.admit()
    try {
      const principal = identify(operation, deps, trail)
      trail.principal = principal instanceof Promise ? await principal : principal
      const { authorizer, limits } = deps
      const target = await resolve(operation, { read: ask.read, authorizer, limits, trail })
      const decided = { ...deps, trail }
      const authorized = allow(operation, target, decided)
      if (authorized) await authorized
      const output = await execute(operation, target, decided)
      if (operation.statusOf) trail.status = operation.statusOf(output)
      noteVerdict(operation, output, trail)
      return output
    } catch (error) {
      trail.error = before(trail, error)
      throw trail.error
    } finally {
      const recorded = audit(deps.audit, deps.recordRelayed, trail)
      if (recorded) await recorded
    }
  }
}
