/** What Prometheus reads: requests by operation and outcome, what is open, and the process itself. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { createDurations } from './durations.ts'

export interface Metrics {
  /** Told of every request that passed the pipeline. Seconds. */
  observe(operation: string, status: number, seconds: number): void
  /** Told of every request to an upstream, by the id of its connection; status 0 where no answer came. */
  observeUpstream(connection: string, status: number, seconds: number): void
  /** Told of every look at a change whose end was unknown; by the id of the connection. */
  observeDoubt(connection: string, end: string): void
  /** Told of every draw from a bucket that replicas share. */
  observeDraw(outcome: string): void
  /** Whether such buckets can be reached, asked when somebody reads. */
  watchShared(reachable: () => boolean): void
  /** Told of every token that was refused. */
  observeRefused(provider: string, check: string): void
  text(): Promise<{ readonly contentType: string; readonly text: string }>
}

export interface MetricsInput {
  /** Asked when somebody reads. */
  readonly warehouses: () => number
  readonly version: string
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const createCounters = (registers: Registry[]) => {
  const counter = <L extends string>(name: string, labelNames: L[], help: string): Counter<L> =>
    new Counter({ name, help, labelNames, registers })
  return {
    doubts: counter(
      'lakegate_doubtful_change_looks_total',
      ['connection', 'end'],
      'Looks at changes of unknown end at an upstream, by what they showed.',
    ),
    draws: counter(
      'lakegate_shared_limit_draws_total',
      ['outcome'],
      'Draws of tokens from the buckets that replicas share: granted, empty, or failed.',
    ),
    refused: counter(
      'lakegate_tokens_refused_total',
      ['provider', 'check'],
      'Tokens that were refused, by the provider that judged them (`none`: nobody’s) and the check that failed.',
    ),
    failures: counter(
      'lakegate_operation_failures_total',
      ['operation'],
      'Operations that ended with a 5xx.',
    ),
  }
}

const createSharedGauge = (registers: Registry[], reachable: () => boolean): void => {
  new Gauge({
    name: 'lakegate_limits_shared',
    help: '1 while rate limits are counted together with the other replicas, 0 while this process counts alone.',
    registers,
    collect() {
      this.set(reachable() ? 1 : 0)
    },
  })
}

export const createMetrics = (input: MetricsInput): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = createDurations(registry, {
    name: 'lakegate_operation_duration_seconds',
    help: 'Time of an operation from authentication to audit.',
    buckets,
  })
  const upstream = new Histogram({
    name: 'lakegate_upstream_duration_seconds',
    help: 'Time of a request to an upstream; status 0 where no answer came.',
    labelNames: ['connection', 'status'],
    buckets,
    registers,
  })
  const { doubts, draws, refused, failures } = createCounters(registers)
  new Gauge({
    name: 'lakegate_warehouses',
    help: 'Warehouses that this process serves.',
    registers,
    collect() {
      this.set(input.warehouses())
    },
  })
  new Gauge({ name: 'lakegate_info', help: 'Version.', labelNames: ['version'], registers }).set(
    { version: input.version },
    1,
  )
  return {
    observe: (operation, status, seconds) => {
      requests.observe(operation, status, seconds)
      if (status >= 500) failures.inc({ operation })
    },
    observeUpstream: (connection, status, seconds) => upstream.observe({ connection, status }, seconds),
    observeDoubt: (connection, end) => doubts.inc({ connection, end }),
    observeDraw: (outcome) => draws.inc({ outcome }),
    watchShared: (reachable) => createSharedGauge(registers, reachable),
    observeRefused: (provider, check) => refused.inc({ provider, check }),
    text: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
