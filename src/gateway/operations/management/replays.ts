/** How finished changes of the management face are told again: the object as it now is. */
import type { CatalogError } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'
import type { Replay, Target } from '../../operation.ts'
import {
  type ById,
  type ConnectionTarget,
  findConnection,
  findWarehouse,
  type ManagementDeps,
  type WarehouseTarget,
} from './place.ts'
import type { ConnectionRecord, WarehouseRecord } from './registry.ts'

/** What was changed, by its id: another object may have got its name since. */
export const made = (id: string): Outcome => ({ kind: 'json', body: JSON.stringify({ id }) })

const idIn = (outcome: Outcome): string | undefined =>
  outcome.kind === 'json' ? (JSON.parse(outcome.body) as { readonly id: string }).id : undefined

/** For what was made: the object as it now is, under whatever name. `missing` where it is gone. */
export const replayMade = <T extends Target, Output extends { readonly id: string }>(
  find: (target: T, id: string) => Promise<Output | undefined>,
  missing: (target: T) => CatalogError,
): Replay<T, Output> => ({
  remember: ({ id }) => made(id),
  recall: async (outcome, { target }) => {
    const id = idIn(outcome)
    const found = id === undefined ? undefined : await find(target, id)
    if (found === undefined) throw missing(target)
    return found
  },
})

/** The record that resolve found may be older than the change that is told again. */
export const replayWarehouse = <Input extends ById>(
  deps: ManagementDeps,
): Replay<WarehouseTarget<Input>, WarehouseRecord> => ({
  remember: () => ({ kind: 'done' }),
  recall: async (_outcome, { target }) => findWarehouse(deps, target),
})

export const replayConnection = <Input extends ById>(
  deps: ManagementDeps,
): Replay<ConnectionTarget<Input>, ConnectionRecord> => ({
  remember: () => ({ kind: 'done' }),
  recall: async (_outcome, { target }) => findConnection(deps, target),
})
