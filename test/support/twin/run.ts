/** Sends generated sequences to two servers and collects every difference that the table does not accept. */

import type { AcceptedDifference } from './accepted.ts'
import type { Divergence, Outcome } from './compare.ts'
import { differences, outcomeOf } from './compare.ts'
import { readByReference } from './cross-read.ts'
import { spoil } from './mutate.ts'
import {
  createNamespace,
  createParents,
  drop,
  dropNamespace,
  exists,
  list,
  loadNamespace,
  rename,
  updateNamespace,
} from './namespaces.ts'
import { createRandom, type Random } from './random.ts'
import { type Side, withPlaceholders } from './side.ts'
import {
  commitStaged,
  commitTable,
  commitTransaction,
  createTable,
  loadTable,
  registerTable,
  reportMetrics,
} from './tables.ts'
import { commitView, createView, loadView, registerView } from './views.ts'
import { createWorld, type TwinRequest, type World } from './world.ts'

export interface TwinOptions {
  readonly reference: Side
  readonly other: Side
  readonly seed: number
  readonly requests: number
  readonly accepted: readonly AcceptedDifference[]
  /** Runs only this sequence of the seed. */
  readonly only?: number
  /** What is sent, by weight; every kind of request by default. */
  readonly makers?: readonly WeightedMaker[]
  /** The reference reads, at the end of each sequence, the files that the other has written; both see one disk. */
  readonly crossRead?: boolean
  /** Sees every exchange, for looking into a run. */
  observe?(exchange: Finding): void
}

/** One answer pair, as the table of accepted differences sees it. */
export interface Exchange {
  readonly request: TwinRequest
  readonly reference: Outcome
  readonly other: Outcome
  readonly divergences: readonly Divergence[]
}

export interface Finding extends Exchange {
  readonly sequence: number
  readonly step: number
}

export interface TwinReport {
  readonly sent: number
  readonly succeeded: number
  /** Tables and views of the other server that the reference read. */
  readonly crossReads: number
  readonly findings: readonly Finding[]
  /** How often each accepted difference was met. */
  readonly met: ReadonlyMap<string, number>
  /** Successes and refusals of each operation. */
  readonly operations: ReadonlyMap<string, { readonly ok: number; readonly refused: number }>
}

const sequenceLength = 60

/** Gives no request where the world has nothing to send it to. */
type Maker = (random: Random, world: World) => TwinRequest | undefined
type WeightedMaker = readonly [number, Maker]

const allMakers: readonly WeightedMaker[] = [
  [4, createTable],
  [24, commitTable],
  [3, commitStaged],
  [4, commitTransaction],
  [3, loadTable],
  [2, registerTable],
  [0.4, reportMetrics],
  [2.5, createView],
  [8, commitView],
  [1.5, loadView],
  [1, registerView],
  [2, createNamespace],
  [1, loadNamespace],
  [0.7, dropNamespace],
  [1.5, updateNamespace],
  [2, list],
  [1, exists],
  [2, drop],
  [2, rename],
]

const firstMakers: readonly WeightedMaker[] = [
  [1, createTable],
  [1, createView],
]

const generate = (random: Random, world: World, makers: readonly WeightedMaker[]): TwinRequest => {
  for (;;) {
    const from = world.live.size < 2 && random.chance(0.5) ? firstMakers : makers
    const request = random.weighted(from)(random, world)
    if (request !== undefined) return maybeSpoiled(random, request)
  }
}

const maybeSpoiled = (random: Random, request: TwinRequest): TwinRequest => {
  if (request.body === undefined || !random.chance(0.07)) return request
  const spoiled = spoil(random, request.body)
  if (spoiled === undefined) return request
  return { ...request, name: `${request.name} [${spoiled.what}]`, body: spoiled.body }
}

interface Tally {
  sent: number
  succeeded: number
  crossReads: number
  readonly findings: Finding[]
  readonly met: Map<string, number>
  readonly operations: Map<string, { ok: number; refused: number }>
}

export const runTwin = async (options: TwinOptions): Promise<TwinReport> => {
  const tally: Tally = {
    sent: 0,
    succeeded: 0,
    crossReads: 0,
    findings: [],
    met: new Map(),
    operations: new Map(),
  }
  for (let sequence = options.only ?? 0; tally.sent < options.requests; sequence++) {
    await runSequence(options, sequence, tally)
    if (options.only !== undefined) break
  }
  return tally
}

const runSequence = async (options: TwinOptions, sequence: number, tally: Tally): Promise<void> => {
  const random = createRandom(options.seed * 100_003 + sequence)
  const world = createWorld(`s${options.seed}x${sequence}`, Date.now())
  world.followUps.push(...createParents(world))
  for (let step = 0; step < sequenceLength; step++) {
    const request = world.followUps.shift() ?? generate(random, world, options.makers ?? allMakers)
    const exchange = await exchangeBoth(options, request, world)
    count(tally, exchange)
    options.observe?.({ ...exchange, sequence, step })
    if (judge(options, tally, { ...exchange, sequence, step }) === 'apart') break
  }
  if (options.crossRead !== true) return
  for (const exchange of await readByReference(options, world)) {
    tally.crossReads++
    judge(options, tally, { ...exchange, sequence, step: sequenceLength })
  }
}

const exchangeBoth = async (options: TwinOptions, request: TwinRequest, world: World): Promise<Exchange> => {
  const [a, b] = await Promise.all([options.reference.send(request), options.other.send(request)])
  const reference = outcomeOf(options.reference, a, world.startedAt)
  const other = outcomeOf(options.other, b, world.startedAt)
  if (a.status < 300 && b.status < 300) request.settle?.(world, withPlaceholders(options.reference, a.body))
  if (a.status >= 400 && b.status >= 400) request.refused?.(world)
  return { request, reference, other, divergences: differences(reference, other) }
}

const operation = (request: TwinRequest): string =>
  request.name
    .split(' ')
    .slice(0, /^(drop|rename|list) /.test(request.name) ? 2 : 1)
    .join(' ')

const count = (tally: Tally, { request, reference }: Exchange): void => {
  tally.sent++
  const of = tally.operations.get(operation(request)) ?? { ok: 0, refused: 0 }
  if (reference.status < 400) {
    tally.succeeded++
    of.ok++
  } else of.refused++
  tally.operations.set(operation(request), of)
}

/** `apart`: the two catalogs may hold different content from here on, so that the sequence ends. */
const judge = (options: TwinOptions, tally: Tally, finding: Finding): 'agree' | 'apart' => {
  // Whatever the reference does: a 5xx of ours is never as it should be.
  const accepted = finding.other.status < 500 ? options.accepted : []
  const entries = finding.divergences.map((divergence) =>
    accepted.find((entry) => entry.covers(divergence, finding)),
  )
  for (const entry of new Set(entries))
    if (entry !== undefined) tally.met.set(entry.id, (tally.met.get(entry.id) ?? 0) + 1)
  const open = finding.divergences.filter((_, i) => entries[i] === undefined)
  if (open.length > 0) tally.findings.push({ ...finding, divergences: open })
  const bothRefused = finding.reference.status >= 400 && finding.other.status >= 400
  const agree = bothRefused && entries.every((entry) => entry?.leavesApart !== true)
  return agree || entries.every((entry) => entry?.sameState === true) ? 'agree' : 'apart'
}
