/** The register of people on our store. */
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import * as keys from '#store/api-keys.ts'
import type { Database } from '#store/database.ts'
import * as principals from '#store/principals.ts'
import { searchUsers } from '#store/principals-search.ts'
import type { PeopleRegistry } from './people-registry.ts'
import { type Change, createChange, type StoreChangeDeps } from './store-change.ts'

/** Without name and address: events leave the house. */
const eventOf = (type: string, { id, kind, projectId }: principals.PrincipalRecord): EventDraft => ({
  type: `principal.${type}`,
  object: id,
  warehouse: '',
  data: { kind, project: projectId },
})

const keyEvent = (type: string, { id, principalId, kind, name }: keys.ApiKeyRecord): EventDraft => ({
  type: `api-key.${type}`,
  object: id,
  warehouse: '',
  data: { principal: principalId, kind, name },
})

const wordOf = ({ active }: principals.PrincipalChange): string => {
  if (active === undefined) return 'changed'
  return active ? 'activated' : 'deactivated'
}

type PrincipalChanges = Pick<PeopleRegistry, 'createUser' | 'change' | 'remove' | 'createServiceAccount'>

const principalChanges = (change: Change): PrincipalChanges => ({
  createUser: (context, draft) =>
    change(context, async (tx) => {
      const result = await principals.insertUser(tx, draft)
      return { result, event: eventOf('created', result) }
    }),
  change: (context, target, asked) =>
    change(context, async (tx) => {
      const result = await principals.updatePrincipal(tx, target, asked)
      return { result, event: eventOf(wordOf(asked), result) }
    }),
  remove: (context, target) =>
    change(context, async (tx) => {
      const row = await principals.deletePrincipal(tx, target)
      return { result: undefined, event: eventOf('deleted', row) }
    }),
  createServiceAccount: (context, draft) =>
    change(context, async (tx) => {
      const result = await principals.insertServiceAccount(tx, draft)
      return { result, event: eventOf('created', result) }
    }),
})

const missingAccount = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Service account does not exist: ${id}`)

const keyChanges = (change: Change): Pick<PeopleRegistry, 'createKey' | 'revokeKey'> => ({
  createKey: (context, draft) =>
    change(context, async (tx) => {
      const result = await keys.insertApiKey(tx, draft)
      // Asked under the epoch that the insert has raised: nobody deletes the account beside us.
      if ((await principals.findPrincipal(tx, draft.principalId)) === undefined)
        throw missingAccount(draft.principalId)
      return { result, event: keyEvent('created', result) }
    }),
  revokeKey: (context, target) =>
    change(context, async (tx) => {
      const row = await keys.revokeApiKey(tx, target)
      return { result: undefined, event: keyEvent('revoked', row) }
    }),
})

const reads = (
  database: Database,
): Pick<PeopleRegistry, 'find' | 'listUsers' | 'searchUsers' | 'listServiceAccounts' | 'listKeys'> => ({
  find: (id) => principals.findPrincipal(database, id),
  listUsers: (page) => principals.listUsers(database, page),
  searchUsers: (search) => searchUsers(database, search),
  listServiceAccounts: (projectId, page) => principals.listServiceAccounts(database, projectId, page),
  listKeys: (principalId) => keys.listApiKeys(database, principalId),
})

export const createStorePeople = (deps: StoreChangeDeps): PeopleRegistry => {
  const change = createChange(deps)
  return { ...reads(deps.database), ...principalChanges(change), ...keyChanges(change) }
}
