/** Who fills a role decides who has what it has: where that reaches beyond its project, its project does not decide alone. */
import type { Principal } from '#model/access.ts'
import { checkForGood, type LastingDeps } from './lasting.ts'
import { roleResource } from './role-place.ts'
import type { RoleRegistry } from './role-registry.ts'

export interface FillingDeps extends LastingDeps {
  readonly roles: Pick<RoleRegistry, 'reachesServer'>
}

interface Filled {
  readonly projectId: string
  readonly id: string
}

/** Forbidden where the right ends by which it is filled, and to whom may not grant on a server that the role has a right to. */
export const checkMayFill = async (deps: FillingDeps, principal: Principal, role: Filled): Promise<void> => {
  const right = { relation: 'can_manage', resource: roleResource(role) }
  await checkForGood(deps, { principal, what: 'membership', right })
  if (await deps.roles.reachesServer(role.id))
    await checkForGood(deps, {
      ...{ principal, what: 'membership of a role with rights to the server' },
      right: { relation: 'can_grant', resource: { kind: 'server' } },
    })
}
