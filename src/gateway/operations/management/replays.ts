/** How finished changes of the management face are told again: the object as it now is. */
import type { CatalogError } from '#model/errors.ts'
import type { Replay } from '../../operation.ts'
import {
  type ById,
  type ConnectionTarget,
  findConnectionTarget,
  findWarehouseTarget,
  type ManagementDeps,
  type ProjectTarget,
  type WarehouseTarget,
} from './place.ts'
import type { ConnectionRecord, WarehouseRecord } from './registry.ts'

/** For what was made: it is looked up by what the request says of it. `missing` where it is gone by now. */
export const replayMade = <Input, T extends ProjectTarget<Input>, Output>(
  find: (target: T) => Promise<Output | undefined>,
  missing: (target: T) => CatalogError,
): Replay<T, Output> => ({
  remember: () => ({ kind: 'done' }),
  recall: async (_outcome, { target }) => {
    const found = await find(target)
    if (found === undefined) throw missing(target)
    return found
  },
})

/** The record that resolve found may be older than the change that is told again. */
export const replayWarehouse = <Input extends ById>(
  deps: ManagementDeps,
): Replay<WarehouseTarget<Input>, WarehouseRecord> => ({
  remember: () => ({ kind: 'done' }),
  recall: async (_outcome, { target }) => (await findWarehouseTarget(deps, target.input)).record,
})

export const replayConnection = <Input extends ById>(
  deps: ManagementDeps,
): Replay<ConnectionTarget<Input>, ConnectionRecord> => ({
  remember: () => ({ kind: 'done' }),
  recall: async (_outcome, { target }) => (await findConnectionTarget(deps, target.input)).record,
})
