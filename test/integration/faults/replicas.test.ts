/** Two gateway processes on one Postgres, also behind a transaction pooler: no lost update; restarts are survived. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openTestDatabase, testServers } from '../../support/database.ts'
import { startDebianPostgres } from '../../support/debian-postgres.ts'
import { hasPooler, openPooler } from '../../support/pooler.ts'
import { createSharedNamespace, type LoadResult, runLoad, startReplicas } from '../../support/replicas.ts'
import { createAppendTable, proveTable, runWriter } from '../../support/writers.ts'

const seconds = Number(process.env['FAULT_SECONDS'] ?? 10)
const onDebian = testServers.includes('debian')
const sound = { lost: [], doubled: [], unknown: [], missingFiles: [] }

const expectNoLostUpdate = (result: LoadResult): void => {
  console.log(`acknowledged ${result.acknowledged}, commits present ${result.present}`)
  for (const proof of result.proofs) expect(proof).toMatchObject(sound)
  expect(result.present).toBe(result.acknowledged)
  expect(result.acknowledged).toBeGreaterThan(seconds)
  expect(result.unreachable).toBe(0)
}

test.skipIf(!onDebian)(
  '32 writers on 8 tables through two gateways lose no update',
  async () => {
    const postgres = await startDebianPostgres()
    const replicas = await startReplicas({
      url: await postgres.createDatabase('replicas'),
      environments: [{}, {}],
    })
    expectNoLostUpdate(await runLoad(replicas, { namespace: 'shared', tables: 8, writers: 32, seconds }))
    await replicas.stop()
    await postgres.stop()
  },
  300_000,
)

test.skipIf(!hasPooler || !onDebian)(
  'the same behind a transaction pooler',
  async () => {
    await using database = await openTestDatabase({ kind: 'debian', schema: false })
    await using pooler = await openPooler(database.server)
    const replicas = await startReplicas({
      url: pooler.through(database.url),
      directUrl: database.url,
      environments: [{}, {}],
    })
    expectNoLostUpdate(await runLoad(replicas, { namespace: 'shared', tables: 8, writers: 32, seconds }))
    await replicas.stop()
  },
  300_000,
)

test.skipIf(!onDebian)(
  'Postgres restarted under load: clients see retryable answers and the gateways recover by themselves',
  async () => {
    const postgres = await startDebianPostgres()
    const replicas = await startReplicas({
      url: await postgres.createDatabase('restarts'),
      environments: [{}],
    })
    const [url = ''] = await createSharedNamespace(replicas, 'restarts')
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
    expect(await proveTable(table)).toMatchObject(sound)
    await replicas.stop()
    await postgres.stop()
  },
  120_000,
)
