/**
 * What is remembered of rules, tags and read restrictions: each warehouse is read once, and kept while the epoch of
 * governance stands still. How old it may be, whoever asks says.
 */
import { LRUCache } from 'lru-cache'
import type { ReadRestriction } from '#model/access.ts'
import type { ParsedRules } from './cedar/program.ts'
import type { PolicyMemory } from './policy-memory.ts'
import type { TagsByObject } from './tags.ts'

/** What a warehouse's objects have, by key. */
export interface WarehouseGovernance {
  readonly tags: TagsByObject
  readonly restrictions: ReadonlyMap<string, ReadRestriction>
}

export interface Governance {
  readonly rules: ParsedRules
  /** Of those that were asked for. */
  of(warehouse: string): WarehouseGovernance | undefined
}

interface GovernanceEpochs {
  readonly policy: number
  readonly governance: number
}

export interface GovernanceDeps {
  readonly loadEpochs: () => Promise<GovernanceEpochs>
  /** The newest stored set; another object where it is another set. */
  readonly loadRules: () => Promise<ParsedRules>
  readonly loadWarehouse: (warehouse: string) => Promise<WarehouseGovernance>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Told where the epochs could not be asked about ahead of time. */
  readonly report: (error: unknown) => void
  /** How many tags and restrictions are kept. */
  readonly capacity?: number
}

export interface GovernanceMemory extends PolicyMemory {
  /**
   * As it stands: no older than `notBefore`, an epoch of policy; undefined: no older than 5 s. At once where it is
   * remembered. Rejects when the store cannot be asked.
   */
  at(notBefore: number | undefined, warehouses: readonly string[]): Governance | Promise<Governance>
}

const defaultCapacity = 1_000_000
/** Older than this nothing is answered from memory. */
const longestMs = 5_000
/** From this age on the epochs are asked about besides the answer. */
const renewalMs = 1_500

interface Known extends Governance {
  epochs: GovernanceEpochs
  readonly warehouses: LRUCache<string, WarehouseGovernance>
  /** What is being read into it. */
  readonly loads: Map<string, Promise<void>>
}

const createKnown = (epochs: GovernanceEpochs, rules: ParsedRules, capacity = defaultCapacity): Known => {
  const warehouses = new LRUCache<string, WarehouseGovernance>({
    maxSize: capacity,
    sizeCalculation: ({ tags, restrictions }) => tags.size + restrictions.size + 1,
  })
  return { epochs, rules, warehouses, loads: new Map(), of: (warehouse) => warehouses.get(warehouse) }
}

const holdsAll = ({ warehouses }: Known, wanted: readonly string[]): boolean => {
  for (const one of wanted) if (!warehouses.has(one)) return false
  return true
}

/** Reads the warehouses that are missing, each once for all who wait. */
const createFill = (loadWarehouse: GovernanceDeps['loadWarehouse']) => {
  const load = (into: Known, warehouse: string): Promise<void> => {
    const under =
      into.loads.get(warehouse) ??
      loadWarehouse(warehouse)
        .then((found) => {
          into.warehouses.set(warehouse, found)
        })
        .finally(() => into.loads.delete(warehouse))
    into.loads.set(warehouse, under)
    return under
  }
  /** What memory has no room for is held for whoever asks. */
  return async (from: Known, wanted: readonly string[]): Promise<Governance> => {
    await Promise.all(wanted.filter((one) => !from.warehouses.has(one)).map((one) => load(from, one)))
    const held = new Map<string, WarehouseGovernance>()
    for (const one of wanted) held.set(one, from.warehouses.get(one) ?? (await loadWarehouse(one)))
    return { rules: from.rules, of: (warehouse) => held.get(warehouse) }
  }
}

interface State {
  known: Known | undefined
  confirmedAt: number
  /** Moves when something has changed here: what was asked for before vouches for nothing. */
  generation: number
}

const createRefresh = (deps: GovernanceDeps, state: State) => async (): Promise<Known> => {
  const { generation } = state
  const at = deps.now()
  const epochs = await deps.loadEpochs()
  const { known } = state
  const same = known?.epochs.governance === epochs.governance ? known : undefined
  const next = same ?? createKnown(epochs, await deps.loadRules(), deps.capacity)
  if (generation !== state.generation) return next
  if (next.epochs.policy < epochs.policy) next.epochs = epochs
  state.known = next
  state.confirmedAt = at
  return next
}

const isRecent = ({ epochs }: Known, notBefore: number | undefined): boolean =>
  notBefore === undefined || epochs.policy >= notBefore

export const createGovernanceMemory = (deps: GovernanceDeps): GovernanceMemory => {
  const { now, report } = deps
  const state: State = { known: undefined, confirmedAt: Number.NEGATIVE_INFINITY, generation: 0 }
  const refresh = createRefresh(deps, state)
  const fill = createFill(deps.loadWarehouse)
  let flight: Promise<Known> | undefined
  const depart = (): Promise<Known> => {
    const landing = refresh().finally(() => {
      if (flight === landing) flight = undefined
    })
    flight = landing
    return landing
  }
  /** A look that was under way may have been too early. */
  const renewed = async (notBefore: number | undefined): Promise<Known> => {
    const joined = await (flight ?? depart())
    return isRecent(joined, notBefore) ? joined : refresh()
  }
  const isFresh = (from: Known, notBefore: number | undefined): boolean => {
    if (notBefore !== undefined) return isRecent(from, notBefore)
    const age = now() - state.confirmedAt
    if (age > renewalMs && age <= longestMs && !flight) depart().catch(report)
    return age <= longestMs
  }
  return {
    at: (notBefore, warehouses) => {
      const { known } = state
      if (!known || !isFresh(known, notBefore))
        return renewed(notBefore).then((fresh) => fill(fresh, warehouses))
      return holdsAll(known, warehouses) ? known : fill(known, warehouses)
    },
    // What is remembered stays where a look finds that it was not this that has changed.
    forget: () => {
      state.generation += 1
      state.confirmedAt = Number.NEGATIVE_INFINITY
      flight = undefined
    },
  }
}
