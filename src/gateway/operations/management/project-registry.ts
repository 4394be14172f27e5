/**
 * The port: where projects, their members and the administrators of the server are recorded. Every change writes its
 * receipt in its own transaction and raises the epochs, so that every replica takes it up.
 */
import type { CallContext } from '#catalog/catalog.ts'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly apiKeysAllowed: boolean
}

interface ProjectChange {
  readonly name?: string
  readonly apiKeysAllowed?: boolean
}

/** A user is a person or a service account; both are told apart by their ids alone. */
export interface MemberName {
  readonly type: 'user' | 'role'
  readonly id: string
}

export type Member =
  | {
      readonly type: 'user'
      readonly id: string
      readonly name: string
      readonly email: string | null
      readonly userType: string
    }
  | {
      readonly type: 'role'
      readonly id: string
      readonly name: string
      readonly providerId: string
      readonly sourceId: string
      readonly projectId: string
    }

interface MemberPage {
  readonly after?: MemberName
  readonly limit: number
}

/** Who bootstraps the server becomes its first administrator. */
export interface BootstrapDraft {
  readonly name?: string
  readonly email?: string
  readonly userType?: 'human' | 'application'
  /** Becomes a member of the default project, too. */
  readonly operator: boolean
}

/** Absent objects are undefined to a finder; a change of one throws NotFound. */
export interface ProjectRegistry {
  /** From memory where it can: it is asked once a request. */
  knows(id: string): boolean | Promise<boolean>
  /** In byte order of their names. */
  listProjects(): Promise<readonly ProjectRecord[]>
  findProject(id: string): Promise<ProjectRecord | undefined>
  /** AlreadyExists where another project answers to the id or the name. */
  createProject(
    context: CallContext,
    draft: { readonly id?: string; readonly name: string },
  ): Promise<ProjectRecord>
  /** AlreadyExists where another project answers to the name. */
  changeProject(context: CallContext, id: string, change: ProjectChange): Promise<ProjectRecord>
  /** Conflict while it has a warehouse, connection, role or service account. */
  removeProject(context: CallContext, id: string): Promise<void>
  /** Users before roles, each in byte order of their ids. */
  listMembers(projectId: string, page: MemberPage): Promise<readonly Member[]>
  /** All or none. NotFound for a user, NoSuchRole for a role that the project cannot know. */
  addMembers(context: CallContext, projectId: string, members: readonly MemberName[]): Promise<void>
  /** NotFound for who is none. */
  removeMember(context: CallContext, projectId: string, member: MemberName): Promise<void>
  isBootstrapped(): Promise<boolean>
  /** CatalogAlreadyBootstrapped (400) where it has happened. */
  bootstrap(context: CallContext, draft: BootstrapDraft): Promise<void>
  /** Ids of users, in byte order. */
  listAdmins(): Promise<readonly string[]>
}
