/** A client and a replica whose clocks are more than a minute off: every table stays readable for Java. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseJsonObject } from '#model/json.ts'
import { startDebianPostgres, type TestPostgres } from '../../support/debian-postgres.ts'
import {
  type Gateway,
  runLakegate,
  scratchFolder,
  startGateway,
  warehousePrefix,
} from '../../support/gateway.ts'
import { timeFaults } from '../../support/java-readable.ts'
import { createAppendTable, proveTable, runWriter, type TableUnderTest } from '../../support/writers.ts'

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const key = { LAKEGATE_KEY: Buffer.alloc(32, 5).toString('base64') }
const offsetsMs = [-90_000, 0, 90_000]

let postgres: TestPostgres
let replicas: Gateway[]

beforeAll(async () => {
  if (!existsSync(faketime)) throw new Error('libfaketime is missing: apt-get install faketime')
  postgres = await startDebianPostgres()
  const url = await postgres.createDatabase('clocks')
  await runLakegate(['migrate-schema'], { ...key, LAKEGATE_DATABASE: url })
  const lake = await scratchFolder()
  const state = { warehouses: [{ name: 'default', location: `file://${lake}` }] }
  const start = (env: Readonly<Record<string, string>>) =>
    startGateway({ env: { ...key, ...env }, server: { database: url }, state })
  const first = await start({})
  await runLakegate(['apply', '--config', `${first.folder}/lakegate.yaml`, '--server', first.origin], key)
  const ahead = await start({ LD_PRELOAD: faketime, FAKETIME: '+61s' })
  const behind = await start({ LD_PRELOAD: faketime, FAKETIME: '-61s' })
  replicas = [first, ahead, behind]
}, 120_000)

afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.discard()))
  await postgres?.stop()
})

const metadataOf = async (table: TableUnderTest): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await fetch(table.url)
  const body = parseJsonObject(new Uint8Array(await answer.arrayBuffer()))
  return body['metadata'] as Readonly<Record<string, unknown>>
}

test('replicas and clients that disagree about the time keep every table readable', async () => {
  const prefixes = await Promise.all(replicas.map((replica) => warehousePrefix(replica)))
  await fetch(`${prefixes[0]}/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: ['clocks'] }),
  })
  const urls = prefixes.map((prefix) => `${prefix}/namespaces/clocks/tables`)
  const tables = await Promise.all(['a', 'b'].map((name) => createAppendTable(urls[0]!, name)))
  const stop = new AbortController()
  const writers = tables.flatMap((table) =>
    urls.map((url, i) =>
      runWriter(
        { ...table, url: table.url.replace(urls[0]!, url), clockOffsetMs: offsetsMs[i]! },
        stop.signal,
      ),
    ),
  )
  await delay(8000)
  stop.abort()
  await Promise.all(writers)
  for (const table of tables) {
    expect(timeFaults(await metadataOf(table))).toEqual([])
    expect(await proveTable(table)).toMatchObject({ lost: [], doubled: [], unknown: [], missingFiles: [] })
    expect(table.acknowledged.size).toBeGreaterThan(10)
  }
}, 120_000)
