/** Who asks, when, and with whose answers the policy authorizer decides. */
import type { Need, Principal, Resource } from '#model/access.ts'
import type { AskingDeps } from './asking.ts'
import type { Circumstances } from './authorizer.ts'
import type { DataLevels } from './data-levels.ts'
import type { GovernedObjects } from './governed.ts'
import type { GrantEngine, Subject } from './grants.ts'
import type { Navigation } from './navigation.ts'
import type { Rules } from './rules.ts'
import type { Standing, Standings } from './standing.ts'

export interface PolicyAuthorizerDeps extends AskingDeps {
  readonly standings: Standings
  readonly engine: GrantEngine
  readonly navigation: Navigation
  readonly governed: GovernedObjects
  readonly levels: DataLevels
  /** Absent: nothing is forbidden that has been granted. */
  readonly rules?: Rules
}

export interface Ask {
  readonly principal: Principal
  readonly standing: Standing
  readonly subject: Subject
  readonly circumstances: Circumstances
}

export type Awaitable<T> = T | Promise<T>

/** At once where the value is there: what is known is not waited for. */
export const after = <T, U>(value: Awaitable<T>, use: (value: T) => Awaitable<U>): Awaitable<U> =>
  value instanceof Promise ? value.then(use) : use(value)

/** What can have something inside that has been granted on. */
export const leadsSomewhere = ({ kind }: Resource): boolean =>
  kind === 'namespace' || kind === 'warehouse' || kind === 'project'

const aboutGrants: ReadonlySet<Need['action']> = new Set(['manage', 'read-grants', 'grant', 'tag'])

/** What clients do with content; the rest administers, and there nothing remembered decides. */
const isContent = ({ action, resource: { kind } }: Need): boolean => {
  if (kind === 'namespace' || kind === 'table' || kind === 'view') return !aboutGrants.has(action)
  return kind === 'warehouse' && (action === 'get-config' || action === 'list')
}

/** How old what is remembered may be (`GrantEngine.check`). */
export const notBeforeOf = (needs: readonly Need[], { policyEpoch }: Circumstances): number | undefined =>
  needs.every(isContent) ? policyEpoch : Number.POSITIVE_INFINITY
