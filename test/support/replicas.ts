/** Several gateways on one database and one lake, and the proof that writers through all of them lose no update. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Gateway, runLakegate, scratchFolder, startGateway, warehousePrefix } from './gateway.ts'
import { createAppendTable, type Proof, proveTable, runWriter } from './writers.ts'

const key = { LAKEGATE_KEY: Buffer.alloc(32, 3).toString('base64') }

export interface Replicas {
  readonly gateways: readonly Gateway[]
  /** Ends them all and deletes their folders. */
  stop(): Promise<void>
}

export interface ReplicasOptions {
  /** Connection string of an empty database, as the gateways see it. */
  readonly url: string
  /** The way around a pooler, for schema changes and notifications. */
  readonly directUrl?: string
  /** One environment a replica. */
  readonly environments: readonly Readonly<Record<string, string>>[]
}

/** Prepares the schema, starts the replicas and declares the warehouse `default` through the first one. */
export const startReplicas = async (options: ReplicasOptions): Promise<Replicas> => {
  const lake = await scratchFolder()
  const database = {
    database: options.url,
    ...(options.directUrl === undefined ? {} : { 'database-direct-url': options.directUrl }),
  }
  await runLakegate(['migrate-schema'], { ...key, LAKEGATE_DATABASE: options.directUrl ?? options.url })
  const gateways: Gateway[] = []
  for (const env of options.environments) {
    const gateway = await startGateway({
      env: { ...key, ...env },
      server: database,
      state: { warehouses: [{ name: 'default', location: `file://${lake}` }] },
    })
    gateways.push(gateway)
    const file = `${gateway.folder}/lakegate.yaml`
    if (gateways.length === 1) await runLakegate(['apply', '--config', file, '--server', gateway.origin], key)
  }
  return {
    gateways,
    stop: async () => {
      await Promise.all(gateways.map((gateway) => gateway.discard()))
    },
  }
}

/** URL of the tables of a new namespace, one a replica. */
export const createSharedNamespace = async (replicas: Replicas, name: string): Promise<readonly string[]> => {
  const prefixes = await Promise.all(replicas.gateways.map((gateway) => warehousePrefix(gateway)))
  const answer = await fetch(`${prefixes[0]}/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: [name] }),
  })
  if (!answer.ok) throw new Error(`create namespace ${name}: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
  return prefixes.map((prefix) => `${prefix}/namespaces/${name}/tables`)
}

export interface Load {
  readonly namespace: string
  readonly tables: number
  readonly writers: number
  readonly seconds: number
}

export interface LoadResult {
  readonly acknowledged: number
  /** Commits found in the tables' own logs. */
  readonly present: number
  /** Rounds in which a table could not even be read. */
  readonly unreachable: number
  readonly proofs: readonly Proof[]
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Appends to the tables through all replicas at once, each table from every replica. */
export const runLoad = async (replicas: Replicas, load: Load): Promise<LoadResult> => {
  const urls = await createSharedNamespace(replicas, load.namespace)
  const first = urls[0] ?? ''
  const names = Array.from({ length: load.tables }, (_, i) => `t${i}`)
  const tables = await Promise.all(names.map((name) => createAppendTable(first, name)))
  const stop = new AbortController()
  const writers = Array.from({ length: load.writers }, (_, i) => {
    const table = tables[i % tables.length] as (typeof tables)[number]
    const url = urls[Math.floor(i / tables.length) % urls.length] ?? first
    return runWriter({ ...table, url: table.url.replace(first, url) }, stop.signal)
  })
  await delay(load.seconds * 1000)
  stop.abort()
  const reports = await Promise.all(writers)
  const proofs = await Promise.all(tables.map(proveTable))
  return {
    acknowledged: sum(reports.map((report) => report.acknowledged)),
    present: sum(proofs.map((proof) => proof.commits)),
    unreachable: sum(reports.map((report) => report.unreachable)),
    proofs,
  }
}
