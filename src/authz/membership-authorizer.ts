/**
 * The built-in authorizer: server administrators administer, members of a project do everything inside it, and every
 * other project is invisible. It decides until policies are written.
 */
import type { Action, Decision, Need, Principal, Resource } from '#model/access.ts'
import type { Authorizer } from './authorizer.ts'
import type { Standing, Standings } from './standing.ts'

export interface MembershipDeps {
  readonly standings: Standings
  /** From memory; undefined where no such warehouse is open. */
  readonly projectOf: (warehouseId: string) => string | undefined
}

const byMembership: Decision = { allow: true, visible: true, reason: 'member of the project' }
const byAdministration: Decision = { allow: true, visible: true, reason: 'server administrator' }
const byAuthentication: Decision = { allow: true, visible: true, reason: 'open to whoever is authenticated' }
const byToken: Decision = { allow: true, visible: true, reason: 'the token of the configuration' }

/** What everybody may ask of the server: who it is, who one is oneself, and which projects one sees. */
const openActions: ReadonlySet<Action> = new Set(['describe', 'list'])

/** Of a warehouse, its administration; what clients do with one begins with its configuration and is data. */
const administrativeActions: ReadonlySet<Action> = new Set(['describe', 'manage', 'drop'])

/** What an administrator may do anywhere. Namespaces, tables and views are nowhere among it. */
const isAdministration = ({ action, resource }: Need): boolean => {
  switch (resource.kind) {
    case 'server':
    case 'project':
    case 'connection':
    case 'user':
    case 'service-account':
    case 'role':
      return true
    case 'warehouse':
      return administrativeActions.has(action)
    default:
      return false
  }
}

/** The principal of the configured token stands outside of all records, unless it acts with a role. */
const isConfigured = ({ kind, assumedRole }: Principal): boolean =>
  kind === 'token' && assumedRole === undefined

interface Ask {
  readonly standing: Standing
  readonly principal: Principal
  readonly projectOf: MembershipDeps['projectOf']
}

const projectOfResource = (
  resource: Resource,
  projectOf: MembershipDeps['projectOf'],
): string | undefined => {
  if ('project' in resource) return resource.project
  return 'warehouse' in resource ? projectOf(resource.warehouse) : undefined
}

const isOwn = ({ kind, id }: Principal, resource: Resource): boolean =>
  resource.kind === 'user' && kind === 'user' && resource.user === id

/** A member does not end the project itself. */
const endsProject = ({ action, resource }: Need): boolean => resource.kind === 'project' && action === 'drop'

const isMember = ({ standing, projectOf }: Ask, resource: Resource): boolean => {
  const project = projectOfResource(resource, projectOf)
  return project !== undefined && standing.projects.has(project)
}

const refused = (need: Need, visible: boolean, reason: string): Decision => ({
  allow: false,
  visible,
  reason,
  denied: need,
})

/** For whoever neither is a member nor administers: the server itself and what people may know of one another. */
const decideOpen = ({ principal }: Ask, need: Need): Decision => {
  const { resource, action } = need
  if (resource.kind === 'server' && openActions.has(action)) return byAuthentication
  if (resource.kind === 'user' && (action === 'describe' || isOwn(principal, resource)))
    return byAuthentication
  const known = resource.kind === 'server' || resource.kind === 'user'
  return refused(need, known, known ? 'not a server administrator' : 'not a member of the project')
}

const decideOne = (ask: Ask, need: Need): Decision => {
  const member = isMember(ask, need.resource)
  if (member && !endsProject(need)) return byMembership
  if (ask.standing.serverAdmin)
    return isAdministration(need)
      ? byAdministration
      : refused(need, true, 'a server administrator has no right to data')
  return member ? refused(need, true, 'not a server administrator') : decideOpen(ask, need)
}

const nothingAsked: Decision = { allow: false, visible: true, reason: 'no need was named' }

const decide = (ask: Ask, needs: readonly Need[]): Decision => {
  let decision = nothingAsked
  for (const need of needs) {
    decision = decideOne(ask, need)
    if (!decision.allow) return decision
  }
  return decision
}

const seen = (ask: Ask, action: Action, candidates: readonly Resource[]): readonly boolean[] =>
  candidates.map((resource) => decideOne(ask, { action, resource }).allow)

/** At once where the standing is known. */
const withStanding = <T>(
  standings: Standings,
  principal: Principal,
  use: (standing: Standing) => T,
): T | Promise<T> => {
  const standing = standings.of(principal)
  return standing instanceof Promise ? standing.then(use) : use(standing)
}

export const createMembershipAuthorizer = ({ standings, projectOf }: MembershipDeps): Authorizer => ({
  check: (principal, needs) =>
    isConfigured(principal)
      ? byToken
      : withStanding(standings, principal, (standing) => decide({ standing, principal, projectOf }, needs)),
  enters: (principal, project) =>
    isConfigured(principal) ||
    withStanding(standings, principal, ({ serverAdmin, projects }) => serverAdmin || projects.has(project)),
  visible: (principal, action, candidates) =>
    isConfigured(principal)
      ? candidates.map(() => true)
      : withStanding(standings, principal, (standing) =>
          seen({ standing, principal, projectOf }, action, candidates),
        ),
})
