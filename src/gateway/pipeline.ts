/** The one way in. Every operation of every face passes these five steps in this order. */
import type { Authenticator } from '#authn/authenticator.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import { type AuditSink, audit, openTrail } from './audit.ts'
import { authenticate } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { execute } from './execute.ts'
import type { IdempotencyLedger } from './idempotency.ts'
import type { Caller, Operation, Target } from './operation.ts'
import { resolve } from './resolve.ts'

export interface PipelineDeps {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly audit: AuditSink
  readonly idempotency: IdempotencyLedger
  /** This gateway in the hop header (`#catalog/hops.ts`): a request that has passed it before is a loop. */
  readonly hop: string
  /** Told of what went wrong after an answer was decided. */
  readonly report: (event: string, error: unknown) => void
}

interface Ask<Input> {
  readonly caller: Caller
  /** Reads the request. Called once its sender is known, so that a stranger's body is never parsed. */
  readonly read: () => Input
}

export type Pipeline = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  ask: Ask<Input>,
) => Promise<Output>

export const createPipeline = (deps: PipelineDeps): Pipeline => {
  return async (operation, ask) => {
    const trail = openTrail(operation, ask.caller)
    deps.audit.admit()
    try {
      await authenticate(deps.authenticator, trail)
      const target = await resolve(operation, ask.read, trail)
      await authorize(deps.authorizer, trail, () => operation.missing?.(target))
      return await execute(operation, target, { ...deps, trail })
    } catch (error) {
      trail.error = error
      throw error
    } finally {
      await audit(deps.audit, trail)
    }
  }
}
