/** The shape of file access that a catalog wants: metadata files of one warehouse, met by the storage room. */

export interface MetadataFiles {
  /** The whole file, decompressed where its name or magic says gzip. NotFound (`Failed to open input stream for file: …`) when absent. */
  read(location: string, signal?: AbortSignal): Promise<Uint8Array>
  /** Writes only where nothing is (compressed where the name says so); AlreadyExists otherwise. Durable on return. */
  writeIfAbsent(location: string, bytes: Uint8Array): Promise<void>
  /** Absent is success. */
  delete(location: string): Promise<void>
  exists(location: string): Promise<boolean>
}
