/** Everything that somebody holds in a project, and everybody who reaches an object: in pages. */
import { kindOf } from '#authn/people.ts'
import { whoMay as askWhoMay } from '#authz/who-may.ts'
import type { Action, Need, Principal } from '#model/access.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { type HeldGrant, keyOfHeld, keyOfReached, type ReachedGrant } from '#store/grant-listings.ts'
import type { Operation } from '../../operation.ts'
import { type PageAsked, type Paged, pageByKey } from '../management/paging.ts'
import { onProject, type ProjectTarget } from '../management/place.ts'
import { inProjectOf } from '../management/role-place.ts'
import { type About, principalOf } from './actions.ts'
import type { Kind } from './assignments.ts'
import { chainOfGoverned } from './objects.ts'
import { circumstancesOf, type GovernedTarget, needing, type PermissionDeps } from './place.ts'

export type ListHoldings = About & PageAsked & { readonly project?: string | undefined }

export interface HoldingsTarget extends ProjectTarget<ListHoldings> {
  readonly asker: Principal
}

/** One's own are one's own; those of others are for who may see the grants of the project. */
export const needsOfHoldings = (target: HoldingsTarget): readonly Need[] =>
  principalOf(target.asker, target.input) === undefined
    ? [{ action: 'describe', resource: { kind: 'server' } }]
    : onProject('read-grants')(target)

const listHoldings = (deps: PermissionDeps): Operation<ListHoldings, HoldingsTarget, Paged<HeldGrant>> => ({
  name: 'listHoldings',
  kind: 'read',
  success: 200,
  ...inProjectOf<ListHoldings>(deps),
  needs: needsOfHoldings,
  run: async ({ target: { input, asker, project } }) => {
    const holder = principalOf(asker, input) ?? asker
    const { roles } = await deps.standings.of(holder)
    const role = holder.assumedRole
    const subject = role === undefined ? { kind: 'principal', id: holder.id } : { kind: 'role', id: role }
    const held = subject as { readonly kind: 'principal' | 'role'; readonly id: string }
    return pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['holdings', project, asker.id, held]),
      read: (limit, after) =>
        deps.grants.listHoldings({
          ...{ projectId: project, subject: held, roles: [...roles], limit },
          ...(after !== undefined && { after }),
        }),
      keyOf: (grant) => keyOfHeld(grant, held),
    })
  },
})

/** Who may do one thing with an object, and by what. */
export interface ListReach extends PageAsked {
  /** What they must be able to do; to know of it, where nothing is said. */
  readonly action?: Action | undefined
}

/** What holdings show; faces take the type from here. */
export type { HeldGrant as HeldGrantShown } from '#store/grant-listings.ts'

export interface ReachedShown extends ReachedGrant {
  readonly by: 'direct' | 'role' | 'parent'
}

const byOf = (own: ObjectKey, { object, role }: ReachedGrant): ReachedShown['by'] => {
  if (object !== own) return 'parent'
  return role === null ? 'direct' : 'role'
}

interface Asked {
  readonly task: Parameters<Operation<ListReach, GovernedTarget<ListReach>, unknown>['run']>[0]
  readonly found: readonly ReachedGrant[]
}

/** What is granted above may give no right to this, and rules may forbid what is granted: each is asked about. */
const whoMay = async (
  deps: PermissionDeps,
  { task: { target, context }, found }: Asked,
): Promise<ReadonlySet<string>> => {
  const circumstances = await circumstancesOf(deps, context)
  const { action = 'describe' } = target.input
  const need = { action, resource: target.governed.resource }
  const ids = [...new Set(found.map(({ principal }) => principal))]
  const principals = ids.map((id): Principal => ({ kind: kindOf(id), id }))
  const may = await askWhoMay(deps.authorizer, { principals, need }, circumstances)
  return new Set(ids.filter((_, i) => may[i] === true))
}

/** A page may be shorter than asked for, and still not be the last one. */
export const listReach = <Input extends ListReach>(
  deps: PermissionDeps,
  { word, place }: Pick<Kind<Input>, 'word' | 'place'>,
): Operation<Input, GovernedTarget<Input>, Paged<ReachedShown>> => ({
  name: `list${word}Reach`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needing('read-grants'),
  run: async (task) => {
    const { input, governed, asker, project = null } = task.target
    const chain = chainOfGoverned(deps, governed)
    const page = await pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['reach', chain[0], asker.id, input.action]),
      read: (limit, after) =>
        deps.grants.listReach({
          ...{ chain, projectId: project, limit },
          ...(after !== undefined && { after }),
        }),
      keyOf: keyOfReached,
    })
    const may = await whoMay(deps, { task, found: page.items })
    const items = page.items
      .filter(({ principal }) => may.has(principal))
      .map((one) => ({ ...one, by: byOf(governed.place.object, one) }))
    return { ...page, items }
  },
})

export const createHoldingOperations = (deps: PermissionDeps) => ({ listHoldings: listHoldings(deps) })
