/** Standings from memory: each is kept while the epoch of identity stands still (`kept.ts`). */
import type { Principal } from '#model/access.ts'
import { createFlights, createKept } from './kept.ts'
import { isRecorded, type Standing, type Standings } from './standing.ts'

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

const nobody: Standing = { serverAdmin: false, projects: new Set(), roles: new Set() }

const keyOf = ({ id, groups, assumedRole }: Principal): string => {
  if (assumedRole !== undefined) return `role\n${assumedRole}`
  return groups === undefined || groups.length === 0 ? id : `${id}\n${groups.join('\n')}`
}

export const createStandings = (deps: StandingsDeps): KeptStandings => {
  const { load, now } = deps
  const kept = createKept<Standing>({
    ...{ loadEpoch: deps.loadEpoch, now, report: deps.report },
    capacity: deps.capacity ?? defaultCapacity,
    sizeOf: ({ projects, roles }, key) => Math.ceil(key.length / lengthOfId) + projects.size + roles.size,
  })
  const loads = createFlights<Standing>(now)
  const read = async (key: string, principal: Principal): Promise<Standing> => {
    const reading = kept.reading()
    const { epoch, serverAdmin, projects, roles } = await load(principal)
    const standing = { serverAdmin, projects: new Set(projects), roles: new Set(roles) }
    reading.keep(epoch, [[key, standing]])
    return standing
  }
  return {
    of: (principal) => {
      if (!isRecorded(principal)) return nobody
      const key = keyOf(principal)
      const standing = kept.usable() ? kept.get(key) : undefined
      return standing ?? loads.join(key, () => read(key, principal))
    },
    forget: () => {
      kept.forget()
      loads.clear()
    },
  }
}
