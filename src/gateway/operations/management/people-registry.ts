/**
 * The port: where users, service accounts and their keys are recorded. Every change writes its receipt in its own
 * transaction, raises the epoch of identity, and is in force here when it returns.
 */
import type { CallContext } from '#catalog/catalog.ts'
import type { ApiKeyDraft, ApiKeyRecord } from '#store/api-keys.ts'
import type {
  PrincipalChange,
  PrincipalPage,
  PrincipalRecord,
  ServiceAccountDraft,
  UserDraft,
} from '#store/principals.ts'
import type { FoundUser } from '#store/principals-search.ts'

/** A principal by id and kind, and where the caller has seen one, its version. */
interface PrincipalTarget {
  readonly id: string
  readonly kind: PrincipalRecord['kind']
  readonly version?: number
}

/** Finders give undefined for who is absent or deleted; a change of such a one throws NotFound. */
export interface PeopleRegistry {
  find(id: string): Promise<PrincipalRecord | undefined>
  listUsers(page: PrincipalPage & { readonly name?: string }): Promise<readonly PrincipalRecord[]>
  /** Best match first. */
  searchUsers(search: { readonly text: string; readonly limit: number }): Promise<readonly FoundUser[]>
  /** Also who was deleted comes back, without former rights. AlreadyExists for who is there. */
  createUser(context: CallContext, draft: UserDraft): Promise<PrincipalRecord>
  /** Conflict where the last active server admin would be deactivated. */
  change(context: CallContext, target: PrincipalTarget, change: PrincipalChange): Promise<PrincipalRecord>
  /** With its keys, roles and memberships. Conflict for the last active server admin. */
  remove(context: CallContext, target: PrincipalTarget): Promise<void>
  listServiceAccounts(projectId: string, page: PrincipalPage): Promise<readonly PrincipalRecord[]>
  createServiceAccount(context: CallContext, draft: ServiceAccountDraft): Promise<PrincipalRecord>
  listKeys(principalId: string): Promise<readonly ApiKeyRecord[]>
  /** Forbidden where the project forbids keys; Conflict where the account has too many; NotFound where it is gone. */
  createKey(context: CallContext, draft: ApiKeyDraft): Promise<ApiKeyRecord>
  /** NotFound where the account has no such key. */
  revokeKey(context: CallContext, target: Pick<ApiKeyRecord, 'id' | 'principalId'>): Promise<void>
}
