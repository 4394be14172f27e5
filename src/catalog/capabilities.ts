/** Which operations of the specification a catalog serves: by presence of its members, narrowed by what it says of itself. */
import { isCatalogError } from '#model/errors.ts'
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

/** What the members allow; an upstream may serve less. */
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

/** How long a source that does not answer can hold up the others' answer. */
const patienceMs = 2000

const isOut = (error: unknown): boolean => isCatalogError(error) && error.status >= 500

/**
 * The union over several catalogs. One that is out, or slow while others have answered, is left out. Where all
 * are out it is what their members allow: a client can start then, and what an upstream turns out to lack is
 * answered as that (lists empty, loads 404, mutations 406). Any other failure is thrown.
 */
export const unionOfOperations = async (catalogs: readonly Catalog[]): Promise<ReadonlySet<string>> => {
  const wanted = new Set(catalogs.flatMap(present))
  const served = new Set<string>()
  const complete = Promise.withResolvers<void>()
  let failure: unknown
  let late = false
  const asked = catalogs.map(async (catalog) => {
    try {
      for (const operation of await operationsOf(catalog)) served.add(operation)
      if (late || wanted.isSubsetOf(served)) complete.resolve()
    } catch (error) {
      failure ??= error
    }
  })
  const all = Promise.all(asked)
  const timer = setTimeout(() => {
    late = true
    if (served.size > 0) complete.resolve()
  }, patienceMs)
  await Promise.race([all, complete.promise])
  clearTimeout(timer)
  if (served.size > 0 || failure === undefined) return new Set(served)
  if (isOut(failure)) return wanted
  throw failure
}
