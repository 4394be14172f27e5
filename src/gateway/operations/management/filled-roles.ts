/** Who fills a role decides who has what it has: where that is more than he could grant, he does not. */
import type { Principal } from '#model/access.ts'
import { checkForGood, type LastingDeps } from './lasting.ts'
import { roleResource } from './role-place.ts'
import type { RoleRegistry } from './role-registry.ts'

export interface FillingDeps extends LastingDeps {
  readonly roles: Pick<RoleRegistry, 'reachesServer' | 'administersProject'>
}

interface Filled {
  readonly projectId: string
  readonly id: string
}

/**
 * Forbidden where the right ends by which it is filled; to whom does not administer the project that the role
 * administers; and to whom may not grant on the server that the role has a right to.
 */
export const checkMayFill = async (deps: FillingDeps, principal: Principal, role: Filled): Promise<void> => {
  const right = { relation: 'can_manage', resource: roleResource(role) }
  await checkForGood(deps, { principal, what: 'membership', right })
  if (await deps.roles.administersProject(role))
    await checkForGood(deps, {
      ...{ principal, what: 'membership of a role that administers the project' },
      right: { relation: 'can_manage', resource: { kind: 'project', project: role.projectId } },
    })
  if (await deps.roles.reachesServer(role.id))
    await checkForGood(deps, {
      ...{ principal, what: 'membership of a role with rights to the server' },
      right: { relation: 'can_grant', resource: { kind: 'server' } },
    })
}
