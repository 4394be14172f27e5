/** Two gateway processes on one Postgres: no lost update, and clocks that disagree make no table unreadable. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDebianPostgres, type TestPostgres } from '../../support/debian-postgres.ts'
import {
  type Gateway,
  runLakegate,
  scratchFolder,
  startGateway,
  warehousePrefix,
} from '../../support/gateway.ts'
import { createAppendTable, proveTable, runWriter } from '../../support/writers.ts'

const env = { LAKEGATE_KEY: Buffer.alloc(32, 3).toString('base64') }
const seconds = Number(process.env['FAULT_SECONDS'] ?? 10)
const tablesCount = 8
const writersCount = 32

let postgres: TestPostgres
let replicas: Gateway[]

const start = async (folder: string, lake: string, url: string): Promise<Gateway> =>
  startGateway({
    folder,
    env,
    server: { database: url },
    state: { warehouses: [{ name: 'default', location: `file://${lake}` }] },
  })

beforeAll(async () => {
  postgres = await startDebianPostgres()
  const url = await postgres.createDatabase('replicas')
  const lake = await scratchFolder()
  await runLakegate(['migrate-schema'], { ...env, LAKEGATE_DATABASE: url })
  const first = await start(await scratchFolder(), lake, url)
  await runLakegate(['apply', '--config', `${first.folder}/lakegate.yaml`, '--server', first.origin], env)
  replicas = [first, await start(await scratchFolder(), lake, url)]
}, 120_000)

afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.discard()))
  await postgres?.stop()
})

test('32 writers through two gateways lose no update', async () => {
  const prefixes = await Promise.all((replicas ?? []).map((replica) => warehousePrefix(replica)))
  await fetch(`${prefixes[0]}/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: ['shared'] }),
  })
  const urls = prefixes.map((prefix) => `${prefix}/namespaces/shared/tables`)
  const tables = await Promise.all(
    Array.from({ length: tablesCount }, (_, i) => createAppendTable(urls[0]!, `t${i}`)),
  )
  const stop = new AbortController()
  const writers = Array.from({ length: writersCount }, (_, i) => {
    const table = tables[i % tablesCount]!
    const replica = urls[i % 2 === Math.floor(i / tablesCount) % 2 ? 0 : 1]!
    return runWriter({ ...table, url: table.url.replace(urls[0]!, replica) }, stop.signal)
  })
  await delay(seconds * 1000)
  stop.abort()
  const reports = await Promise.all(writers)
  const proofs = await Promise.all(tables.map(proveTable))
  const acknowledged = reports.reduce((sum, report) => sum + report.acknowledged, 0)
  const present = proofs.reduce((sum, proof) => sum + proof.commits, 0)
  console.log(`acknowledged ${acknowledged}, commits present ${present}`)
  for (const proof of proofs)
    expect(proof).toMatchObject({ lost: [], doubled: [], unknown: [], missingFiles: [] })
  expect(present).toBe(acknowledged)
  expect(reports.every((report) => report.unreachable === 0)).toBe(true)
}, 300_000)

test('Postgres restarted under load: clients see retryable answers and the gateways recover by themselves', async () => {
  const prefix = await warehousePrefix(replicas[0]!)
  const url = `${prefix}/namespaces/shared/tables`
  const table = await createAppendTable(url, 'restarted')
  const stop = new AbortController()
  const writers = Array.from({ length: 8 }, () => runWriter(table, stop.signal))
  for (let i = 0; i < 3; i++) {
    await delay(1000)
    await postgres.restart()
  }
  const before = table.acknowledged.size
  await delay(3000)
  stop.abort()
  await Promise.all(writers)
  expect(table.acknowledged.size).toBeGreaterThan(before)
  expect(await proveTable(table)).toMatchObject({ lost: [], doubled: [], unknown: [], missingFiles: [] })
}, 120_000)
