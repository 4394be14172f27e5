/** One valid request for each operation of the Iceberg face: what tests over all operations are generated from. */
import { newTable, newView } from './wire.ts'

export interface Sample {
  /** Method and path below the prefix; a leading `~` means below `/catalog` instead. */
  readonly line: string
  readonly body?: unknown
}

const commit = { requirements: [], updates: [{ action: 'set-properties', updates: { a: '1' } }] }
const report = {
  'report-type': 'scan-report',
  'table-name': 't',
  'snapshot-id': 1,
  filter: true,
  'schema-id': 0,
  'projected-field-ids': [1],
  'projected-field-names': ['id'],
  metrics: {},
}

/** By operation id. They act on what `fill` makes: namespace `a`, table `t`, view `v`. */
export const samples: Readonly<Record<string, Sample>> = {
  getConfig: { line: 'GET ~/v1/config?warehouse=lake' },
  listNamespaces: { line: 'GET /namespaces?parent=a' },
  createNamespace: { line: 'POST /namespaces', body: { namespace: ['a', 'b'], properties: {} } },
  loadNamespaceMetadata: { line: 'GET /namespaces/a' },
  namespaceExists: { line: 'HEAD /namespaces/a' },
  dropNamespace: { line: 'DELETE /namespaces/a' },
  updateProperties: { line: 'POST /namespaces/a/properties', body: { updates: { x: '1' }, removals: [] } },
  listTables: { line: 'GET /namespaces/a/tables' },
  createTable: { line: 'POST /namespaces/a/tables', body: newTable('t2') },
  registerTable: {
    line: 'POST /namespaces/a/register',
    body: { name: 't3', 'metadata-location': 'file:///lake/x/metadata/1.metadata.json' },
  },
  loadTable: { line: 'GET /namespaces/a/tables/t' },
  tableExists: { line: 'HEAD /namespaces/a/tables/t' },
  updateTable: { line: 'POST /namespaces/a/tables/t', body: commit },
  dropTable: { line: 'DELETE /namespaces/a/tables/t?purgeRequested=True' },
  unregisterTable: { line: 'POST /namespaces/a/tables/t/unregister' },
  reportMetrics: { line: 'POST /namespaces/a/tables/t/metrics', body: report },
  renameTable: {
    line: 'POST /tables/rename',
    body: { source: { namespace: ['a'], name: 't' }, destination: { namespace: ['a'], name: 'u' } },
  },
  commitTransaction: {
    line: 'POST /transactions/commit',
    body: { 'table-changes': [{ identifier: { namespace: ['a'], name: 't' }, ...commit }] },
  },
  listViews: { line: 'GET /namespaces/a/views' },
  createView: { line: 'POST /namespaces/a/views', body: newView('v2') },
  loadView: { line: 'GET /namespaces/a/views/v' },
  viewExists: { line: 'HEAD /namespaces/a/views/v' },
  replaceView: {
    line: 'POST /namespaces/a/views/v',
    body: { requirements: [], updates: [{ action: 'set-properties', updates: { a: '1' } }] },
  },
  dropView: { line: 'DELETE /namespaces/a/views/v' },
  renameView: {
    line: 'POST /views/rename',
    body: { source: { namespace: ['a'], name: 'v' }, destination: { namespace: ['a'], name: 'w' } },
  },
  registerView: {
    line: 'POST /namespaces/a/register-view',
    body: { name: 'v3', 'metadata-location': 'file:///lake/x/metadata/1.metadata.json' },
  },
}
