/** Whoever makes something owns it: the grant belongs to the transaction of the creation. */
import type { Principal } from '#model/access.ts'
import type { EventDraft } from '#model/event.ts'
import type { Transaction } from './database.ts'
import { rememberObjects } from './governed-objects.ts'
import { type GrantPlace, type GrantSubject, grantEvent, insertGrantRows } from './grants.ts'

/** Nobody who stands in no record owns anything: in development, by the token of the configuration, or we ourselves. */
const ownerOf = ({ kind, id, assumedRole }: Principal): GrantSubject | undefined => {
  if (kind !== 'user' && kind !== 'service-account') return undefined
  return assumedRole === undefined ? { kind: 'principal', id } : { kind: 'role', id: assumedRole }
}

export interface Ownership {
  readonly events: readonly EventDraft[]
  write(tx: Transaction): Promise<void>
}

export const ownershipOf = (principal: Principal, places: readonly GrantPlace[]): Ownership => {
  const subject = ownerOf(principal)
  if (subject === undefined) return { events: [], write: async () => {} }
  const draft = { relation: 'ownership', subject }
  return {
    events: places.map((place) => grantEvent('created', place, draft)),
    write: async (tx) => {
      await rememberObjects(tx, places)
      for (const place of places)
        await insertGrantRows(tx, place, { drafts: [draft], by: principal.id, anyones: true })
    },
  }
}

/** For changes that write their receipt last. */
export const giveOwnership = async (
  tx: Transaction,
  principal: Principal,
  place: GrantPlace,
): Promise<readonly EventDraft[]> => {
  const { events, write } = ownershipOf(principal, [place])
  await write(tx)
  return events
}
