/**
 * The port: what an object store is. The file system, S3 and the fake meet it and the same contract suite
 * (`test/contract/storage.ts`). Locations are absolute and spelled in any accepted form; errors are `CatalogError`s.
 *
 * Every member: BadRequest for a location that is malformed or outside the store's roots;
 * ServiceUnavailable when the store cannot answer now; an aborted signal rejects with the signal's reason.
 */
export interface ObjectStore extends AsyncDisposable {
  /** The whole object. NotFound when absent; BadRequest when it is larger than `maxBytes`. */
  read(location: string, options: ReadOptions): Promise<Uint8Array>
  /**
   * Writes only where nothing is: of racing writers one succeeds, the others get AlreadyExists.
   * On return the object is durable and whole; on failure it is whole or absent, never partial.
   */
  writeIfAbsent(location: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Absent is success. */
  delete(location: string, signal?: AbortSignal): Promise<void>
  /** True for an object, not for a folder of objects. */
  exists(location: string, signal?: AbortSignal): Promise<boolean>
  /**
   * Where a file can only be written into a folder that is there (a file system), makes the folder; else nothing.
   * For clients that write files themselves and make no folders. BadRequest where a file stands in the way.
   */
  makeFolder(location: string, signal?: AbortSignal): Promise<void>
  /** Every object below `prefix` taken as a folder (`t1` does not hold `t10/x`), in no promised order. Absent: none. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject>
}

export interface ReadOptions {
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

export interface StoredObject {
  /** `file:///…` or `s3://bucket/…`: accepted by the other members. */
  readonly location: string
  readonly bytes: number
  /** Milliseconds since the epoch, by the store's clock. */
  readonly modifiedAt: number
}
