/** Location claims of tables and views, from the staged create to the drop. */
import { createHash } from 'node:crypto'
import type { CallContext } from '#catalog/catalog.ts'
import type { Identifier } from '#model/identifier.ts'
import { claimLocks, claimPath, releaseClaims } from '#store/claims.ts'
import type { Transaction } from '#store/database.ts'
import { isLive } from '#store/entries.ts'
import { type Lock, lock } from '#store/entries-write.ts'
import { CommitUnknown, TransactionConflict } from '#store/errors.ts'
import { readingForChange, repeatedly } from './changes.ts'
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
  /** Under the locks: takes the places for good, from a staged create of the name as well. BadRequest where one is taken. */
  claim(tx: Transaction, id: Identifier, owned: Owned): Promise<void>
  /** In a transaction of its own. BadRequest where a place is taken. */
  stage(id: Identifier, staged: Staged): Promise<void>
  /** Once the entry is gone: the content's claims end with its last live entry. */
  release(tx: Transaction, contentId: string): Promise<void>
}

interface Owned {
  readonly contentId: string
  /** The location and, beside it, where files are sent. What the owner has already stays its own. */
  readonly locations: readonly string[]
}

interface Staged {
  readonly context: CallContext
  readonly locations: readonly string[]
}

export const createClaiming = (local: Local, places: Places): Claiming => {
  const take = async (tx: Transaction, { contentId, locations }: Owned, staged?: number): Promise<void> => {
    for (const location of locations) {
      const rival = await claimPath(tx, {
        ...places.claimOf(location),
        warehouseId: local.warehouse.id,
        owner: contentId,
        ...(staged === undefined ? {} : { stagedForSeconds: staged }),
      })
      if (rival === undefined) continue
      local.log('location.taken', { location, owner: rival.owner })
      throw locationTaken(location)
    }
  }
  const locks = (...locations: readonly string[]): readonly Lock[] =>
    locations.flatMap((location) => claimLocks(places.claimOf(location)))
  const stageOnce = (id: Identifier, locations: readonly string[]): Promise<void> =>
    local.database.transaction(async (tx) => {
      await lock(tx, locks(...locations))
      await take(tx, { contentId: stagedOwner(local, id), locations }, stagedSeconds)
    })

  return {
    locks,
    claim: async (tx, id, owned) => {
      await releaseClaims(tx, stagedOwner(local, id))
      await take(tx, owned)
    },
    stage: (id, { context, locations }) =>
      repeatedly(local, context, async () => {
        try {
          return { result: await readingForChange(() => stageOnce(id, locations)) }
        } catch (error) {
          // Whether it happened is no matter: the same claim made again is renewed.
          if (error instanceof TransactionConflict || error instanceof CommitUnknown) return { lost: error }
          throw error
        }
      }),
    release: async (tx, contentId) => {
      if (!(await isLive(tx, contentId))) await releaseClaims(tx, contentId)
    },
  }
}
