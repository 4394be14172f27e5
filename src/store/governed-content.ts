/** Local content that grants or tags bind to. */
import { statement, type Transaction } from './database.ts'
import { raisePolicyEpoch } from './server.ts'

const selectGoverned = statement(`
  select 1 where exists (select 1 from relation_tuple where content_id = $1)
    or exists (select 1 from tag_assignment where content_id = $1)`)

/**
 * Belongs to the transaction that gives content another name: what it lies in has changed, and with it what is inherited
 * from there. Nothing that was remembered of it before may allow anything.
 */
export const raiseWhereGoverned = async (tx: Transaction, contentId: string): Promise<void> => {
  if ((await tx.query(selectGoverned, [contentId])).length > 0) await raisePolicyEpoch(tx)
}
