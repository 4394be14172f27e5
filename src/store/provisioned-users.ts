/** Users of one provider as a provisioning system sees them. */
import { refusing } from './administration.ts'
import { type Column, type Condition, type Counted, type OffsetPage, whereOf } from './conditions.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import {
  deletePrincipal,
  findPrincipal,
  insertUser,
  type PrincipalRecord,
  updatePrincipal,
} from './principals.ts'
import { raiseIdentityEpoch } from './server.ts'

export interface ProvisionedUser {
  /** `provider~subject`. */
  readonly id: string
  /** Of whoever was not provisioned: the subject. */
  readonly userName: string
  readonly externalId: string | null
  readonly active: boolean
  readonly name: string
  readonly email: string | null
  /** What the system wrote beside; null where it wrote nothing yet. */
  readonly profile: unknown
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface ProvisionDraft {
  readonly userName: string
  readonly externalId: string | null
  readonly active: boolean
  readonly name: string
  readonly email: string | null
  readonly profile: object
}

/** `$1`: the provider's id with its `~`. */
const subject = 'substr(p.id, length($1) + 1)'

const userColumns: Readonly<Record<string, Column>> = {
  id: { sql: 'p.id', type: 'exact' },
  userName: {
    sql: `coalesce(p.user_name, ${subject})`,
    type: 'folded',
    equals: (value) =>
      `(lower(p.user_name) = lower(${value}) or (p.user_name is null and p.id = $1 || ${value}))`,
  },
  externalId: { sql: 'p.external_id', type: 'exact' },
  name: { sql: 'p.name', type: 'folded' },
  email: { sql: 'p.email', type: 'folded' },
  active: { sql: 'p.active', type: 'boolean' },
  created: { sql: 'p.created_at', type: 'time' },
  changed: { sql: 'p.updated_at', type: 'time' },
}

const shown = `p.id, coalesce(p.user_name, ${subject}) as "userName", p.external_id as "externalId", p.active,
  p.name, p.email, p.profile, p.version, p.created_at as "createdAt", p.updated_at as "updatedAt"`

const ofProvider = `p.kind = 'user' and p.deleted_at is null and starts_with(p.id, $1)`

const prefixOf = (provider: string): string => `${provider}~`

const selectOne = statement(`select ${shown} from principal p where ${ofProvider} and p.id = $2`)

/** Undefined also for users of other providers, for service accounts, and for who was deleted. */
export const findProvisionedUser = async (
  sql: Sql,
  provider: string,
  id: string,
): Promise<ProvisionedUser | undefined> => {
  const [row] = await sql.query<ProvisionedUser>(selectOne, [prefixOf(provider), storable(id)])
  return row
}

/** In the order of their ids. */
export const listProvisionedUsers = async (
  sql: Sql,
  { provider, condition }: { readonly provider: string; readonly condition: Condition | undefined },
  { offset, limit }: OffsetPage,
): Promise<Counted<ProvisionedUser>> => {
  const where = whereOf(condition, userColumns, [prefixOf(provider)])
  const from = `from principal p where ${ofProvider} and ${where.text}`
  const [counted] = await sql.query<{ total: number }>(`select count(*) as total ${from}`, where.values)
  const total = Number(counted?.total ?? 0)
  if (limit === 0 || offset >= total) return { total, items: [] }
  const page = `order by p.id limit $${where.values.length + 1} offset $${where.values.length + 2}`
  const items = await sql.query<ProvisionedUser>(`select ${shown} ${from} ${page}`, [
    ...[...where.values, limit, offset],
  ])
  return { total, items }
}

const assignProvisioned = statement('update principal set user_name = $2, profile = $3::jsonb where id = $1')

const assign = async (tx: Transaction, id: string, draft: ProvisionDraft): Promise<void> => {
  const taken = `The user name is taken: ${draft.userName}`
  const values = [id, storable(draft.userName), JSON.stringify(draft.profile)]
  await refusing({ taken }, tx.execute(assignProvisioned, values))
}

const changeOf = ({ name, email, active, externalId }: ProvisionDraft) => ({
  ...{ name: storable(name), email: email === null ? null : storable(email), active },
  externalId: externalId === null ? null : storable(externalId),
})

const isProvisioned = async (tx: Transaction, id: string): Promise<boolean> => {
  const [row] = await tx.query('select from principal where id = $1 and user_name is not null', [id])
  return row !== undefined
}

/**
 * Whoever was seen before, and is not provisioned yet, is taken over; who was deleted comes back without any of the
 * former rights. AlreadyExists for who is provisioned, and where user name or external id are another's.
 */
export const provisionUser = async (tx: Transaction, id: string, draft: ProvisionDraft): Promise<void> => {
  await raiseIdentityEpoch(tx)
  const change = changeOf(draft)
  const known = await findPrincipal(tx, id)
  if (known === undefined || (await isProvisioned(tx, id))) {
    const { name, email, externalId } = change
    const given = { id, name, email, userType: 'human' } as const
    await insertUser(tx, externalId === null ? given : { ...given, externalId })
  }
  await updatePrincipal(tx, { id, kind: 'user' }, { ...change, lastUpdatedWith: 'create-endpoint' })
  await assign(tx, id, draft)
}

interface Target {
  readonly id: string
  readonly version: number | undefined
}

const versioned = ({ id, version }: Target) =>
  ({ id, kind: 'user', ...(version === undefined ? {} : { version }) }) as const

/** NotFound, PreconditionFailed, AlreadyExists as above; Conflict for the last server admin. */
export const reprovisionUser = async (
  tx: Transaction,
  target: Target,
  draft: ProvisionDraft,
): Promise<PrincipalRecord> => {
  const change = { ...changeOf(draft), lastUpdatedWith: 'update-endpoint' } as const
  const record = await updatePrincipal(tx, versioned(target), change)
  await assign(tx, target.id, draft)
  return record
}

/** As `deletePrincipal`: what the system wrote goes with it. */
export const deprovisionUser = (tx: Transaction, target: Target): Promise<PrincipalRecord> =>
  deletePrincipal(tx, versioned(target))
