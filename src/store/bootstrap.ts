/**
 * A store is open for bootstrap until somebody becomes its first administrator. That happens once, whoever else tries at
 * the same moment, and only who reaches the database itself can open it again.
 */
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { addProjectMembers } from './project-members.ts'

/** A user or service account by its id, registered where nobody knows it yet. Names that are given win. */
export interface FirstAdmin {
  /** `provider~subject`. */
  readonly id: string
  readonly kind?: 'user' | 'service-account'
  readonly name?: string
  readonly email?: string
  readonly userType?: 'human' | 'application'
}

export interface Bootstrap {
  /** Undefined: closed without one, for whoever administers by the token of the configuration. */
  readonly admin?: FirstAdmin
  /** A project of which the administrator also becomes a member: he then acts in it as well. */
  readonly memberOf?: string
}

const selectOpen = statement('select bootstrapped_at is null as open from server')

export const isBootstrapped = async (sql: Sql): Promise<boolean> => {
  const [row] = await sql.query<{ open: boolean }>(selectOpen)
  return row?.open === false
}

/** One of several at once gets the row; the others wait for it, and then find the store closed. */
const close = statement(`
  update server set bootstrapped_at = now(), identity_epoch = identity_epoch + 1 where bootstrapped_at is null`)

const upsertAdmin = statement(`
  insert into principal as p (id, kind, user_type, name, email, server_admin, last_updated_with)
  values ($1, $2, coalesce($3, 'human'), coalesce($4, $1), $5, true, 'update-endpoint')
  on conflict (id) do update set server_admin = true, user_type = coalesce($3, p.user_type),
    name = coalesce($4, p.name), email = coalesce($5, p.email), version = p.version + 1,
    last_updated_with = 'update-endpoint', updated_at = now()
  where p.active and p.deleted_at is null`)

const makeAdmin = async (tx: Transaction, admin: FirstAdmin): Promise<void> => {
  const { id, kind = 'user', userType, name, email } = admin
  const values = [id, kind, userType ?? null, name ?? null, email ?? null]
  if ((await tx.execute(upsertAdmin, values)) === 0)
    throw new CatalogError('ConflictException', `${id} is deactivated or deleted and cannot administer`)
}

/**
 * CatalogAlreadyBootstrapped (400) where it has happened; Conflict for somebody who is deactivated or deleted. Raises the
 * identity epoch.
 */
export const bootstrapStore = async (
  tx: Transaction,
  { admin, memberOf }: Bootstrap,
): Promise<EventDraft> => {
  if ((await tx.execute(close)) === 0)
    throw new CatalogError('CatalogAlreadyBootstrapped', 'Catalog is not open for bootstrap')
  if (admin !== undefined) {
    await makeAdmin(tx, admin)
    if (memberOf !== undefined) await addProjectMembers(tx, memberOf, [{ kind: 'principal', id: admin.id }])
  }
  return serverEvent('server.bootstrapped', admin?.id)
}

const open = statement(`
  update server set bootstrapped_at = null, identity_epoch = identity_epoch + 1 where bootstrapped_at is not null`)

/** Who administers already goes on doing so. Conflict where it is open. For whoever reaches the database itself. */
export const reopenBootstrap = async (tx: Transaction): Promise<EventDraft> => {
  if ((await tx.execute(open)) === 0)
    throw new CatalogError('ConflictException', 'The store is open for bootstrap already')
  return serverEvent('server.reopened')
}

const serverEvent = (type: string, admin?: string): EventDraft => ({
  type,
  object: 'server',
  warehouse: '',
  data: admin === undefined ? {} : { admin },
})
