/** What only tables have: unregister and metrics. */
import type { Tables } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import { rememberShown } from '#catalog/shown-once.ts'
import { isCatalogError } from '#model/errors.ts'
import { runChange, sessionForChange } from './changes.ts'
import type { Upstream } from './client.ts'
import { readLoaded } from './loaded.ts'
import { relationPath } from './paths.ts'
import { read } from './reads.ts'
import { createRelations } from './relations.ts'
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
