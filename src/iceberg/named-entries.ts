/** An object member of a metadata document (`refs`, `properties`): untouched entries stay raw bytes. */
import {
  type DocumentIndex,
  decodeSpan,
  indexMember,
  RawChunks,
  type Replacement,
  replaceMembers,
} from '#model/document.ts'
import type { JsonValue } from '#model/json.ts'

export interface NamedEntries<T> {
  get(name: string): T | undefined
  entries(): ReadonlyMap<string, T>
  set(name: string, value: T): void
  remove(name: string): void
  touched(): boolean
  replacement(): Exclude<Replacement, undefined>
}

export interface EntrySource<T> {
  readonly index: DocumentIndex | undefined
  readonly member: string
  readonly read: (json: JsonValue, path: string) => T
  readonly write: (value: T) => JsonValue
  /** What stands for a member that the document does not have. */
  readonly initial?: ReadonlyMap<string, T>
}

const readAll = <T>(source: EntrySource<T>, index: DocumentIndex | undefined): Map<string, T> => {
  if (index === undefined) return new Map(source.initial)
  const entries = new Map<string, T>()
  for (const { name, value } of index.members.values())
    entries.set(name, source.read(decodeSpan(index, value), `${source.member}.${name}`))
  return entries
}

const emptyIndex: DocumentIndex = { bytes: new Uint8Array(), span: { start: 0, end: 0 }, members: new Map() }

export const createNamedEntries = <T>(source: EntrySource<T>): NamedEntries<T> => {
  const index = source.index === undefined ? undefined : indexMember(source.index, source.member)
  const all = readAll(source, index)
  // Entries that no document holds yet are written as soon as the member is.
  const changes = new Map<string, JsonValue | undefined>()
  if (index === undefined) for (const [name, value] of all) changes.set(name, source.write(value))
  let touched = false
  return {
    get: (name) => all.get(name),
    entries: () => all,
    set: (name, value) => {
      all.set(name, value)
      changes.set(name, source.write(value))
      touched = true
    },
    remove: (name) => {
      if (!all.delete(name)) return
      changes.set(name, undefined)
      touched = true
    },
    touched: () => touched,
    replacement: () => new RawChunks(replaceMembers(index ?? emptyIndex, changes)),
  }
}
