/** What the metadata engine promises the rest of the house: bytes in, bytes and facts out. Pure; runs in a worker. */
import type { JsonObject } from '#model/json.ts'

/** What others need of a metadata document without parsing it. Ids are numbers, or bigints beyond 2^53. */
export interface TableFacts {
  readonly uuid: string
  readonly formatVersion: number
  readonly location: string
  readonly lastUpdatedMs: number
  readonly currentSnapshotId: number | bigint | null
  readonly currentSchemaId: number
  readonly refs: Readonly<
    Record<string, { readonly snapshotId: number | bigint; readonly type: 'branch' | 'tag' }>
  >
  readonly properties: Readonly<Record<string, string>>
  /** Locations in `metadata-log`, oldest first. */
  readonly previousMetadata: readonly string[]
}

export interface ViewFacts {
  readonly uuid: string
  readonly formatVersion: number
  readonly location: string
  readonly currentVersionId: number
  readonly properties: Readonly<Record<string, string>>
}

export interface Built<Facts> {
  readonly bytes: Uint8Array
  readonly facts: Facts
  /** False when every update was a no-op: nothing is to be written. */
  readonly changed: boolean
}

/** The current document and where it lies; null when the commit creates (`assert-create`). */
export interface Base {
  readonly bytes: Uint8Array
  readonly metadataLocation: string
}

export interface CommitRequest {
  readonly requirements: readonly JsonObject[] | null
  readonly updates: readonly JsonObject[]
}

/** What the pure engine may not make up itself. */
export interface EngineInputs {
  /** Epoch milliseconds of this commit, taken once. */
  readonly now: number
  /** For a create: the uuid to assign and the location decided by the catalog. */
  readonly uuid?: string
  readonly location?: string
}

/** One engine a kind of document. Failures are CatalogErrors with the messages of the reference implementation. */
export interface MetadataEngine<Facts> {
  /** A create request as the specification gives it: ids reassigned (tables), properties defaulted, location from `inputs`. */
  create(request: JsonObject, inputs: EngineInputs): Built<Facts>
  /** Requirements on the base, then updates in order. `base` null: a staged create's commit, ids are final. */
  commit(base: Base | null, request: CommitRequest, inputs: EngineInputs): Built<Facts>
  /** Reads the facts; ValidationException when the bytes are no metadata document. */
  facts(bytes: Uint8Array): Facts
}

/** The same promises, kept later: an engine whose large documents are worked on in a thread (`engine-pool.ts`). */
export interface AsyncMetadataEngine<Facts> {
  create(request: JsonObject, inputs: EngineInputs): Promise<Built<Facts>>
  commit(base: Base | null, request: CommitRequest, inputs: EngineInputs): Promise<Built<Facts>>
  facts(bytes: Uint8Array): Promise<Facts>
}
