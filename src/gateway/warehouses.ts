/** The shape in which open warehouses are handed to the gateway, and how a request names one. */
import type { MountTable } from '#catalog/mounts.ts'
import { CatalogError } from '#model/errors.ts'

/** A warehouse ready to serve: its mount table stands, its catalogs are open. */
export interface OpenWarehouse {
  /** A uuid in lower case; also the prefix that `GET /v1/config` hands out. */
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly mounts: MountTable
}

/** Answers from memory: it is asked once a request. A warehouse being changed is answered old or new. */
export interface WarehouseDirectory {
  /**
   * As a client names it in `GET /v1/config`: `project/name`, by the project's id or its name, or `name` in the project
   * of the id, which is the default one where none is named.
   */
  byName(name: string, project?: string): OpenWarehouse | undefined
  byPrefix(prefix: string): OpenWarehouse | undefined
  /** The one that routes without a prefix mean in the project of the id; undefined where there is none. */
  byDefault(project?: string): OpenWarehouse | undefined
}

/** How a request names its warehouse; `default` where it does not. `project`: as `x-project-id` names it. */
export type WarehouseReference =
  | { readonly by: 'default'; readonly project?: string }
  | { readonly by: 'prefix'; readonly prefix: string }
  | { readonly by: 'name'; readonly name: string; readonly project?: string }

const find = (directory: WarehouseDirectory, reference: WarehouseReference): OpenWarehouse | undefined => {
  if (reference.by === 'prefix') return directory.byPrefix(reference.prefix)
  if (reference.by === 'name') return directory.byName(reference.name, reference.project)
  return directory.byDefault(reference.project)
}

/** The answer for an absent warehouse, as the caller named it. */
export const missingWarehouse = (reference: WarehouseReference): CatalogError => {
  if (reference.by === 'default')
    return new CatalogError('NoSuchWarehouseException', 'There is no default warehouse: name one')
  const name = reference.by === 'prefix' ? reference.prefix : reference.name
  return new CatalogError('NoSuchWarehouseException', `Warehouse does not exist: ${name}`)
}

/** NoSuchWarehouse when absent. */
export const findWarehouse = (
  directory: WarehouseDirectory,
  reference: WarehouseReference,
): OpenWarehouse => {
  const warehouse = find(directory, reference)
  if (!warehouse) throw missingWarehouse(reference)
  return warehouse
}
