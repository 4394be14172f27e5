/** The same check asked of the embedded evaluator and of an OpenFGA server on loopback, neither from memory. */

import type { Fga } from '#authz/openfga/fga.ts'
import { checksOf } from '#authz/openfga/fga-checks.ts'
import { openFga, prepareFga } from '#authz/openfga/fga-client.ts'
import { type MirroredGrant, tupleOf } from '#authz/openfga/fga-mirror.ts'
import type { ObjectKey } from '#model/object-key.ts'
import type { Database } from '#store/database.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { hasOpenFga, startOpenFga } from '../test/support/openfga.ts'
import { askerOf, fill, median, openEngine, pick, questionsOn } from './policy.ts'
import type { Verdict } from './report.ts'

const tuples = 10_000

/** Tells the server of every grant. */
const mirror = async (database: Database, fga: Fga): Promise<void> => {
  const rows = await database.query<MirroredGrant & { readonly object: ObjectKey }>(
    'select object, relation, subject_kind as kind, subject_id as id, null as "expiresAt" from relation_tuple',
    [],
  )
  await fga.change({ deletes: [], writes: rows.map((row) => tupleOf(row.object, row)) })
}

/** Microseconds a check, one after the other. */
const timed = async (count: number, check: (table: number) => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  for (let n = 0; n < count; n++) await check(pick(n, tuples))
  return ((performance.now() - started) / count) * 1000
}

export const benchOpenFga = async (checks: number): Promise<Verdict[]> => {
  if (!hasOpenFga()) {
    console.log('\nNo OpenFGA server is built here: test/support/openfga-build.sh .cache/bin')
    return []
  }
  await using db = await openTestDatabase()
  await fill(db.database, tuples)
  const server = await startOpenFga()
  try {
    const access = { url: server.url, token: server.token, storeName: 'bench', timeoutMs: 60_000 }
    const fga = await openFga(access, await prepareFga(access, undefined), () => undefined)
    await mirror(db.database, fga)
    const engine = openEngine(db.database)
    const embedded = async (table: number) => {
      engine.forget()
      return engine.check(askerOf(table, tuples), questionsOn(table), undefined)
    }
    const asked = async (table: number) => {
      const asker = askerOf(table, tuples)
      const all = questionsOn(table).flatMap((question) => checksOf(asker, question, [...asker.roles]))
      return fga.check(all, Date.now())
    }
    const seen = { embedded: [] as number[], asked: [] as number[] }
    for (let round = 0; round < 5; round++) {
      seen.embedded.push(await timed(checks, embedded))
      seen.asked.push(await timed(Math.ceil(checks / 10), asked))
    }
    const [ours, theirs] = [median(seen.embedded), median(seen.asked)]
    console.log(
      `\nA check at ${tuples} grants: ${ours.toFixed(0)} µs embedded, ${theirs.toFixed(0)} µs by an OpenFGA server.`,
    )
    return [
      { what: 'embedded check, cold / OpenFGA on loopback', measured: ours / theirs, limit: 0.2, unit: '×' },
    ]
  } finally {
    await server.stop()
  }
}
