/**
 * How long operations took, as a histogram of Prometheus: counted in place. The library's own finds its labels anew at
 * each observation, which took a load longer than to be authorized.
 */
import type { Histogram, Registry } from 'prom-client'

export interface Durations {
  observe(operation: string, status: number, seconds: number): void
}

export interface DurationsOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds in seconds, ascending. */
  readonly buckets: readonly number[]
}

interface Counts {
  readonly labels: { readonly operation: string; readonly status: number }
  /** By bucket, those of smaller ones not included; the last is for what no bucket holds. */
  readonly within: number[]
  sum: number
}

interface Sample {
  readonly metricName: string
  readonly labels: Counts['labels'] & { readonly le?: number | '+Inf' }
  readonly value: number
}

const samplesOf = ({ name, buckets }: DurationsOptions, { labels, within, sum }: Counts): Sample[] => {
  const samples: Sample[] = []
  let count = 0
  for (const [at, number] of within.entries()) {
    count += number
    const le = buckets[at] ?? ('+Inf' as const)
    samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count })
  }
  return [
    ...samples,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

const placeIn = (buckets: readonly number[], seconds: number): number => {
  let place = 0
  while (place < buckets.length && seconds > (buckets[place] ?? 0)) place += 1
  return place
}

export const createDurations = (registry: Registry, options: DurationsOptions): Durations => {
  const { name, help, buckets } = options
  const operations = new Map<string, Map<number, Counts>>()
  const countsOf = (operation: string, status: number): Counts => {
    const byStatus = operations.get(operation) ?? new Map<number, Counts>()
    const counts = { labels: { operation, status }, within: [...buckets, 0].map(() => 0), sum: 0 }
    operations.set(operation, byStatus.set(status, counts))
    return counts
  }
  const get = async () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...operations.values()].flatMap((byStatus) =>
      [...byStatus.values()].flatMap((counts) => samplesOf(options, counts)),
    ),
  })
  // What a registry asks of a metric, and no more of one.
  registry.registerMetric({ name, get, reset: () => operations.clear() } as unknown as Histogram)
  return {
    observe: (operation, status, seconds) => {
      const counts = operations.get(operation)?.get(status) ?? countsOf(operation, status)
      const place = placeIn(buckets, seconds)
      counts.within[place] = (counts.within[place] ?? 0) + 1
      counts.sum += seconds
    },
  }
}
