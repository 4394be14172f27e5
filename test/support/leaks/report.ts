/** Reads the record of a run and says what is wrong with it: leaks, what escaped the record, and what it lacks. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Expected } from './expected.ts'
import { isPublic } from './public-values.ts'
import { type EmittedHead, headMark, type NotedSecret } from './record.ts'
import { createSearcher, type Searcher } from './search.ts'
import { spellingsOf } from './spellings.ts'

export interface Report {
  /** A sentence each; none: all is well. */
  readonly faults: readonly string[]
  readonly secrets: ReadonlyMap<string, number>
  /** Thousands of characters by kind. */
  readonly emitted: ReadonlyMap<string, number>
}

/** A leak floods the report otherwise. */
const mostHits = 200
const contextBytes = 60

const filesOf = (folder: string, name: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.startsWith(`${name}-`))
    .map((file) => join(folder, file))

const secretsIn = (folder: string): readonly NotedSecret[] =>
  filesOf(folder, 'secrets')
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as NotedSecret)
    .filter(({ value }) => !isPublic(value))

const counted = (keys: readonly (readonly [key: string, count: number])[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const [key, count] of keys) counts.set(key, (counts.get(key) ?? 0) + count)
  return counts
}

interface Sought {
  readonly searcher: Searcher
  readonly owners: readonly NotedSecret[]
  readonly spellings: readonly string[]
}

const soughtFor = (secrets: readonly NotedSecret[]): Sought => {
  const all = new Map<string, NotedSecret>()
  for (const secret of secrets)
    for (const spelling of spellingsOf(secret.value)) if (!all.has(spelling)) all.set(spelling, secret)
  const spellings = [...all.keys()]
  return { searcher: createSearcher(spellings), owners: [...all.values()], spellings }
}

/** Names a secret without telling it. */
const named = ({ kind, value, test }: NotedSecret): string =>
  `a ${kind} (${createHash('sha256').update(value).digest('hex').slice(0, 12)}, ${value.length} letters, of ${test})`

/** The search itself, tried on all that it looks for: what it would not find is named. */
const blindTo = ({ searcher, owners, spellings }: Sought): readonly string[] => {
  const text = Buffer.from(spellings.join('\n'))
  const found = new Set(searcher.find(text, Number.POSITIVE_INFINITY).map(({ sought }) => sought))
  return owners
    .filter((_, i) => !found.has(i))
    .map((secret) => `the search would not find a spelling of ${named(secret)}`)
}

const mark = Buffer.from(headMark)

interface Headed {
  readonly at: number
  readonly head: EmittedHead
  readonly size: number
}

/** The heads of all texts in a file by where they begin. */
const headsIn = (bytes: Buffer): readonly Headed[] => {
  const starts: number[] = []
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) starts.push(at)
  return starts.map((at, i) => {
    const from = at + mark.byteLength
    const end = bytes.indexOf('\n', from)
    const head = JSON.parse(bytes.toString('utf8', from, end)) as EmittedHead
    return { at, head, size: (starts[i + 1] ?? bytes.byteLength) - end }
  })
}

const blanked = (text: string, spelling: string): string =>
  text.replaceAll(spelling, '[the secret]').replaceAll(/\s+/g, ' ')

const leaksIn = (bytes: Buffer, heads: readonly Headed[], sought: Sought): readonly string[] => {
  const { searcher, owners, spellings } = sought
  return searcher.find(bytes, mostHits).flatMap(({ sought: found, at }) => {
    const [secret, spelling] = [owners[found], spellings[found] ?? '']
    const head = heads.findLast((one) => one.at <= at)?.head
    if (secret === undefined || head === undefined) return []
    const around = bytes.toString('utf8', Math.max(0, at - contextBytes), at + spelling.length + contextBytes)
    const place = `${head.kind} "${head.place}" of ${head.test}`
    return [`${place} holds ${named(secret)}: …${blanked(around, spelling)}…`]
  })
}

/** Sizes in thousands of characters. */
const readEmitted = (bytes: Buffer, sought: Sought) => {
  const heads = headsIn(bytes)
  const sizes = heads.map(({ head, size }) => [head.kind, size / 1000] as const)
  return { sizes, leaks: leaksIn(bytes, heads, sought) }
}

const missing = (
  what: string,
  found: ReadonlyMap<string, number>,
  least: Readonly<Record<string, number>>,
): readonly string[] =>
  Object.entries(least)
    .filter(([kind, count]) => (found.get(kind) ?? 0) < count)
    .map(([kind, count]) => `${what} "${kind}": ${found.get(kind) ?? 0} recorded, at least ${count} expected`)

/** With `expected` for a run of everything. */
export const reportOn = (folder: string, expected?: Expected): Report => {
  const noted = secretsIn(folder)
  const sought = soughtFor(noted)
  const blind = filesOf(folder, 'blind').flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
  const read = filesOf(folder, 'emitted').map((file) => readEmitted(readFileSync(file), sought))
  const leaks = read.flatMap((one) => one.leaks)
  const secrets = counted(noted.map(({ kind }) => [kind, 1]))
  const emitted = counted(read.flatMap((one) => one.sizes))
  const lacks = expected
    ? [...missing('secrets', secrets, expected.secrets), ...missing('emitted', emitted, expected.emitted)]
    : []
  return { faults: [...new Set([...leaks, ...blind, ...blindTo(sought), ...lacks])], secrets, emitted }
}
