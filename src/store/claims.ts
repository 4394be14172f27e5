/**
 * Location claims: which content owns a directory. No claim lies inside another's, whoever comes first, also between
 * transactions that have not ended and creates that are only staged.
 */
import { statement, type Transaction } from './database.ts'
import type { Lock } from './entries-write.ts'

export interface ClaimedStore {
  readonly scheme: string
  /** Empty for files. */
  readonly bucket: string
  /** Where an object store is not the public one: two buckets of one name are told apart by it. */
  readonly endpoint?: string | undefined
}

const endpointSuffix = (endpoint: string | undefined): string =>
  endpoint === undefined ? '' : ` ${endpoint}`

/** One name for each store: `file://`, `s3://bucket http://endpoint`. No bucket has a space in its name. */
export const storeName = ({ scheme, bucket, endpoint }: ClaimedStore): string =>
  `${scheme}://${bucket}${scheme === 's3' ? endpointSuffix(endpoint) : ''}`

/** A place in normal form. */
export interface ClaimedPath {
  /** A `storeName`. */
  readonly store: string
  /** Begins and ends with `/`. */
  readonly path: string
}

export interface Claim extends ClaimedPath {
  readonly warehouseId: string
  /** A content id, or an id of the staged create. */
  readonly owner: string
  /** Seconds until a staged create's claim lapses; absent: it lasts until it is released. */
  readonly stagedForSeconds?: number
}

/** `/a/b/` has the ancestors `/` and `/a/`, root first. */
const ancestorsOf = (path: string): readonly string[] => {
  const ancestors: string[] = []
  for (let at = path.indexOf('/'); at >= 0 && at < path.length - 1; at = path.indexOf('/', at + 1))
    ancestors.push(path.slice(0, at + 1))
  return ancestors
}

const pathLock = (store: string, path: string, exclusive: boolean): Lock => ({
  order: `3 path ${store} ${path}`,
  exclusive,
})

/** Shared on every ancestor, exclusive on the path: nested claims meet, siblings pass. */
export const claimLocks = ({ store, path }: ClaimedPath): readonly Lock[] => [
  ...ancestorsOf(path).map((ancestor) => pathLock(store, ancestor, false)),
  pathLock(store, path, true),
]

/** Greater than every path at or below this one: `0` is the character after `/`. */
const pathsAfter = (path: string): string => `${path.slice(0, -1)}0`

/** Whoever else has an ancestor, the path itself, or something below it. */
const selectRival = statement(`
  select content_id, path from location_claim
  where store = $1 and (path = any($2::text[]) or (path >= $3 and path < $4))
    and content_id <> $5 and (staged_until is null or staged_until > now())
  limit 1`)

export interface Rival {
  readonly owner: string
  readonly path: string
}

/** Undefined where the path is free for this owner. Only certain while the claim's locks are held. */
const findRival = async (tx: Transaction, claim: ClaimedPath, owner: string): Promise<Rival | undefined> => {
  const [row] = await tx.query<{ content_id: string; path: string }>(selectRival, [
    claim.store,
    ancestorsOf(claim.path),
    claim.path,
    pathsAfter(claim.path),
    owner,
  ])
  return row === undefined ? undefined : { owner: row.content_id, path: row.path }
}

const deleteReplaced = statement(`
  delete from location_claim
  where store = $1 and path >= $2 and path < $3 and (content_id = $4 or (path = $2 and staged_until <= now()))`)

const insertClaim = statement(`
  insert into location_claim (store, path, warehouse_id, content_id, staged_until)
  select $1, $2, $3, $4, now() + make_interval(secs => $5)
  where not exists (select 1 from location_claim where store = $1 and path = any($6::text[]) and content_id = $4)
  on conflict (store, path) do nothing`)

/**
 * Claims the path, or says who has it. The locks of `claimLocks` must be held. What the owner has below is merged into
 * the new claim, and what it has above covers it; a staged claim of the same owner is renewed.
 */
export const claimPath = async (tx: Transaction, claim: Claim): Promise<Rival | undefined> => {
  const rival = await findRival(tx, claim, claim.owner)
  if (rival !== undefined) return rival
  const { store, path, owner } = claim
  await tx.execute(deleteReplaced, [store, path, pathsAfter(path), owner])
  await tx.execute(insertClaim, [
    store,
    path,
    claim.warehouseId,
    owner,
    claim.stagedForSeconds ?? null,
    ancestorsOf(path),
  ])
  return undefined
}

const deleteByOwner = statement('delete from location_claim where content_id = $1')

/** Ends every claim of a content, or of a staged create that became real. */
export const releaseClaims = async (tx: Transaction, owner: string): Promise<void> => {
  await tx.execute(deleteByOwner, [owner])
}

const renameStores = statement(`
  update location_claim set store = split_part(store, ' ', 1) || $2
  where warehouse_id = $1 and store like 's3://%'`)

/** A warehouse's buckets answer at another endpoint from now on: its claims go with them. */
export const moveClaims = async (
  tx: Transaction,
  warehouseId: string,
  endpoint: string | undefined,
): Promise<void> => {
  await tx.execute(renameStores, [warehouseId, endpointSuffix(endpoint)])
}
