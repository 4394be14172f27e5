/** Keys of service accounts as they are administered: what is stored of one is its hash. */
import { CatalogError } from '#model/errors.ts'
import { refusing } from './administration.ts'
import type { Sql, Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, isNull } from './drizzle.ts'
import { project } from './schema.ts'
import { apiKey } from './schema-identity.ts'
import { raiseIdentityEpoch } from './server.ts'

type KeyKind = 'api-key' | 'client-secret'

export interface ApiKeyRecord {
  readonly id: string
  readonly principalId: string
  readonly kind: KeyKind
  readonly name: string
  /** Its first characters. */
  readonly hint: string
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly createdAt: Date
}

export interface ApiKeyDraft {
  readonly principalId: string
  readonly projectId: string
  readonly kind: KeyKind
  readonly name: string
  /** SHA-256 of the whole key. */
  readonly hash: Uint8Array
  readonly hint: string
  readonly expiresAt: Date | null
}

const columns = {
  id: apiKey.id,
  principalId: apiKey.principalId,
  kind: apiKey.kind,
  name: apiKey.name,
  hint: apiKey.hint,
  expiresAt: apiKey.expiresAt,
  lastUsedAt: apiKey.lastUsedAt,
  createdAt: apiKey.createdAt,
}

const recordOf = (row: Omit<ApiKeyRecord, 'kind'> & { readonly kind: string }): ApiKeyRecord => ({
  ...row,
  kind: row.kind === 'client-secret' ? 'client-secret' : 'api-key',
})

/** Rotation needs two at a time; whoever has this many has lost sight of them. */
const mostKeys = 50

/** In the order in which they were made; revoked ones are gone, expired ones are shown until they are deleted. */
export const listApiKeys = async (sql: Sql, principalId: string): Promise<readonly ApiKeyRecord[]> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(apiKey)
      .where(and(eq(apiKey.principalId, principalId), isNull(apiKey.revokedAt)))
      .orderBy(asc(apiKey.createdAt), asc(apiKey.id)),
  )
  return rows.map(recordOf)
}

const checkAllowed = async (tx: Transaction, projectId: string): Promise<void> => {
  const [row] = await tx.orm((orm) =>
    orm.select({ allowed: project.apiKeysAllowed }).from(project).where(eq(project.id, projectId)),
  )
  if (row?.allowed !== true)
    throw new CatalogError('ForbiddenException', 'The project forbids keys of service accounts')
}

/** Forbidden where the project forbids keys; Conflict where the account has too many. */
export const insertApiKey = async (tx: Transaction, draft: ApiKeyDraft): Promise<ApiKeyRecord> => {
  const { projectId, hash, ...rest } = draft
  await raiseIdentityEpoch(tx)
  await checkAllowed(tx, projectId)
  if ((await listApiKeys(tx, draft.principalId)).length >= mostKeys)
    throw new CatalogError('ConflictException', `A service account has at most ${mostKeys} keys`)
  const bound = {
    type: 'NotFoundException',
    message: `Service account does not exist: ${draft.principalId}`,
  } as const
  const insert = tx.orm((orm) =>
    orm
      .insert(apiKey)
      .values({ ...rest, hash: Buffer.from(hash) })
      .returning(columns),
  )
  const [row] = await refusing({ bound }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  return recordOf(row)
}

/** NotFound where the account has no such key, or had it once. */
export const revokeApiKey = async (
  tx: Transaction,
  target: Pick<ApiKeyRecord, 'id' | 'principalId'>,
): Promise<ApiKeyRecord> => {
  await raiseIdentityEpoch(tx)
  const own = and(eq(apiKey.id, target.id), eq(apiKey.principalId, target.principalId))
  const rows = await tx.orm((orm) =>
    orm
      .update(apiKey)
      .set({ revokedAt: fragment`now()` })
      .where(and(own, isNull(apiKey.revokedAt)))
      .returning(columns),
  )
  const [row] = rows
  if (row === undefined) throw new CatalogError('NotFoundException', `Key does not exist: ${target.id}`)
  return recordOf(row)
}
