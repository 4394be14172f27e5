/** What Trino's OPA plugin sends: as a real one has written it, and by its source what no walk has brought it to. */
import { readFile, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'

export type OpaAction = Readonly<Record<string, unknown>> & { readonly operation: string }

export interface OpaSample {
  readonly path: 'allow' | 'batch'
  /** Of a recorded one: who asks, through what. */
  readonly context?: Readonly<Record<string, unknown>>
  readonly action: OpaAction
}

const file = new URL('./trino-opa-requests.json', import.meta.url)

export const readOpaSamples = async (): Promise<readonly OpaSample[]> =>
  JSON.parse(await readFile(file, 'utf8')) as readonly OpaSample[]

/** Its members are named by whoever writes the statement. */
const free = 'properties'

/** The names and types of everything in it; of a list, of its first member. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null) return typeof value
  const members = Object.entries(value).map(([name, one]) => [name, name === free ? free : shapeOf(one)])
  return Object.fromEntries(members)
}

export const isShapedAs = (one: OpaSample, other: OpaSample): boolean =>
  one.path === other.path &&
  one.action.operation === other.action.operation &&
  isDeepStrictEqual(shapeOf(one.action), shapeOf(other.action)) &&
  isDeepStrictEqual(shapeOf(one.context), shapeOf(other.context))

/** One of each shape; of what was not recorded, those that were written by hand stay. For `biome format` to finish. */
export const recordOpaSamples = async (recorded: readonly OpaSample[]): Promise<void> => {
  const kinds = recorded.filter((one, at) => recorded.findIndex((other) => isShapedAs(one, other)) === at)
  const isRecorded = ({ path, action }: OpaSample) =>
    kinds.some((one) => one.path === path && one.action.operation === action.operation)
  const rest = (await readOpaSamples()).filter(
    (one) => one.context === undefined && !isRecorded(one) && !notAsked.has(one.action.operation),
  )
  const nameOf = ({ action, path }: OpaSample) => `${action.operation} ${path}`
  const all = [...kinds, ...rest].toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  await writeFile(file, `[\n${all.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
}

/** By URIs that it is not given. */
const notAsked: ReadonlySet<string> = new Set(['GetRowFilters', 'GetColumnMask'])
