import type { Operation } from '../operation.ts'
import { missingWarehouse } from '../warehouses.ts'
import { findPlace, type IcebergDeps, type InWarehouse, need, type Place } from './place.ts'

export interface ConfigAnswer {
  /** What the client puts into its paths from now on. */
  readonly prefix: string
  /** Operation ids that at least one catalog of the warehouse serves. */
  readonly operations: ReadonlySet<string>
}

export const createConfigOperations = (deps: IcebergDeps) => {
  const getConfig: Operation<InWarehouse, Place<InWarehouse>, ConfigAnswer> = {
    name: 'getConfig',
    kind: 'read',
    success: 200,
    resolve: (input) => findPlace(deps, input),
    needs: ({ warehouse }) => [
      need('get-config', { kind: 'warehouse', project: warehouse.projectId, warehouse: warehouse.id }),
    ],
    missing: ({ input }) => missingWarehouse(input.warehouse),
    run: async ({ target }) => ({
      prefix: target.warehouse.id,
      operations: new Set(['getConfig', ...(await target.warehouse.mounts.operations())]),
    }),
  }
  return { getConfig }
}
