/** What authentication asks and notes of principals and keys; none of it raises the identity epoch. */
import { type Database, type Sql, statement } from './database.ts'
import { appendEvents, storable } from './outbox.ts'
import type { PrincipalKind, UserType } from './principals.ts'

export interface AdmissionRecord {
  readonly kind: PrincipalKind
  /** Neither deactivated nor deleted, and the key, where one was named, is its own and neither revoked nor forbidden. */
  readonly welcome: boolean
}

/** A key that is worth something: `expires_at` is the caller's to watch from here on. */
const liveKey = `
  k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  and exists (select from project where project.id = p.project_id and project.api_keys_allowed)`

const selectAdmission = statement(`
  select p.kind, p.active and p.deleted_at is null and ($2::uuid is null or exists (
    select from api_key k where k.id = $2 and k.principal_id = p.id and ${liveKey})) as welcome
  from principal p where p.id = $1`)

/** Undefined where nobody is known by the id. */
export const findAdmission = async (
  sql: Sql,
  id: string,
  keyId: string | undefined,
): Promise<AdmissionRecord | undefined> => {
  const [row] = await sql.query<AdmissionRecord>(selectAdmission, [storable(id), keyId ?? null])
  return row
}

export interface Newcomer {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: UserType
}

const insertNewcomer = statement(`
  insert into principal (id, kind, user_type, name, email, last_updated_with, last_seen_at)
  values ($1, 'user', $2, $3, $4, 'config-call-creation', now()) on conflict do nothing`)

/**
 * The first sight of a user; nothing where it is there already. No epoch moves: nobody has anything in memory about one
 * who was never there.
 */
export const registerUser = (database: Database, { id, name, email, userType }: Newcomer): Promise<void> =>
  database.transaction(async (tx) => {
    const values = [id, userType, storable(name), email === null ? null : storable(email)]
    if ((await tx.execute(insertNewcomer, values)) === 0) return
    await appendEvents(tx, [
      { type: 'principal.registered', object: id, warehouse: '', data: { kind: 'user', userType } },
    ])
  })

export interface KeyRecord {
  readonly id: string
  readonly kind: 'api-key' | 'client-secret'
  readonly principalId: string
  readonly principalName: string
  /** The service account is neither deactivated nor deleted. */
  readonly welcome: boolean
  readonly expiresAt: Date | null
}

const selectKey = statement(`
  select k.id, k.kind, k.principal_id as "principalId", p.name as "principalName",
    p.active and p.deleted_at is null as welcome, k.expires_at as "expiresAt"
  from api_key k join principal p on p.id = k.principal_id
  where k.hash = $1 and ${liveKey}`)

/** By the SHA-256 of the whole key. Undefined where it is unknown, revoked, expired, or its project forbids keys. */
export const findKeyByHash = async (sql: Sql, hash: Uint8Array): Promise<KeyRecord | undefined> => {
  const [row] = await sql.query<KeyRecord>(selectKey, [hash])
  return row
}

/** Ordered, so that two processes that note the same ones do not wait for one another in a circle. */
const touching = (table: string, column: string, type: string) =>
  statement(`
  with noted as materialized (
    select id from ${table} where id = any($1::${type}[]) order by id for no key update)
  update ${table} set ${column} = now() from noted where ${table}.id = noted.id`)

const touchSeen = touching('principal', 'last_seen_at', 'text')
const touchUsed = touching('api_key', 'last_used_at', 'uuid')

export const noteSeen = async (sql: Sql, ids: readonly string[]): Promise<void> => {
  await sql.execute(touchSeen, [ids])
}

export const noteUsed = async (sql: Sql, keyIds: readonly string[]): Promise<void> => {
  await sql.execute(touchUsed, [keyIds])
}
