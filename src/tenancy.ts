/** Projects, who is in them, and what follows from that: the parts that decide what an asker may and knows of. */

import type { IdentityMemory } from '#authn/identity-memory.ts'
import { createAllowAll } from '#authz/allow-all.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import { createExternal, type ExternalDeps } from '#authz/external/external.ts'
import type { FgaAccess } from '#authz/openfga/fga-client.ts'
import { createRestricted } from '#authz/restricted.ts'
import type { Standings } from '#authz/standing.ts'
import { createStandings } from '#authz/standings.ts'
import type { HoldsRole } from '#gateway/authenticate.ts'
import { isId } from '#gateway/operations/management/place.ts'
import type { ProjectRegistry } from '#gateway/operations/management/project-registry.ts'
import type { RoleRegistry } from '#gateway/operations/management/role-registry.ts'
import { createStoreProjects } from '#gateway/operations/management/store-projects.ts'
import { createStoreRoles } from '#gateway/operations/management/store-roles.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { loadStanding } from '#store/standings.ts'
import { type OpenGovernance, openGovernance } from './governance.ts'
import { createPolicy, type Policy } from './policy.ts'
import { defaultProject } from './records.ts'
import type { OpenDirectory } from './warehouse-directory.ts'

export interface TenancyDeps {
  readonly database: Database
  readonly serverId: string
  readonly directory: OpenDirectory
  /** Nobody is asked who they are, and everything is allowed. */
  readonly development: boolean
  /** Told of each change here, before it is answered: by then nobody remembers how it was. */
  readonly changed: (event: Pick<EventDraft, 'type' | 'object'>) => Promise<void>
  /** The OpenFGA server that evaluates grants, where one is configured. */
  readonly fga?: FgaAccess
  /** Has to allow as well, where one is configured. */
  readonly external?: ExternalDeps | undefined
  readonly report: (event: string, error: unknown) => void
}

export interface Tenancy {
  readonly authorizer: Authorizer
  /** As `GET /management/v1/info` names the authorizer. */
  readonly authorizerName: string
  readonly projects: ProjectRegistry
  readonly roles: RoleRegistry
  readonly holdsRole: HoldsRole
  readonly standings: Standings
  /** What is remembered of roles and memberships: told of every change of them. */
  readonly memory: IdentityMemory
  /** Absent in development mode: everything is allowed. */
  readonly policy?: Policy
  readonly governance: OpenGovernance
}

/** One that this process has not heard of may have been made by another one a moment ago. */
const knowsProject =
  (directory: OpenDirectory): ProjectRegistry['knows'] =>
  (id) =>
    directory.hasProject(id) || directory.refresh().then(() => directory.hasProject(id))

/** Whoever stands in no record (the static token, anybody in development) may act with any role that there is. */
const createHoldsRole =
  ({ of }: Standings): HoldsRole =>
  (principal, role) => {
    const recorded = principal.kind === 'user' || principal.kind === 'service-account'
    if (!isId(role)) return false
    const standing = of(recorded ? principal : { ...principal, assumedRole: role })
    return standing instanceof Promise
      ? standing.then(({ roles }) => roles.has(role))
      : standing.roles.has(role)
  }

export const createTenancy = (deps: TenancyDeps): Tenancy => {
  const { database, directory, development, report } = deps
  const standings = createStandings({
    load: (principal) => loadStanding(database, principal),
    loadEpoch: () => loadIdentityEpoch(database),
    now: () => performance.now(),
    report: (error) => report('identity.not-looked-at', error),
  })
  const memory = { drop: standings.forget, clear: standings.forget }
  const projects = createStoreProjects({
    database,
    defaultProject,
    knows: knowsProject(directory),
    changed: async (event) => {
      await deps.changed(event)
      await directory.refresh()
    },
    report: (error) => report('projects.not-refreshed', error),
  })
  const { projectOf } = directory
  const { serverId } = deps
  const tree = { server: serverId, projectOf }
  const governance = openGovernance({ database, tree, report })
  const { rules } = governance
  const policy = development
    ? undefined
    : createPolicy({
        database,
        serverId,
        standings,
        projectOf,
        rules,
        report,
        ...(deps.fga ? { fga: deps.fga } : {}),
      })
  policy?.remember(governance.memory)
  const decided = createRestricted(policy?.authorizer ?? createAllowAll(), {
    ...{ memory: governance.memory, tree, rules, standings },
  })
  return {
    authorizer: deps.external ? createExternal(decided, deps.external) : decided,
    governance,
    authorizerName: policy?.authorizerName ?? 'allow-all',
    ...(policy === undefined ? {} : { policy }),
    projects,
    roles: createStoreRoles({
      ...{ database, changed: deps.changed },
      report: (error) => report('roles.not-refreshed', error),
    }),
    holdsRole: createHoldsRole(standings),
    standings,
    memory,
  }
}
