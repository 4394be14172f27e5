/**
 * The gateway against Apache's reference server: the same generated requests to both, status, error type and
 * metadata compared. `TWIN_REQUESTS` sends more than 2,000, `TWIN_SEED` repeats a run, `TWIN_SEQUENCE` one sequence.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringifyJson } from '../../src/model/json.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import {
  hasReferenceServer,
  type ReferenceServer,
  startReferenceServer,
} from '../support/reference-server.ts'
import { acceptedDifferences } from '../support/twin/accepted.ts'
import { type Finding, runTwin } from '../support/twin/run.ts'
import { openSide } from '../support/twin/side.ts'

const requests = Number(process.env['TWIN_REQUESTS'] ?? (process.env['LAKEGATE_FULL'] ? 50_000 : 2000))
/** One seed for every change, so that none fails for another's sake; the full run looks for what is new. */
const seed = Number(process.env['TWIN_SEED'] ?? (process.env['LAKEGATE_FULL'] ? Date.now() % 1_000_000 : 1))
const only = process.env['TWIN_SEQUENCE']

/** No request takes longer than this on average, whatever else the machine does. */
const millisecondsEach = 300

const describeFinding = (finding: Finding): string => {
  const { request, sequence, step, divergences } = finding
  const shown = divergences.slice(0, 5).map(({ where, reference, other }) => {
    const text = (value: unknown): string => JSON.stringify(value, withBigints) ?? 'nothing'
    return `    ${where}\n      reference ${text(reference)}\n      lakegate  ${text(other)}`
  })
  const body = request.body === undefined ? '' : `\n    ${stringifyJson(request.body)}`
  const path = request.path.map((part) => (typeof part === 'string' ? part : part.join('.'))).join('/')
  return `sequence ${sequence}, request ${step}: ${request.method} ${path}: ${request.name}${body}\n${shown.join('\n')}`
}

const withBigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value

describe.skipIf(!hasReferenceServer)('the twin of the reference server', () => {
  let gateway: Gateway
  let reference: ReferenceServer

  beforeAll(async () => {
    reference = await startReferenceServer()
    gateway = await startGateway()
  })
  afterAll(async () => {
    await gateway?.discard()
    await reference?.stop()
  })

  test('answers generated requests as the reference does, but for the listed differences', {
    timeout: 60_000 + requests * millisecondsEach,
  }, async () => {
    const report = await runTwin({
      reference: await openSide({
        name: 'reference',
        uri: reference.uri,
        root: `file://${reference.warehouseDir}`,
      }),
      other: await openSide({ name: 'lakegate', uri: gateway.catalog, root: `file://${gateway.lake}` }),
      seed,
      requests,
      accepted: acceptedDifferences,
      crossRead: true,
      ...(only === undefined ? {} : { only: Number(only) }),
    })
    const findings = report.findings.map(describeFinding)
    const accepted = [...report.met.values()].reduce((sum, n) => sum + n, 0)
    console.log(
      `twin: seed ${seed}, ${report.sent} requests, ${report.succeeded} taken by the reference, ` +
        `${accepted} accepted differences, ${report.crossReads} of our files read by the reference, ` +
        `${findings.length} findings`,
    )
    expect(findings, `TWIN_SEED=${seed} repeats this`).toEqual([])
    if (only !== undefined) return
    expect(report.sent).toBeGreaterThanOrEqual(requests)
    expect(report.crossReads).toBeGreaterThan(0)
  })
})

describe('docs/reference-differences.md', () => {
  test('lists the accepted differences, and no others', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/reference-differences.md'), 'utf8')
    const rows = acceptedDifferences.map(
      ({ id, reference, lakegate, reason }) => `| ${id} | ${reference} | ${lakegate} | ${reason} |`,
    )
    expect(
      page
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2),
    ).toEqual(rows)
  })
})
