/** A register of roles in memory that notes every change. */
import type { RoleRegistry } from '#gateway/operations/management/role-registry.ts'
import type { KnownMember } from '#store/role-listings.ts'
import type { RoleRecord } from '#store/roles.ts'

export const roleId = '0190a1b2-0000-7000-8000-00000000000a'

const role: RoleRecord = {
  ...{ id: roleId, projectId: 'default', name: 'analysts', description: null },
  ...{ providerId: 'lakegate', sourceId: roleId, version: 1 },
  ...{ createdAt: new Date(0), updatedAt: new Date(0) },
}

const members: readonly KnownMember[] = [
  { kind: 'principal', id: 'oidc~alice', name: 'Alice', email: null, userType: 'human' },
  { kind: 'role', id: roleId, name: 'readers', providerId: 'lakegate', sourceId: roleId },
]

/** Holds one role with two members; the names of the members that change something go into `changes`. */
export const createMemoryRoles = (changes: string[] = []): RoleRegistry => {
  const note =
    <T>(name: string, result: T) =>
    async (): Promise<T> => {
      changes.push(name)
      return result
    }
  return {
    listRoles: async () => [role],
    searchRoles: async () => [role],
    findRole: async (id) => (id === roleId ? role : undefined),
    findRoles: async (ids) => [role].filter(({ id }) => ids.includes(id)),
    isUsed: async () => false,
    reachesServer: async () => false,
    administersProject: async () => false,
    createRole: note('createRole', role),
    changeRole: note('changeRole', role),
    bindRole: note('bindRole', role),
    removeRole: note('removeRole', undefined),
    addMembers: note('addMembers', undefined),
    removeMember: note('removeMember', undefined),
    listMembers: async () => members,
    listHeld: async () => [role],
    hasPrincipal: async () => true,
  }
}
