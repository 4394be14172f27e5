/** Location claims of tables and views, from the staged create to the drop. */
import { createHash } from 'node:crypto'
import type { Identifier } from '#model/identifier.ts'
import { claimLocks, claimPath, findRival, releaseClaims } from '#store/claims.ts'
import type { Transaction } from '#store/database.ts'
import { isLive } from '#store/entries.ts'
import { type Lock, lock } from '#store/entries-write.ts'
import type { Local } from './deps.ts'
import { relationKey } from './keys.ts'
import type { Places } from './places.ts'
import { locationTaken } from './refusals.ts'

/** A create that is never committed keeps its place from others this long. */
const stagedSeconds = 3600

/** The same client that stages a name again renews its claim; another name at the place is refused. */
const stagedOwner = (local: Local, id: Identifier): string => {
  const { ns, name } = relationKey(id)
  const hex = createHash('sha256').update(`${local.warehouse.id}\u0000${ns}\u0000${name}`).digest('hex')
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export interface Claiming {
  locks(...locations: readonly string[]): readonly Lock[]
  /** Under the locks: takes the place for good, from a staged create of the name as well. BadRequest where it is taken. */
  claim(tx: Transaction, id: Identifier, owned: Owned): Promise<void>
  /** Under the locks: BadRequest where files would be sent to another object's place. Such a path is not claimed. */
  checkPaths(tx: Transaction, contentId: string, paths: readonly string[]): Promise<void>
  /** In a transaction of its own. BadRequest where the place is taken. */
  stage(id: Identifier, location: string): Promise<void>
  /** Once the entry is gone: the content's claims end with its last live entry. */
  release(tx: Transaction, contentId: string): Promise<void>
}

interface Owned {
  readonly contentId: string
  readonly location: string
}

export const createClaiming = (local: Local, places: Places): Claiming => {
  const reject = (location: string, owner: string): never => {
    local.log('location.taken', { location, owner })
    throw locationTaken(location)
  }
  const take = async (tx: Transaction, { contentId, location }: Owned, staged?: number): Promise<void> => {
    const rival = await claimPath(tx, {
      ...places.claimOf(location),
      warehouseId: local.warehouse.id,
      owner: contentId,
      ...(staged === undefined ? {} : { stagedForSeconds: staged }),
    })
    if (rival !== undefined) reject(location, rival.owner)
  }
  const locks = (...locations: readonly string[]): readonly Lock[] =>
    locations.flatMap((location) => claimLocks(places.claimOf(location)))

  return {
    locks,
    claim: async (tx, id, owned) => {
      await releaseClaims(tx, stagedOwner(local, id))
      await take(tx, owned)
    },
    checkPaths: async (tx, contentId, paths) => {
      for (const path of paths) {
        const rival = await findRival(tx, places.claimOf(path), contentId)
        if (rival !== undefined) reject(path, rival.owner)
      }
    },
    stage: (id, location) =>
      local.database.transaction(async (tx) => {
        await lock(tx, locks(location))
        await take(tx, { contentId: stagedOwner(local, id), location }, stagedSeconds)
      }),
    release: async (tx, contentId) => {
      if (!(await isLive(tx, contentId))) await releaseClaims(tx, contentId)
    },
  }
}
