import type { CatalogError } from '#model/errors.ts'
import type { Operation, Target } from '../operation.ts'

/** What leads to no operation passes the pipeline as this one: its sender is known, and on record, before it is refused. */
export const unmatchedRoute: Operation<CatalogError, Target, never> = {
  name: 'unmatchedRoute',
  kind: 'read',
  success: 200,
  resolve: (refusal) => Promise.reject(refusal),
  needs: () => [{ action: 'describe', resource: { kind: 'server' } }],
  run: () => Promise.reject(new Error('resolving it has refused it')),
}
