/**
 * The port: where roles and their members are recorded. Every change writes its receipt in its own transaction, raises
 * the epoch of identity, and is in force here when it returns.
 */
import type { CallContext } from '#catalog/catalog.ts'
import type { HeldPage, Holder, KnownMember, KnownRole, MemberPage, Reach } from '#store/role-listings.ts'
import type { RoleMember } from '#store/role-members.ts'
import type { RoleChange, RoleDraft, RoleFilter, RolePage, RoleRecord, RoleTarget } from '#store/roles.ts'

/** A finder gives undefined for an absent role; a change of one throws NoSuchRole. */
export interface RoleRegistry {
  listRoles(projectId: string, page: RoleFilter & RolePage): Promise<readonly RoleRecord[]>
  /** The ten that fit best. */
  searchRoles(projectId: string, text: string): Promise<readonly RoleRecord[]>
  /** Of whatever project. */
  findRole(id: string): Promise<RoleRecord | undefined>
  /** Those that are there, of whatever projects. */
  findRoles(ids: readonly string[]): Promise<readonly RoleRecord[]>
  /** Whether the role, of whatever project, is a member of this one. */
  isUsed(projectId: string, id: string): Promise<boolean>
  /** Whether it, or a role that it is in, however deep, has been granted anything on the server. */
  reachesServer(id: string): Promise<boolean>
  /** Whether it, or a role that it is in, however deep, is a member or an administrator of its project. */
  administersProject(role: Pick<RoleRecord, 'id' | 'projectId'>): Promise<boolean>
  /** NotFound for a missing project; AlreadyExists where the name, or provider and source id, are taken in it. */
  createRole(context: CallContext, draft: RoleDraft): Promise<RoleRecord>
  changeRole(context: CallContext, target: RoleTarget, change: RoleChange): Promise<RoleRecord>
  /** As `changeRole`; members stay only where people fill it from now on. */
  bindRole(
    context: CallContext,
    target: RoleTarget,
    origin: Pick<RoleRecord, 'providerId' | 'sourceId'>,
  ): Promise<RoleRecord>
  removeRole(context: CallContext, target: RoleTarget): Promise<void>
  /**
   * All or none. NotFound, NoSuchRole, RoleMembershipCycle, RoleMembershipDepthExceeded; Conflict for a service account
   * in a role that reaches the server.
   */
  addMembers(context: CallContext, target: RoleTarget, members: readonly RoleMember[]): Promise<void>
  /** Passes over who is not in it. */
  removeMember(context: CallContext, target: RoleTarget, member: RoleMember): Promise<void>
  listMembers(id: string, page: MemberPage & Reach): Promise<readonly KnownMember[]>
  listHeld(holder: Holder, page: HeldPage & Reach): Promise<readonly KnownRole[]>
  /** Whether a user, or a service account of the project, has the id. */
  hasPrincipal(projectId: string, id: string): Promise<boolean>
}
