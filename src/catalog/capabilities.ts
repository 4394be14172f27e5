/** Which operations of the specification a catalog serves: by presence of its members, narrowed by what it says of itself. */
import type { Catalog } from './catalog.ts'

const always = [
  'listNamespaces',
  'createNamespace',
  'loadNamespaceMetadata',
  'namespaceExists',
  'dropNamespace',
  'updateProperties',
  'listTables',
  'createTable',
  'loadTable',
  'tableExists',
  'updateTable',
  'dropTable',
  'renameTable',
]

const ofViews = ['listViews', 'createView', 'loadView', 'viewExists', 'replaceView', 'dropView', 'renameView']

const present = (catalog: Catalog): readonly string[] => [
  ...always,
  ...(catalog.tables.register ? ['registerTable'] : []),
  ...(catalog.tables.unregister ? ['unregisterTable'] : []),
  ...(catalog.tables.reportMetrics ? ['reportMetrics'] : []),
  ...(catalog.views ? ofViews : []),
  ...(catalog.views?.register ? ['registerView'] : []),
  ...(catalog.transactions ? ['commitTransaction'] : []),
]

/** Operation ids that the catalog serves now. Rejects when an upstream has to be asked and is out. */
export const operationsOf = async (catalog: Catalog): Promise<ReadonlySet<string>> => {
  const members = present(catalog)
  if (!catalog.supported) return new Set(members)
  const supported = await catalog.supported()
  return new Set(members.filter((operation) => supported.has(operation)))
}
