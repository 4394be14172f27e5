/** A catalog in memory: a fake that passes the same contract suite as the real ones, so that units may trust it. */
import type { Catalog, Entry, Tables } from '#catalog/catalog.ts'
import type { Identifier } from '#model/identifier.ts'
import { createNamespaces } from './memory-catalog/namespaces.ts'
import { carryOut, createRelations, plan } from './memory-catalog/relations.ts'
import { createState, keyOf, requireRelation, type State } from './memory-catalog/state.ts'

export interface MemoryCatalog extends Catalog {
  /** Metrics reports that were kept. */
  readonly reports: readonly Identifier[]
}

const entryOf = (state: State, id: Identifier): Entry | undefined => {
  const held = state.relations.get(keyOf(id))
  return held && { ...held, identifier: held.id }
}

const createTables = (state: State, reports: Identifier[]): Required<Tables> => ({
  ...createRelations(state, 'table'),
  find: async (ids) => ids.map((id) => entryOf(state, id)),
  unregister: async (context, id) => {
    const tables = createRelations(state, 'table')
    const last = await tables.load(context, id, { snapshots: 'all' })
    if (last === 'not-modified') throw new Error('not-modified was not asked for')
    state.relations.delete(keyOf(id))
    return last
  },
  reportMetrics: async (_context, id) => {
    requireRelation(state, 'table', id)
    reports.push(id)
  },
})

export const createMemoryCatalog = (location = 'file:///lake'): MemoryCatalog => {
  const state = createState(location)
  const reports: Identifier[] = []
  return {
    kind: 'memory',
    reports,
    namespaces: createNamespaces(state),
    tables: createTables(state, reports),
    views: createRelations(state, 'view'),
    transactions: {
      commit: async (_context, changes) => {
        const planned = changes.map(({ id, requirements, updates }) =>
          plan(state, 'table', { id, request: { requirements, updates } }),
        )
        for (const one of planned) carryOut(state, one)
      },
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
