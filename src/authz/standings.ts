/**
 * Standings from memory: each is kept while the epoch of identity stands still. The epoch is asked about again before
 * what is known is too old, and whoever makes a change here says so; a store that cannot be asked ends the answers.
 */
import { LRUCache } from 'lru-cache'
import type { Principal } from '#model/access.ts'
import type { Standing, Standings } from './standing.ts'

export interface StandingsDeps {
  /** Reads the records; `epoch` is that of the same moment. */
  readonly load: (principal: Principal) => Promise<{
    readonly serverAdmin: boolean
    readonly projects: readonly string[]
    readonly roles: readonly string[]
    readonly epoch: number
  }>
  readonly loadEpoch: () => Promise<number>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Told where the epoch could not be asked about ahead of time. */
  readonly report: (error: unknown) => void
  /** How many ids are kept: of roles, projects, groups, and those who have them. */
  readonly capacity?: number
}

export interface KeptStandings extends Standings {
  /** After a change that was made here, or that another process told of. */
  forget(): void
}

const defaultCapacity = 500_000
/** Groups are part of the key, and a token may have many. */
const lengthOfId = 40
/** Older than this nothing is answered from memory. */
const longestMs = 5_000
/** From this age on the epoch is asked about besides the answer. */
const renewalMs = 1_500

const nobody: Standing = { serverAdmin: false, projects: new Set(), roles: new Set() }

/** Others are in no role; but whoever they are, they may have been let act with one. */
const isRecorded = ({ kind, assumedRole }: Principal): boolean =>
  kind === 'user' || kind === 'service-account' || assumedRole !== undefined

const keyOf = ({ id, groups, assumedRole }: Principal): string => {
  if (assumedRole !== undefined) return `role\n${assumedRole}`
  return groups === undefined || groups.length === 0 ? id : `${id}\n${groups.join('\n')}`
}

/** What is known, and of which moment. */
const createKnown = (capacity: number) => {
  const kept = new LRUCache<string, Standing>({
    maxSize: capacity,
    sizeCalculation: ({ projects, roles }, key) =>
      Math.ceil(key.length / lengthOfId) + projects.size + roles.size,
  })
  const state = { epoch: -1, confirmedAt: Number.NEGATIVE_INFINITY, generation: 0 }
  const forget = (): void => {
    state.generation += 1
    kept.clear()
  }
  /** The epoch that was true at a moment: where it has moved, nothing older is worth anything. */
  const confirm = (epoch: number, at: number): void => {
    if (epoch !== state.epoch) forget()
    state.epoch = epoch
    state.confirmedAt = Math.max(state.confirmedAt, at)
  }
  return { kept, state, forget, confirm }
}

interface Flight<T> {
  readonly began: number
  readonly landing: Promise<T>
}

/** Whoever asks for what is being read waits for that one reading, unless it began so long ago that it may be stale. */
const createFlights = <T>(now: () => number) => {
  const under = new Map<string, Flight<T>>()
  const depart = (key: string, start: () => Promise<T>): Promise<T> => {
    const landing = start().finally(() => {
      if (under.get(key)?.landing === landing) under.delete(key)
    })
    under.set(key, { began: now(), landing })
    return landing
  }
  return {
    clear: () => under.clear(),
    join: (key: string, start: () => Promise<T>): Promise<T> => {
      const found = under.get(key)
      return found !== undefined && now() - found.began <= longestMs ? found.landing : depart(key, start)
    },
  }
}

export const createStandings = (deps: StandingsDeps): KeptStandings => {
  const { load, loadEpoch, now, report } = deps
  const { kept, state, forget, confirm } = createKnown(deps.capacity ?? defaultCapacity)
  const loads = createFlights<Standing>(now)
  const renewals = createFlights<void>(now)
  const read = async (key: string, principal: Principal): Promise<Standing> => {
    const { generation } = state
    const at = now()
    const { epoch, serverAdmin, projects, roles } = await load(principal)
    const standing = { serverAdmin, projects: new Set(projects), roles: new Set(roles) }
    if (generation !== state.generation) return standing
    confirm(epoch, at)
    kept.set(key, standing)
    return standing
  }
  const renew = async (): Promise<void> => {
    const { generation } = state
    const at = now()
    const epoch = await loadEpoch()
    if (generation === state.generation) confirm(epoch, at)
  }
  return {
    of: (principal) => {
      if (!isRecorded(principal)) return nobody
      const key = keyOf(principal)
      const age = now() - state.confirmedAt
      const standing = age <= longestMs ? kept.get(key) : undefined
      if (standing === undefined) return loads.join(key, () => read(key, principal))
      if (age > renewalMs) renewals.join('', renew).catch(report)
      return standing
    },
    forget: () => {
      forget()
      loads.clear()
      renewals.clear()
    },
  }
}
