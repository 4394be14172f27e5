/** The one table of the Iceberg face: every operation that it serves, by the specification's operation id. */
import { createConfigOperations } from './config.ts'
import { createNamespaceOperations } from './namespaces.ts'
import type { IcebergDeps } from './place.ts'
import { createTableOperations } from './tables.ts'
import { createTransactionOperations } from './transactions.ts'
import { createViewOperations } from './views.ts'

export type IcebergOperations = ReturnType<typeof createIcebergOperations>

export const createIcebergOperations = (deps: IcebergDeps) => ({
  ...createConfigOperations(deps),
  ...createNamespaceOperations(deps),
  ...createTableOperations(deps),
  ...createViewOperations(deps),
  ...createTransactionOperations(deps),
})
