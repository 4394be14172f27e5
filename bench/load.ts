/** One load tool for every subject, so that ratios of one run compare like with like. */
import autocannon from 'autocannon'
import { cpuMs, type Subject } from './process.ts'

export interface Figure {
  readonly name: string
  readonly requests: number
  /** Milliseconds of CPU that the serving process spent on one request. */
  readonly cpuMsPerRequest: number
  /** The same of the database beside it; not a number where none was watched. */
  readonly databaseMsPerRequest: number
  readonly requestsPerSecond: number
  readonly meanMs: number
  readonly p99Ms: number
  readonly failures: number
}

export interface Load {
  readonly name: string
  readonly subject: Subject
  readonly path: string
  readonly requests: number
  readonly connections?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'POST'
  readonly body?: string
  /** CPU milliseconds that the database behind the subject has used so far. */
  readonly database?: () => Promise<number>
}

const fire = (load: Load) =>
  autocannon({
    url: load.subject.url + load.path,
    amount: load.requests,
    connections: load.connections ?? 16,
    ...(load.headers ? { headers: { ...load.headers } } : {}),
    ...(load.method ? { method: load.method } : {}),
    ...(load.body === undefined ? {} : { body: load.body }),
    timeout: 60,
  })

/** Warms up with as many requests as are measured: what compiles late is not counted. */
export const measure = async (load: Load): Promise<Figure> => {
  await fire(load)
  const database = load.database ?? (async () => Number.NaN)
  const databaseBefore = await database()
  const before = cpuMs(load.subject.pid)
  const result = await fire(load)
  const spent = cpuMs(load.subject.pid) - before
  const databaseSpent = (await database()) - databaseBefore
  return {
    name: load.name,
    requests: load.requests,
    cpuMsPerRequest: spent / load.requests,
    databaseMsPerRequest: databaseSpent / load.requests,
    requestsPerSecond: load.requests / result.duration,
    meanMs: result.latency.mean,
    p99Ms: result.latency.p99,
    failures: result.errors + result.non2xx,
  }
}

/** Interleaves the loads in rounds and keeps the median round of each: a noisy minute hurts all alike. */
export const sideBySide = async (loads: readonly Load[], rounds = 3): Promise<Figure[]> => {
  const seen = new Map<string, Figure[]>()
  for (let round = 0; round < rounds; round++) {
    for (const load of loads) {
      const figures = seen.get(load.name) ?? []
      figures.push(await measure(load))
      seen.set(load.name, figures)
    }
  }
  return loads.map((load) => median(seen.get(load.name) ?? []))
}

const median = (figures: readonly Figure[]): Figure => {
  const sorted = figures.toSorted((a, b) => a.cpuMsPerRequest - b.cpuMsPerRequest)
  return sorted[Math.floor(sorted.length / 2)] as Figure
}
