/** The one table of the Iceberg face: every operation that it serves, by the specification's operation id. */
import type { Within } from '../operation.ts'
import { findWarehouse, missingWarehouse } from '../warehouses.ts'
import { createConfigOperations } from './config.ts'
import { createNamespaceOperations } from './namespaces.ts'
import type { IcebergDeps, InWarehouse } from './place.ts'
import { createTableOperations } from './tables.ts'
import { createTransactionOperations } from './transactions.ts'
import { createViewOperations } from './views.ts'

export type IcebergOperations = ReturnType<typeof createIcebergOperations>

/** Every operation of this face acts in a warehouse: one of a project that the asker may not enter is as missing as any. */
const within =
  ({ warehouses }: IcebergDeps) =>
  ({ warehouse }: InWarehouse): Within => ({
    project: findWarehouse(warehouses, warehouse).projectId,
    missing: () => missingWarehouse(warehouse),
  })

interface Acting {
  resolve(input: never, ...where: never[]): unknown
}

const eachWithin = <Operations extends Readonly<Record<string, Acting>>>(
  deps: IcebergDeps,
  operations: Operations,
): Operations => {
  const inWarehouse = { within: within(deps) }
  const entries = Object.entries(operations).map(([name, operation]) => [
    name,
    { ...operation, ...inWarehouse },
  ])
  return Object.fromEntries(entries) as Operations
}

export const createIcebergOperations = (deps: IcebergDeps) =>
  eachWithin(deps, {
    ...createConfigOperations(deps),
    ...createNamespaceOperations(deps),
    ...createTableOperations(deps),
    ...createViewOperations(deps),
    ...createTransactionOperations(deps),
  })
