/** The operations on tables: those that views have too, and unregister and metrics. */
import type { Loaded } from '#catalog/catalog.ts'
import { recallShown, rememberShown } from '#catalog/shown-once.ts'
import { CatalogError } from '#model/errors.ts'
import { missing } from '../denial.ts'
import type { Operation } from '../operation.ts'
import {
  type AtRelation,
  findRelationPlace,
  type IcebergDeps,
  need,
  type RoutedPlace,
  relationResource,
  withAllowedConfig,
} from './place.ts'
import { type CommitRelation, createRelationOperations } from './relations.ts'
import { metricsEvents, relationEvents } from './relayed-events.ts'
import { replayDone } from './replays.ts'

const unsupported = (operation: string): CatalogError =>
  new CatalogError('UnsupportedOperationException', `The catalog mounted here does not support ${operation}`)

const unregisterTable = (deps: IcebergDeps): Operation<AtRelation, RoutedPlace<AtRelation>, Loaded> => ({
  name: 'unregisterTable',
  kind: 'change',
  success: 200,
  resolve: (input) => findRelationPlace(deps, input),
  needs: (target) => [need('drop', relationResource('table', target, target.input.id))],
  run: async ({ context, target: { route, input }, ...task }) => {
    const { tables } = route.catalog
    if (!tables.unregister) throw unsupported('unregisterTable')
    return withAllowedConfig(await tables.unregister(context, input.id), task)
  },
  changes: relationEvents('table', 'unregistered'),
  replay: {
    remember: rememberShown,
    recall: async (outcome, { target }) => {
      const shown = recallShown(outcome)
      if (!shown) throw missing(relationResource('table', target, target.input.id))
      return shown
    },
  },
})

/** Who may read a table may report how reading it went. */
const reportMetrics = (deps: IcebergDeps): Operation<CommitRelation, RoutedPlace<CommitRelation>, void> => ({
  name: 'reportMetrics',
  kind: 'change',
  success: 204,
  resolve: (input) => findRelationPlace(deps, input),
  needs: (target) => [need('read', relationResource('table', target, target.input.id))],
  run: async ({ context, target: { route, input } }) => {
    const { tables } = route.catalog
    if (!tables.reportMetrics) throw unsupported('reportMetrics')
    await tables.reportMetrics(context, input.id, input.body)
  },
  changes: metricsEvents,
  replay: replayDone,
})

export const createTableOperations = (deps: IcebergDeps) => {
  const relations = createRelationOperations(deps, 'table', {
    list: 'listTables',
    create: 'createTable',
    register: 'registerTable',
    load: 'loadTable',
    exists: 'tableExists',
    commit: 'updateTable',
    drop: 'dropTable',
    rename: 'renameTable',
  })
  return {
    listTables: relations.list,
    createTable: relations.create,
    registerTable: relations.register,
    loadTable: relations.load,
    tableExists: relations.exists,
    updateTable: relations.commit,
    dropTable: relations.drop,
    renameTable: relations.rename,
    unregisterTable: unregisterTable(deps),
    reportMetrics: reportMetrics(deps),
  }
}
