/** The one row of the store itself: who it is, and whether its configuration has moved. */

import { type Sql, statement, type Transaction } from './database.ts'
import { eq, sql as fragment, isNull } from './drizzle.ts'
import { server } from './schema.ts'

export interface ServerRecord {
  /** Fixed when the store is first prepared. */
  readonly id: string
  /** Changes when the store is restored from a backup. */
  readonly incarnation: string
  /** Of the server key; null until a server has started on the store. */
  readonly keyFingerprint: string | null
  readonly epoch: number
}

export const loadServer = async (sql: Sql): Promise<ServerRecord> => {
  const [row] = await sql.orm((orm) => orm.select().from(server))
  if (row === undefined)
    throw new Error('The store has not been prepared: run `lakegate migrate-schema` first')
  return row
}

/** Keeps the first fingerprint; throws a plain sentence where the store was made with another key. */
export const claimKey = async (sql: Sql, fingerprint: string): Promise<void> => {
  await sql.orm((orm) =>
    orm.update(server).set({ keyFingerprint: fingerprint }).where(isNull(server.keyFingerprint)),
  )
  const { keyFingerprint } = await loadServer(sql)
  if (keyFingerprint !== fingerprint)
    throw new Error('The server key is not the one that this store was made with: check LAKEGATE_KEY')
}

const selectEpoch = statement('select epoch from server')

/** Moves with every change of a project, warehouse, connection or mount. */
export const loadEpoch = async (sql: Sql): Promise<number> => {
  const [row] = await sql.query<{ epoch: number }>(selectEpoch)
  return row?.epoch ?? 0
}

const selectIdentityEpoch = statement('select identity_epoch as epoch from server')

/** Moves with every change of a principal, key, role, or membership. */
export const loadIdentityEpoch = async (sql: Sql): Promise<number> => {
  const [row] = await sql.query<{ epoch: number }>(selectIdentityEpoch)
  return row?.epoch ?? 0
}

const selectPolicyEpoch = statement('select policy_epoch as epoch from server')

/** Moves with every change that takes a right away. */
export const loadPolicyEpoch = async (sql: Sql): Promise<number> => {
  const [row] = await sql.query<{ epoch: number }>(selectPolicyEpoch)
  return row?.epoch ?? 0
}

const holdServer = statement('select 1 from server for no key update')

/**
 * For changes that may turn out to raise an epoch: they come one after the other, and wait in no ring with those that
 * raise one first.
 */
export const takeTurn = async (tx: Transaction): Promise<void> => {
  await tx.query(holdServer)
}

/** Belongs to the transaction of every change that takes a right away. */
export const raisePolicyEpoch = (tx: Transaction): Promise<unknown> =>
  tx.orm((orm) =>
    orm
      .update(server)
      .set({ policyEpoch: fragment`${server.policyEpoch} + 1` })
      .where(eq(server.only, true)),
  )

const selectGovernanceEpochs = statement(
  'select policy_epoch as policy, governance_epoch as governance from server',
)

/** The epoch of policy, and the part of it that rules, tags and read restrictions have moved. */
export interface GovernanceEpochs {
  readonly policy: number
  readonly governance: number
}

export const loadGovernanceEpochs = async (sql: Sql): Promise<GovernanceEpochs> => {
  const [row] = await sql.query<GovernanceEpochs>(selectGovernanceEpochs)
  return row ?? { policy: 0, governance: 0 }
}

/** Belongs to the transaction of every change of rules, tags and read restrictions: any may take a right away. */
export const raiseGovernanceEpoch = (tx: Transaction): Promise<unknown> =>
  tx.orm((orm) =>
    orm
      .update(server)
      .set({
        policyEpoch: fragment`${server.policyEpoch} + 1`,
        governanceEpoch: fragment`${server.governanceEpoch} + 1`,
      })
      .where(eq(server.only, true)),
  )

/** Belongs to the transaction of every change of identity; it also puts them in one order. */
export const raiseIdentityEpoch = (tx: Transaction): Promise<unknown> =>
  tx.orm((orm) =>
    orm
      .update(server)
      .set({ identityEpoch: fragment`${server.identityEpoch} + 1` })
      .where(eq(server.only, true)),
  )

/**
 * Belongs to the transaction of every administrative change; it also puts them in one order. Before any row of a project
 * is touched, so that nobody waits in a ring.
 */
export const raiseEpoch = (tx: Transaction): Promise<unknown> =>
  tx.orm((orm) =>
    orm
      .update(server)
      .set({ epoch: fragment`${server.epoch} + 1` })
      .where(eq(server.only, true)),
  )
