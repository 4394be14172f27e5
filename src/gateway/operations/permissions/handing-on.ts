/** What somebody may only hand on goes to others: who holds it for a while would keep it for good by handing it to himself. */
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { GrantDraft } from '#store/grants.ts'
import { governedRole, type PermissionDeps } from './place.ts'

type Deps = Pick<PermissionDeps, 'roles' | 'rights' | 'standings' | 'policyEpoch'>

const refused = (): CatalogError =>
  new CatalogError('ForbiddenException', 'Not allowed: grant to oneself what one may hand on')

const longestNesting = 100_000

/** The role, and every role that has it by being in it. */
const withRolesInside = async ({ roles }: Deps, id: string): Promise<readonly string[]> => {
  const inside = await roles.listMembers(id, { reach: 'transitive', kind: 'role', limit: longestNesting })
  return [id, ...inside.map((member) => member.id)]
}

/** By all that he is, whatever role he acts with. */
const rolesOf = async ({ standings }: Deps, asker: Principal): Promise<ReadonlySet<string>> => {
  const { assumedRole: _, ...whole } = asker
  const [acting, all] = [await standings.of(asker), await standings.of(whole)]
  return new Set([...acting.roles, ...all.roles])
}

/** Whoever owns a role says who is in it. */
const ownsOne = async (
  { rights, policyEpoch }: Deps,
  asker: Principal,
  at: { readonly project: string; readonly roles: readonly string[] },
): Promise<boolean> => {
  const { assumedRole: _, ...whole } = asker
  const questions = at.roles.map((role) => ({
    relation: 'ownership',
    resource: governedRole(at.project, role).resource,
  }))
  const epoch = await policyEpoch()
  const answers = await Promise.all([asker, whole].map((who) => rights.holds(who, questions, epoch)))
  return answers.flat().includes(true)
}

/** Forbidden where it would come back: by one's own name, by a role that one has, or one that one can put oneself into. */
export const checkHandedOn = async (
  deps: Deps,
  { asker, project = '' }: { readonly asker: Principal; readonly project?: string | undefined },
  writes: readonly GrantDraft[],
): Promise<void> => {
  const to = (kind: GrantDraft['subject']['kind']): readonly string[] =>
    writes.flatMap(({ subject }) => (subject.kind === kind ? [subject.id] : []))
  if (to('principal').includes(asker.id)) throw refused()
  const given = [...new Set(to('role'))]
  if (given.length === 0) return
  const roles = (await Promise.all(given.map((id) => withRolesInside(deps, id)))).flat()
  const own = await rolesOf(deps, asker)
  if (roles.some((id) => own.has(id)) || (await ownsOne(deps, asker, { project, roles }))) throw refused()
}
