/** Grants as privileges, in the one shape that Lakekeeper has for every kind of object besides its assignments. */
import { grantable } from '#authz/granting.ts'
import type { Need } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { HeldGrant } from '#store/grant-listings.ts'
import { keyOfHeld } from '#store/grant-listings.ts'
import type { Operation } from '../../operation.ts'
import { type PageAsked, type Paged, pageByKey } from '../management/paging.ts'
import type { ServerTarget } from '../management/place.ts'
import { inProjectOf } from '../management/role-place.ts'
import { onServer } from '../management/server.ts'
import { type About, needsAbout, principalOf } from './actions.ts'
import { type Kind, listedOf } from './assignments.ts'
import { whichMayBeGranted } from './granters.ts'
import { type HoldingsTarget, type ListHoldings, needsOfHoldings } from './holdings.ts'
import { idOf } from './objects.ts'
import { type Governed, type GovernedTarget, needing, type PermissionDeps } from './place.ts'
import {
  type GrantedType,
  relationOf,
  type ShownAssignment,
  shownOf,
  subjectIn,
  subjectWire,
  type UserOrRole,
  wireRelations,
} from './wire-relations.ts'

export type ListGrants = About & PageAsked

/** An object as clients name it. */
export interface ShownResource {
  readonly type: GrantedType
  readonly id: string
  readonly warehouse?: string
}

export interface ShownGrant extends UserOrRole {
  readonly privilege: string
  readonly resource: ShownResource
}

const resourceOf = (type: GrantedType, governed: Governed): ShownResource => {
  const { object, warehouseId } = governed.place
  const inWarehouse = type === 'namespace' || type === 'table' || type === 'view'
  return {
    type,
    id: inWarehouse ? idOf(governed) : object.slice(object.indexOf(':') + 1),
    ...(warehouseId === undefined ? {} : { warehouse: warehouseId }),
  }
}

const keyOf = ({ type, user, role }: ShownAssignment): string =>
  [type, user === undefined ? 'role' : 'user', user ?? role ?? ''].join('\n')

const byKey = (one: ShownAssignment, other: ShownAssignment): number =>
  Buffer.compare(Buffer.from(keyOf(one)), Buffer.from(keyOf(other)))

/** One's own are shown to whoever sees the object. */
const needsOfGrants = (target: GovernedTarget<ListGrants>): readonly Need[] => {
  const { principalUser, principalRole } = target.input
  const own =
    (principalUser !== undefined || principalRole !== undefined) &&
    principalOf(target.asker, target.input) === undefined
  return needing(own ? 'describe' : 'read-grants')(target)
}

const allOn = async (
  deps: PermissionDeps,
  type: GrantedType,
  { governed, input }: GovernedTarget<ListGrants>,
): Promise<readonly ShownAssignment[]> => {
  const { principalUser: user, principalRole: role } = input
  const grants = await deps.grants.listGrants(governed.place.object)
  const all = [...(await listedOf(deps, governed)), ...grants.map((grant) => shownOf(type, grant))]
  if (user === undefined && role === undefined) return all.toSorted(byKey)
  const wanted = subjectWire(subjectIn({ user, role }))
  return all.filter((one) => one.user === wanted.user && one.role === wanted.role).toSorted(byKey)
}

export const listGrants = <Input extends ListGrants>(
  deps: PermissionDeps,
  { type, word, place }: Kind<Input>,
): Operation<Input, GovernedTarget<Input>, Paged<ShownGrant>> => ({
  name: `list${word}Grants`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needsOfGrants,
  run: async ({ target }) => {
    const { input, governed, asker } = target
    const all = await allOn(deps, type, target)
    const page = await pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['grants', governed.place.object, asker.id, principalOf(asker, input)]),
      read: async (limit, after) =>
        all
          .filter(
            (one) => after === undefined || Buffer.compare(Buffer.from(keyOf(one)), Buffer.from(after)) > 0,
          )
          .slice(0, limit),
      keyOf,
    })
    const resource = resourceOf(type, governed)
    const items = page.items.map(({ type: privilege, user, role }) => ({
      ...{ privilege, resource },
      ...(user === undefined ? {} : { user }),
      ...(role === undefined ? {} : { role }),
    }))
    return { ...page, items }
  },
})

export interface Grantable {
  readonly type: GrantedType
  readonly privilege: string
  readonly allowed: boolean
}

/** All that can be granted on the object, each with whether it may be granted by whoever is asked about. */
export const getGrantable = <Input extends About>(
  deps: PermissionDeps,
  { type, word, place }: Kind<Input>,
): Operation<Input, GovernedTarget<Input>, readonly Grantable[]> => ({
  name: `get${word}GrantablePrivileges`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needsAbout('describe'),
  run: async ({ target: { governed, input, asker, project } }) => {
    const wires = wireRelations(type)
    const principal = principalOf(asker, input) ?? asker
    const relations = wires.map((wire) => relationOf(type, wire))
    const granted = await whichMayBeGranted(deps, { principal, governed, project }, relations)
    return wires.map((privilege, i) => ({ type, privilege, allowed: granted[i]?.allowed === true }))
  },
})

const types: readonly GrantedType[] = [
  ...(['server', 'project', 'warehouse', 'namespace', 'table', 'view', 'role', 'connection', 'tag'] as const),
]

const getVocabulary = (): Operation<object, ServerTarget<object>, readonly Omit<Grantable, 'allowed'>[]> => ({
  name: 'getGrantablePrivileges',
  kind: 'read',
  success: 200,
  resolve: onServer,
  needs: () => [{ action: 'describe', resource: { kind: 'server' } }],
  run: async () =>
    types
      .filter((type) => grantable[type].length > 0)
      .flatMap((type) => wireRelations(type).map((privilege) => ({ type, privilege }))),
})

/** What one principal holds in the project by itself: holdings without those of its roles. */
const listOfPrincipal = (
  deps: PermissionDeps,
): Operation<ListHoldings, HoldingsTarget, Paged<HeldGrant & { readonly subject: UserOrRole }>> => ({
  name: 'listGrants',
  kind: 'read',
  success: 200,
  ...inProjectOf<ListHoldings>(deps),
  needs: needsOfHoldings,
  run: async ({ target: { input, asker, project } }) => {
    const { principalUser: user, principalRole: role } = input
    if (user === undefined && role === undefined)
      throw new CatalogError('BadRequestException', 'One of principalUser and principalRole must be named')
    const subject = subjectIn({ user, role })
    const held = { kind: subject.kind === 'role' ? 'role' : 'principal', id: subject.id } as const
    const page = await pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['grants', project, asker.id, held]),
      read: (limit, after) =>
        deps.grants.listHoldings({
          ...{ projectId: project, subject: held, roles: [], limit },
          ...(after !== undefined && { after }),
        }),
      keyOf: (grant) => keyOfHeld(grant, held),
    })
    return { ...page, items: page.items.map((one) => ({ ...one, subject: subjectWire(subject) })) }
  },
})

export const createPrivilegeOperations = (deps: PermissionDeps) => ({
  getGrantablePrivileges: getVocabulary(),
  listGrants: listOfPrincipal(deps),
})
