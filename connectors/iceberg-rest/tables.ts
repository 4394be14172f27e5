/** What only tables have: unregister, metrics, and transactions over several of them. */
import type { CallContext, TableChange, Tables, Transactions } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import { rememberShown } from '#catalog/shown-once.ts'
import { isCatalogError } from '#model/errors.ts'
import { runChange, sessionForChange } from './changes.ts'
import type { Upstream } from './client.ts'
import { holdsSnapshots, readLoaded } from './loaded.ts'
import { relationPath } from './paths.ts'
import { read } from './reads.ts'
import { addedSnapshotIds, createRelations } from './relations.ts'
import { withIdentifiers } from './splice.ts'
import { readNothing } from './translate.ts'
import { expectOne, tableWords } from './words.ts'

const createUnregister =
  (upstream: Upstream): NonNullable<Tables['unregister']> =>
  async (context, id) => {
    const session = await sessionForChange(upstream)
    const expect = expectOne(tableWords, id)
    const path = await beforeChange(() => relationPath(upstream, context, { space: 'tables', id, expect }))
    return runChange(upstream, context, {
      operation: 'unregisterTable',
      identifiers: [id],
      ask: { method: 'POST', path: `${path}/unregister`, change: true },
      expect,
      read: (response) => readLoaded(upstream.connection, response, session.config),
      outcome: (shown) => (context.receipt.idempotency ? rememberShown(shown) : { kind: 'done' }),
    })
  }

/** A report is kept by the gateway itself: an upstream that takes none, or is out, loses nothing of it. */
const createReport =
  (upstream: Upstream): NonNullable<Tables['reportMetrics']> =>
  async (context, id, body) => {
    try {
      const session = await upstream.session()
      if (!session.operations.has('reportMetrics')) return
      const expect = expectOne(tableWords, id)
      const path = await relationPath(upstream, context, { space: 'tables', id, expect })
      await read(upstream, context, {
        ask: { method: 'POST', path: `${path}/metrics`, body: body.bytes, change: false },
        expect,
      })
    } catch (error) {
      if (!isCatalogError(error) || error.status < 500) throw error
      upstream.tools.log('metrics report not relayed', { connection: upstream.connection, error })
    }
  }

export const createTables = (upstream: Upstream): Tables => ({
  ...createRelations(upstream, tableWords),
  unregister: createUnregister(upstream),
  reportMetrics: createReport(upstream),
})

/** One change that adds a snapshot tells for all: a transaction is all or nothing. */
const isThere = async (
  load: Tables['load'],
  context: CallContext,
  telling: TableChange,
): Promise<true | undefined> => {
  const unhurried = { ...context, signal: new AbortController().signal }
  const loaded = await load(unhurried, telling.id, { snapshots: 'all' })
  if (loaded === 'not-modified') return undefined
  return (await holdsSnapshots(loaded, addedSnapshotIds(telling.updates))) ? true : undefined
}

export const createTransactions = (upstream: Upstream, load: Tables['load']): Transactions => ({
  commit: async (context, changes, body) => {
    for (const { id } of changes)
      await context.inspect?.({ identifier: id, kind: 'table', request: body.json })
    const ids = changes.map(({ id }) => id)
    const telling = changes.find(({ updates }) => addedSnapshotIds(updates).length > 0)
    await runChange(upstream, context, {
      operation: 'commitTransaction',
      identifiers: ids,
      addedSnapshotIds: changes.flatMap(({ updates }) => addedSnapshotIds(updates)),
      ask: {
        method: 'POST',
        path: '/transactions/commit',
        body: withIdentifiers(body.bytes, ids),
        change: true,
      },
      expect: {
        missing: 'NoSuchTableException',
        conflict: 'CommitFailedException',
        message: 'A table of the transaction does not exist',
      },
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => ({ kind: 'done' }),
      ...(telling ? { reconcile: () => isThere(load, context, telling) } : {}),
    })
  },
})
