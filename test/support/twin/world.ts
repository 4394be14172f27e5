/** What a sequence of requests has made so far, as the reference server told it; the generator chooses by it. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'

export type Kind = 'table' | 'view'

export interface TwinIdentifier {
  readonly namespace: readonly string[]
  readonly name: string
}

/** A table or view that lives, was dropped, or was staged. `key` names it in placeholders (see `Side`). */
export interface TwinObject {
  readonly key: string
  readonly kind: Kind
  readonly id: TwinIdentifier
  readonly metadata: JsonObject
}

/** Path segments below the prefix; a namespace is an array of levels. */
type Path = readonly (string | readonly string[])[]

export interface TwinRequest {
  /** For the report: the operation and what is peculiar about it. */
  readonly name: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  readonly path: Path
  readonly query?: Readonly<Record<string, string>>
  readonly parent?: readonly string[]
  readonly body?: JsonValue
  /** The object whose metadata a success carries, with the key under which both sides keep its secrets apart. */
  readonly subject?: { readonly key: string; readonly newHome?: boolean }
  /** Notes a success in the world. */
  settle?(world: World, answer: JsonObject | undefined): void
  /** Asks for more where both have refused. */
  refused?(world: World): void
}

export interface World {
  /** The namespace that holds the whole sequence. */
  readonly root: string
  readonly live: Map<string, TwinObject>
  readonly dropped: TwinObject[]
  readonly staged: TwinObject[]
  /** Sent next, before anything new is generated. */
  readonly followUps: TwinRequest[]
  /** Epoch milliseconds at which the run began. */
  readonly startedAt: number
  counter: number
}

export const createWorld = (root: string, startedAt: number): World => ({
  root,
  live: new Map(),
  dropped: [],
  staged: [],
  followUps: [],
  startedAt,
  counter: 0,
})

export const nameKey = (id: TwinIdentifier): string => [...id.namespace, id.name].join('\u001f')

export const ofKind = (world: World, kind: Kind): TwinObject[] =>
  [...world.live.values()].filter((object) => object.kind === kind)

export const newKey = (world: World): string => `${world.root}-${world.counter++}`

/** Members of metadata, read leniently: the reference server wrote it. */
export const objects = (metadata: JsonObject, member: string): readonly JsonObject[] => {
  const value = metadata[member]
  return Array.isArray(value) ? (value as readonly JsonObject[]) : []
}

export const numberOf = (metadata: JsonObject, member: string, otherwise: number): number => {
  const value = metadata[member]
  return typeof value === 'number' ? value : otherwise
}

export const metadataOf = (answer: JsonObject | undefined): JsonObject => {
  const metadata = answer?.['metadata']
  return typeof metadata === 'object' && metadata !== null ? (metadata as JsonObject) : {}
}

export const currentSchema = (metadata: JsonObject): JsonObject => {
  const schemas = objects(metadata, 'schemas')
  const id = metadata['current-schema-id']
  return (
    schemas.find((schema) => schema['schema-id'] === id) ?? schemas.at(-1) ?? { type: 'struct', fields: [] }
  )
}
