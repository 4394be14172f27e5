/** Clients and replicas whose clocks are more than a minute off: every table stays readable for Java. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parseJsonObject } from '#model/json.ts'
import { testServers } from '../../support/database.ts'
import { startDebianPostgres } from '../../support/debian-postgres.ts'
import { timeFaults } from '../../support/java-readable.ts'
import { createSharedNamespace, startReplicas } from '../../support/replicas.ts'
import { createAppendTable, proveTable, runWriter, type TableUnderTest } from '../../support/writers.ts'

/** Of Debian's package `faketime`. */
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const offsetsMs = [-90_000, 0, 90_000]

const metadataOf = async (table: TableUnderTest): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await fetch(table.url)
  const body = parseJsonObject(new Uint8Array(await answer.arrayBuffer()))
  return body['metadata'] as Readonly<Record<string, unknown>>
}

test.skipIf(!existsSync(faketime) || !testServers.includes('debian'))(
  'replicas and clients that disagree about the time keep every table readable',
  async () => {
    const postgres = await startDebianPostgres()
    const shifted = (by: string) => ({ LD_PRELOAD: faketime, FAKETIME: by })
    const replicas = await startReplicas({
      url: await postgres.createDatabase('clocks'),
      environments: [{}, shifted('+61s'), shifted('-61s')],
    })
    const urls = await createSharedNamespace(replicas, 'clocks')
    const first = urls[0] ?? ''
    const tables = await Promise.all(['a', 'b'].map((name) => createAppendTable(first, name)))
    const stop = new AbortController()
    const writers = tables.flatMap((table) =>
      urls.map((url, i) =>
        runWriter(
          { ...table, url: table.url.replace(first, url), clockOffsetMs: offsetsMs[i] ?? 0 },
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
      expect(table.acknowledged.size).toBeGreaterThan(5)
    }
    await replicas.stop()
    await postgres.stop()
  },
  180_000,
)
