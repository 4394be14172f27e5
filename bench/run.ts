/**
 * `npm run bench`: one table of ratios, all measured side by side in this run. `--quick` cuts the counts to a tenth
 * (a check that the benchmark works, no measurement); `--only loads`, or another part by its name, runs that one.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDebianPostgres } from '../test/support/debian-postgres.ts'
import { startReferenceServer } from '../test/support/reference-server.ts'
import { benchAuth } from './auth.ts'
import { benchListing } from './listing.ts'
import { benchLoads } from './loads.ts'
import { benchOpenFga } from './openfga.ts'
import { benchPolicy } from './policy.ts'
import { benchCosts } from './process-costs.ts'
import { printVerdicts, type Verdict } from './report.ts'
import { benchRoles } from './roles.ts'
import { discard, scratch } from './services.ts'
import { benchTokens } from './tokens.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, port: { type: 'string' } },
})
const scale = values.quick ? 0.1 : 1
const port = Number(values.port ?? 24100)

const loads = async (folder: string): Promise<Verdict[]> => {
  const postgres = await startDebianPostgres(port + 50)
  const reference = await startReferenceServer({ port: port + 60 })
  try {
    return await benchLoads({ folder, postgres, upstream: reference.uri, port, requests: 30_000 * scale })
  } finally {
    await reference.stop()
    await postgres.stop()
  }
}

const costs = (folder: string): Promise<Verdict[]> =>
  benchCosts({
    folder: join(folder, 'costs'),
    port: port + 70,
    loads: 200_000 * scale,
    hugeBytes: 64 * 1024 * 1024,
  })

const parts: Readonly<Record<string, (folder: string) => Promise<Verdict[]>>> = {
  loads,
  costs,
  auth: (folder) =>
    benchAuth({ folder, port: port + 80, verifications: 2_000 * scale, requests: 4_000 * scale }),
  roles: () => benchRoles(2_000 * scale),
  listing: () => benchListing({ tables: 100_000 * scale, rounds: 5 }),
  policy: (folder) =>
    benchPolicy({ folder, port: port + 95, requests: 2_000 * scale, checks: 2_000 * scale }),
  openfga: () => benchOpenFga(1_000 * scale),
  tokens: (folder) => benchTokens({ folder, port: port + 90, requests: 20_000 * scale }),
}

const { only } = values
if (only !== undefined && parts[only] === undefined)
  throw new Error(`--only ${only}: one of ${Object.keys(parts).join(', ')}`)
const folder = scratch()
const verdicts: Verdict[] = []
for (const [name, part] of Object.entries(parts))
  if (only === undefined || only === name) verdicts.push(...(await part(folder)))
discard(folder)
process.exitCode = printVerdicts(verdicts) ? 0 : 1
