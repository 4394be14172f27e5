/**
 * What is known of mounted objects, from memory: only uuids that grants stand for are kept. That none has been seen yet
 * is asked again each time, so that the first grant on an object binds at once.
 */
import type { ObjectKey } from '#model/object-key.ts'
import type { GovernedObject, GovernedObjects } from './governed.ts'
import { createKept } from './kept.ts'
import type { PolicyMemory } from './policy-memory.ts'

interface State {
  readonly object: ObjectKey
  readonly uuid: string | null
  readonly suspended: boolean
}

export interface GovernedDeps {
  readonly load: (
    objects: readonly ObjectKey[],
  ) => Promise<{ readonly epoch: number; readonly objects: readonly State[] }>
  /** Of policy. */
  readonly loadEpoch: () => Promise<number>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Told where the epoch could not be asked about ahead of time. */
  readonly report: (error: unknown) => void
  /** How many objects are kept. */
  readonly capacity?: number
}

const defaultCapacity = 100_000

type Known = Map<ObjectKey, GovernedObject>

const asKnown = ({ uuid, suspended }: State): GovernedObject =>
  uuid === null ? { suspended } : { uuid, suspended }

export const createGovernedObjects = (deps: GovernedDeps): GovernedObjects & PolicyMemory => {
  const { load, loadEpoch, now, report, capacity = defaultCapacity } = deps
  const kept = createKept<GovernedObject>({ loadEpoch, now, report, capacity, sizeOf: () => 1 })
  const read = async (known: Known, objects: readonly ObjectKey[]): Promise<Known> => {
    const reading = kept.reading()
    const { epoch, objects: states } = await load(objects)
    const found = states.map((state) => [state.object, asKnown(state)] as const)
    reading.keep(
      epoch,
      found.filter(([, { uuid }]) => uuid !== undefined),
    )
    for (const [object, one] of found) known.set(object, one)
    return known
  }
  return {
    of: (objects) => {
      const known: Known = new Map()
      if (!kept.usable()) return read(known, objects)
      const unknown = objects.filter((object) => {
        const one = kept.get(object)
        if (one) known.set(object, one)
        return one === undefined
      })
      return unknown.length === 0 ? known : read(known, unknown)
    },
    forget: () => kept.forget(),
  }
}
