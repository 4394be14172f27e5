/** Roles in roles as a naive model has them: walks of a list of edges, without an index, a bound or a query. */

export interface RoleModel {
  readonly roles: Set<string>
  /** `[role, member]`: who is in which role; members are roles or principals. */
  readonly edges: [role: string, member: string][]
  readonly depth: number
}

type Walk = (from: string) => readonly string[]

const walked = (start: string, next: Walk): ReadonlySet<string> => {
  const seen = new Set<string>()
  const open = [...next(start)]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue
    seen.add(one)
    open.push(...next(one))
  }
  return seen
}

const above =
  ({ edges }: RoleModel): Walk =>
  (from) =>
    edges.filter(([, member]) => member === from).map(([role]) => role)
const below =
  ({ edges }: RoleModel): Walk =>
  (from) =>
    edges.filter(([role]) => role === from).map(([, member]) => member)

/** Every role that somebody, or a role, is in. */
export const rolesOf = (model: RoleModel, member: string): ReadonlySet<string> => walked(member, above(model))

/** Everybody, and every role, that is in a role. */
export const membersOf = (model: RoleModel, role: string): ReadonlySet<string> => walked(role, below(model))

const longest = (from: string, next: Walk): number =>
  Math.max(0, ...next(from).map((one) => 1 + longest(one, next)))

export type Verdict = 'none' | 'RoleMembershipCycle' | 'RoleMembershipDepthExceeded'

/** What must be said about putting one role into another. */
export const judge = (model: RoleModel, role: string, member: string): Verdict => {
  if (role === member || membersOf(model, member).has(role)) return 'RoleMembershipCycle'
  const inRoles: Walk = (from) => below(model)(from).filter((one) => model.roles.has(one))
  const far = longest(role, above(model)) + 1 + longest(member, inRoles)
  return far > model.depth ? 'RoleMembershipDepthExceeded' : 'none'
}

export const put = (model: RoleModel, role: string, member: string): void => {
  if (!model.edges.some(([one, other]) => one === role && other === member)) model.edges.push([role, member])
}
