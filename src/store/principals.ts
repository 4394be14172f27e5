/**
 * Users and service accounts as they are administered. Every change raises the identity epoch first, which puts such
 * changes in one order: whoever counts admins then counts alone.
 */
import { CatalogError } from '#model/errors.ts'
import { checkVersion, refusing } from './administration.ts'
import type { Sql, Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, gt, isNull } from './drizzle.ts'
import { removeGrantsTo } from './grant-removal.ts'
import { storable } from './outbox.ts'
import { apiKey, principal, projectMember, roleMember } from './schema-identity.ts'
import { raiseIdentityEpoch } from './server.ts'

export type PrincipalKind = 'user' | 'service-account'
export type UserType = 'human' | 'application'
/** As the management API tells: which way the record was written last. */
type UpdatedWith = 'create-endpoint' | 'config-call-creation' | 'update-endpoint' | 'role-provider'

export interface PrincipalRecord {
  readonly id: string
  readonly kind: PrincipalKind
  readonly userType: UserType
  readonly name: string
  readonly email: string | null
  /** Null for users. */
  readonly projectId: string | null
  readonly active: boolean
  readonly serverAdmin: boolean
  readonly lastUpdatedWith: UpdatedWith
  readonly externalId: string | null
  readonly lastSeenAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface UserDraft {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: UserType
  readonly externalId?: string
}

export interface PrincipalChange {
  readonly name?: string
  readonly email?: string | null
  readonly userType?: UserType
  readonly active?: boolean
  readonly externalId?: string | null
  readonly lastUpdatedWith?: UpdatedWith
}

/** In byte order of their ids; `after` is the last id of the page before. */
export interface PrincipalPage {
  readonly after?: string
  readonly limit: number
}

const columns = {
  id: principal.id,
  kind: principal.kind,
  userType: principal.userType,
  name: principal.name,
  email: principal.email,
  projectId: principal.projectId,
  active: principal.active,
  serverAdmin: principal.serverAdmin,
  lastUpdatedWith: principal.lastUpdatedWith,
  externalId: principal.externalId,
  lastSeenAt: principal.lastSeenAt,
  version: principal.version,
  createdAt: principal.createdAt,
  updatedAt: principal.updatedAt,
}

type Typed = 'kind' | 'userType' | 'lastUpdatedWith'
type Row = Omit<PrincipalRecord, Typed> & Readonly<Record<Typed, string>>

/** The columns have been written by us, in these words only. */
const recordOf = (row: Row): PrincipalRecord => row as PrincipalRecord

const missing = (kind: PrincipalKind, id: string): CatalogError =>
  new CatalogError(
    'NotFoundException',
    `${kind === 'user' ? 'User' : 'Service account'} does not exist: ${id}`,
  )

const isThere = isNull(principal.deletedAt)

/** Undefined also where it has been deleted. */
export const findPrincipal = async (sql: Sql, id: string): Promise<PrincipalRecord | undefined> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(principal)
      .where(and(eq(principal.id, storable(id)), isThere)),
  )
  return rows.map(recordOf)[0]
}

/** `name`: a part of the name, in any letter case. */
export const listUsers = async (
  sql: Sql,
  page: PrincipalPage & { readonly name?: string },
): Promise<readonly PrincipalRecord[]> => {
  const { name, after = '', limit } = page
  const named =
    name === undefined
      ? undefined
      : fragment`strpos(lower(${principal.name}), lower(${storable(name)}::text)) > 0`
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(principal)
      .where(and(eq(principal.kind, 'user'), isThere, gt(principal.id, storable(after)), named))
      .orderBy(asc(principal.id))
      .limit(limit),
  )
  return rows.map(recordOf)
}

export const listServiceAccounts = async (
  sql: Sql,
  projectId: string,
  page: PrincipalPage,
): Promise<readonly PrincipalRecord[]> => {
  const ofProject = and(eq(principal.kind, 'service-account'), eq(principal.projectId, projectId))
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(principal)
      .where(and(ofProject, isThere, gt(principal.id, storable(page.after ?? ''))))
      .orderBy(asc(principal.id))
      .limit(page.limit),
  )
  return rows.map(recordOf)
}

interface Target {
  readonly id: string
  readonly kind: PrincipalKind
  /** The version that the caller has seen. */
  readonly version?: number
}

/** Waits for every other change of identity, so that what is read here stays so until the transaction ends. */
const lockPrincipal = async (tx: Transaction, target: Target): Promise<PrincipalRecord> => {
  await raiseIdentityEpoch(tx)
  const found = await findPrincipal(tx, target.id)
  if (found?.kind !== target.kind) throw missing(target.kind, target.id)
  checkVersion(found, target.version)
  return found
}

const checkOtherAdmin = async (tx: Transaction, found: PrincipalRecord): Promise<void> => {
  if (!found.serverAdmin || !found.active) return
  const admins = await tx.orm((orm) =>
    orm
      .select({ id: principal.id })
      .from(principal)
      .where(and(principal.serverAdmin, principal.active, isThere))
      .limit(2),
  )
  if (admins.every(({ id }) => id === found.id))
    throw new CatalogError('ConflictException', `The last server admin cannot be taken away: ${found.id}`)
}

/** Conflict where nobody would be left who may administer the server. */
export const updatePrincipal = async (
  tx: Transaction,
  target: Target,
  change: PrincipalChange,
): Promise<PrincipalRecord> => {
  const found = await lockPrincipal(tx, target)
  if (change.active === false) await checkOtherAdmin(tx, found)
  const update = tx.orm((orm) =>
    orm
      .update(principal)
      .set({ ...change, version: found.version + 1, updatedAt: fragment`now()` })
      .where(eq(principal.id, target.id))
      .returning(columns),
  )
  const [row] = await refusing({ taken: `The external id is taken: ${change.externalId}` }, update)
  if (row === undefined) throw missing(target.kind, target.id)
  return recordOf(row)
}

/**
 * The row stays for the audit log, without rights: no admin, in no project and no role, no key. Conflict where nobody
 * would be left who may administer the server.
 */
export const deletePrincipal = async (tx: Transaction, target: Target): Promise<PrincipalRecord> => {
  const found = await lockPrincipal(tx, target)
  await checkOtherAdmin(tx, found)
  const gone = { deletedAt: fragment`now()`, updatedAt: fragment`now()`, version: found.version + 1 }
  await tx.orm((orm) =>
    orm
      .update(principal)
      .set({ ...gone, serverAdmin: false, externalId: null, userName: null, profile: null })
      .where(eq(principal.id, target.id)),
  )
  await dropRights(tx, target.id)
  return found
}

const dropRights = async (tx: Transaction, id: string): Promise<void> => {
  await removeGrantsTo(tx, { kind: 'principal', id })
  for (const table of [projectMember, roleMember] as const)
    await tx.orm((orm) =>
      orm.delete(table).where(and(eq(table.memberKind, 'principal'), eq(table.memberId, id))),
    )
  await tx.orm((orm) =>
    orm
      .update(apiKey)
      .set({ revokedAt: fragment`now()` })
      .where(and(eq(apiKey.principalId, id), isNull(apiKey.revokedAt))),
  )
}

const insertPrincipal = async (
  tx: Transaction,
  draft: typeof principal.$inferInsert,
): Promise<PrincipalRecord> => {
  const insert = tx.orm((orm) =>
    orm
      .insert(principal)
      .values(draft)
      .onConflictDoUpdate({
        target: principal.id,
        set: {
          ...draft,
          active: true,
          deletedAt: null,
          updatedAt: fragment`now()`,
          createdAt: fragment`now()`,
        },
        setWhere: fragment`${principal.deletedAt} is not null`,
      })
      .returning(columns),
  )
  const taken = `The external id is taken: ${draft.externalId}`
  const bound = { type: 'NotFoundException', message: `Project does not exist: ${draft.projectId}` } as const
  const [row] = await refusing({ taken, bound }, insert)
  if (row === undefined)
    throw new CatalogError('AlreadyExistsException', `User with id ${draft.id} already exists.`)
  // Also what was granted while it was being deleted.
  await removeGrantsTo(tx, { kind: 'principal', id: draft.id })
  return recordOf(row)
}

/** Also who was deleted comes back, without any of its former rights. AlreadyExists for who is there. */
export const insertUser = async (tx: Transaction, draft: UserDraft): Promise<PrincipalRecord> => {
  await raiseIdentityEpoch(tx)
  return insertPrincipal(tx, { ...draft, kind: 'user', lastUpdatedWith: 'create-endpoint' })
}

export interface ServiceAccountDraft {
  readonly id: string
  readonly name: string
  readonly projectId: string
}

/** NotFound for a missing project. */
export const insertServiceAccount = async (
  tx: Transaction,
  draft: ServiceAccountDraft,
): Promise<PrincipalRecord> => {
  await raiseIdentityEpoch(tx)
  const kind = 'service-account'
  return insertPrincipal(tx, { ...draft, kind, userType: 'application', lastUpdatedWith: 'create-endpoint' })
}
