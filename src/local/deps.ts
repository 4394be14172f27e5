/** What the local catalog is given, and what its parts hand to one another. */

import type { MetadataFiles } from '#catalog/files.ts'
import type { CommitPointers } from '#catalog/pointer-commit.ts'
import type { AsyncMetadataEngine, TableFacts, ViewFacts } from '#iceberg/engine.ts'
import type { Database } from '#store/database.ts'
import type { Line } from '#store/entries-lines.ts'
import type { FileExists } from './file-checks.ts'
import type { Lookups } from './lookups.ts'
import type { MetadataCache } from './metadata-cache.ts'

/** A warehouse as its catalog sees it; the catalog is opened anew when one of these changes. */
export interface LocalWarehouse {
  readonly id: string
  /** Where tables lie by default. */
  readonly location: string
  /** Further places where tables may lie. */
  readonly allowedLocations: readonly string[]
  /** Each load checks that the metadata file exists, also where its bytes are cached. */
  readonly verifyMetadataFile: boolean
  /** Of the object store, where it is not the public one: two buckets of one name are told apart by it. */
  readonly endpoint?: string
}

export interface LocalFiles extends MetadataFiles {
  /** Where files can only be written into folders that are there, makes one; else nothing. */
  makeFolder(location: string): Promise<void>
}

export interface LocalDeps {
  readonly database: Database
  readonly warehouse: LocalWarehouse
  readonly files: LocalFiles
  readonly tableEngine: AsyncMetadataEngine<TableFacts>
  readonly viewEngine: AsyncMetadataEngine<ViewFacts>
  /** Shared by the warehouses of a process, so that one bound holds for all. */
  readonly cache: MetadataCache
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly newUuid: () => string
  readonly pause: (milliseconds: number) => Promise<void>
  readonly random: () => number
  /** What an operator should know and no caller is told. */
  readonly log: (event: string, detail: Readonly<Record<string, unknown>>) => void
}

/** The facts that both kinds of documents have. */
export type Facts = TableFacts | ViewFacts

/** The dependencies, and the parts that are built of them once. */
export interface Local extends LocalDeps {
  readonly lookups: Lookups
  /** Tells this warehouse's store apart in the shared cache. */
  readonly scope: string
  readonly commitPointers: CommitPointers
  readonly fileExists: FileExists
  /** The line of the warehouse's `main`; NoSuchWarehouse where it is gone. */
  line(): Promise<Line>
  /** Bytes of a metadata file, from memory where we have read or written it before. */
  readMetadata(location: string): Promise<Uint8Array>
}
