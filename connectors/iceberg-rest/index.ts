/** Iceberg REST catalogs as upstreams, by relay: the client's own bytes travel, only identifiers and addresses change. */
import type { Catalog } from '#catalog/catalog.ts'
import type { Connector } from '#catalog/connector.ts'
import { createUpstream } from './client.ts'
import { readConfig, restConfig } from './config.ts'
import { createLanded } from './landed.ts'
import { createNamespaces } from './namespaces.ts'
import { createRelations } from './relations.ts'
import { createTables } from './tables.ts'
import { createTransactions } from './transactions.ts'
import { viewWords } from './words.ts'

const kind = 'iceberg-rest'

/** What is answered through another operation where the upstream does not list it. */
const impliedBy: readonly (readonly [string, string])[] = [
  ['namespaceExists', 'loadNamespaceMetadata'],
  ['tableExists', 'loadTable'],
  ['viewExists', 'loadView'],
]

export const icebergRest: Connector = {
  kind,
  schema: restConfig,
  open: async (config, tools): Promise<Catalog> => {
    const upstream = createUpstream(readConfig(config), tools)
    const tables = createTables(upstream)
    const views = createRelations(upstream, viewWords)
    return {
      kind,
      namespaces: createNamespaces(upstream),
      tables,
      views,
      transactions: createTransactions(upstream, tables.load),
      supported: async () => {
        const { operations } = await upstream.session()
        const implied = impliedBy.filter(([, by]) => operations.has(by)).map(([operation]) => operation)
        return new Set([...operations, ...implied])
      },
      landed: createLanded({ tables, views }),
      [Symbol.asyncDispose]: async () => {},
    }
  },
}
