/** An array member of a metadata document: its items stay raw bytes until they are asked for. */
import {
  changeItems,
  type DocumentIndex,
  memberItems,
  memberSpan,
  type Replacement,
  type Span,
} from '#model/document.ts'
import type { JsonValue } from '#model/json.ts'
import type { Id } from '#model/json-read.ts'

type ItemKey = Id | string

export interface ItemCodec<T> {
  readonly read: (index: DocumentIndex, span: Span) => T
  readonly write: (item: T) => JsonValue
  /** What items are looked up by. */
  readonly key: (item: T) => ItemKey
}

export interface ItemList<T> {
  size(): number
  items(): readonly T[]
  /** The first item of that key; a commit may ask for thousands. */
  find(key: ItemKey): T | undefined
  /** Decodes that one item only. */
  last(): T | undefined
  add(item: T): void
  /** Removes every item of that key and returns them. */
  remove(key: ItemKey): readonly T[]
  /** Removes the items that pass and returns them. */
  removeWhere(test: (item: T) => boolean): readonly T[]
  /** Removes the oldest items. */
  removeFirst(count: number): void
  /** True when what would be written differs from what the document has. */
  touched(): boolean
  /** The whole array: kept items byte for byte, added ones encoded. */
  replacement(): Exclude<Replacement, undefined>
}

export interface ItemSource<T> {
  /** Absent for a document that is being created. */
  readonly index: DocumentIndex | undefined
  readonly member: string
  readonly codec: ItemCodec<T>
  /** What stands for a member that an older document does not have. */
  readonly initial?: readonly T[]
}

interface Entry<T> {
  /** Undefined for an item that is not in the document. */
  readonly position: number | undefined
  /** A removed entry stays in its place until it is the last: removal costs the same in a long list. */
  removed: boolean
  read(): T
}

const remember = <T>(read: () => T): (() => T) => {
  let known: { readonly item: T } | undefined
  return () => {
    known ??= { item: read() }
    return known.item
  }
}

const documentEntries = <T>({ index, codec }: ItemSource<T>, spans: readonly Span[]): Entry<T>[] => {
  if (index === undefined) return []
  return spans.map((span, position) => ({
    position,
    removed: false,
    read: remember(() => codec.read(index, span)),
  }))
}

const write = <T>(source: ItemSource<T>, spans: readonly Span[], entries: readonly Entry<T>[]) => {
  const added = entries.filter((entry) => entry.position === undefined)
  const append = added.map((entry) => source.codec.write(entry.read()))
  if (source.index === undefined) return append
  const kept = new Set(entries.map((entry) => entry.position))
  return changeItems(source.index, spans, { keep: (position) => kept.has(position), append })
}

/** Entries in order, with an index by key that is made at the first lookup. */
const createEntries = <T>(source: ItemSource<T>, spans: () => readonly Span[]) => {
  const all = remember(() => documentEntries(source, spans()))
  let live: readonly Entry<T>[] | undefined
  let byKey: Map<ItemKey, Entry<T>[]> | undefined
  const enter = (index: Map<ItemKey, Entry<T>[]>, entry: Entry<T>): void => {
    const key = source.codec.key(entry.read())
    const same = index.get(key)
    if (same === undefined) index.set(key, [entry])
    else same.push(entry)
  }
  const present = (): readonly Entry<T>[] => {
    live ??= all().filter((entry) => !entry.removed)
    return live
  }
  return {
    present,
    add: (item: T): void => {
      const entry = { position: undefined, removed: false, read: () => item }
      all().push(entry)
      if (byKey !== undefined) enter(byKey, entry)
      live = undefined
    },
    ofKey: (key: ItemKey): readonly Entry<T>[] => {
      if (byKey === undefined) {
        byKey = new Map()
        for (const entry of present()) enter(byKey, entry)
      }
      const current = (byKey.get(key) ?? []).filter((entry) => !entry.removed)
      byKey.set(key, current)
      return current
    },
    last: (): Entry<T> | undefined => {
      while (all().at(-1)?.removed === true) all().pop()
      return all().at(-1)
    },
    remove: (removed: readonly Entry<T>[]): readonly T[] => {
      for (const entry of removed) entry.removed = true
      if (removed.length > 0) live = undefined
      return removed.map((entry) => entry.read())
    },
  }
}

export const createItemList = <T>(source: ItemSource<T>): ItemList<T> => {
  const inDocument = source.index !== undefined && memberSpan(source.index, source.member) !== undefined
  const spans = remember(() => (source.index === undefined ? [] : memberItems(source.index, source.member)))
  const entries = createEntries(source, spans)
  let touched = !inDocument && source.initial !== undefined
  if (!inDocument) for (const item of source.initial ?? []) entries.add(item)
  const remove = (removed: readonly Entry<T>[]): readonly T[] => {
    if (removed.length > 0) touched = true
    return entries.remove(removed)
  }
  return {
    size: () => entries.present().length,
    items: () => entries.present().map((entry) => entry.read()),
    find: (key) => entries.ofKey(key)[0]?.read(),
    last: () => entries.last()?.read(),
    add: (item) => {
      entries.add(item)
      touched = true
    },
    remove: (key) => remove(entries.ofKey(key)),
    removeWhere: (test) => remove(entries.present().filter((entry) => test(entry.read()))),
    removeFirst: (count) => {
      if (count > 0) remove(entries.present().slice(0, count))
    },
    touched: () => touched,
    replacement: () => write(source, spans(), entries.present()),
  }
}
