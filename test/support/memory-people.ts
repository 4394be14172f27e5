/** A register of people in memory that notes every change. */
import type { PeopleRegistry } from '#gateway/operations/management/people-registry.ts'
import type { ApiKeyRecord } from '#store/api-keys.ts'
import type { PrincipalRecord } from '#store/principals.ts'

export const aliceId = 'oidc~alice'
export const accountId = 'lakegate~0190a1b2-0000-7000-8000-0000000000aa'
export const keyId = '0190a1b2-0000-7000-8000-0000000000bb'

const stamp = { active: true, serverAdmin: false, externalId: null, lastSeenAt: null, version: 1 }
const times = { createdAt: new Date(0), updatedAt: new Date(0) }

/** Holds one user, one service account and one key; changes are noted, not made. */
export const createMemoryPeople = (projectId: string, changes: string[]): PeopleRegistry => {
  const alice: PrincipalRecord = {
    ...{ id: aliceId, kind: 'user', userType: 'human', name: 'Alice', email: null, projectId: null },
    ...{ lastUpdatedWith: 'create-endpoint', ...stamp, ...times },
  }
  const account: PrincipalRecord = {
    ...alice,
    ...{ id: accountId, kind: 'service-account', userType: 'application', name: 'loader', projectId },
  }
  const key: ApiKeyRecord = {
    ...{ id: keyId, principalId: accountId, kind: 'api-key', name: 'first', hint: 'lg_abcd' },
    ...{ expiresAt: null, lastUsedAt: null, createdAt: new Date(0) },
  }
  const note =
    <T>(name: string, result: T) =>
    async (): Promise<T> => {
      changes.push(name)
      return result
    }
  return {
    find: async (id) => [alice, account].find((one) => one.id === id),
    listUsers: async () => [alice],
    searchUsers: async () => [alice],
    createUser: note('createUser', alice),
    change: async (_context, { id }) => note('changePrincipal', id === accountId ? account : alice)(),
    remove: note('removePrincipal', undefined),
    listServiceAccounts: async () => [account],
    createServiceAccount: note('createServiceAccount', account),
    listKeys: async () => [key],
    createKey: note('createKey', key),
    revokeKey: note('revokeKey', undefined),
  }
}
