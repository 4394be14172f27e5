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

export interface ItemCodec<T> {
  readonly read: (index: DocumentIndex, span: Span) => T
  readonly write: (item: T) => JsonValue
}

export interface ItemList<T> {
  size(): number
  items(): readonly T[]
  /** Decodes that one item only. */
  last(): T | undefined
  add(item: T): void
  /** Removes the items that pass and returns them. */
  removeWhere(test: (item: T) => boolean): readonly T[]
  /** Removes the oldest items, undecoded. */
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
  read(): T
}

const remember = <T>(read: () => T): (() => T) => {
  let known: { readonly item: T } | undefined
  return () => {
    known ??= { item: read() }
    return known.item
  }
}

const entriesOf = <T>(source: ItemSource<T>, spans: readonly Span[]): Entry<T>[] => {
  const { index, codec } = source
  if (index === undefined) return []
  return spans.map((span, position) => ({ position, read: remember(() => codec.read(index, span)) }))
}

const write = <T>(source: ItemSource<T>, spans: readonly Span[], entries: readonly Entry<T>[]) => {
  const added = entries.filter((entry) => entry.position === undefined)
  const append = added.map((entry) => source.codec.write(entry.read()))
  if (source.index === undefined) return append
  const kept = new Set(entries.map((entry) => entry.position))
  return changeItems(source.index, spans, { keep: (position) => kept.has(position), append })
}

export const createItemList = <T>(source: ItemSource<T>): ItemList<T> => {
  const present = source.index !== undefined && memberSpan(source.index, source.member) !== undefined
  let touched = !present && source.initial !== undefined
  const spans = remember(() => (source.index === undefined ? [] : memberItems(source.index, source.member)))
  let current: Entry<T>[] | undefined
  const entries = (): Entry<T>[] => {
    current ??= entriesOf(source, spans())
    return current
  }
  const add = (item: T): void => {
    entries().push({ position: undefined, read: () => item })
  }
  if (!present) for (const item of source.initial ?? []) add(item)
  return {
    size: () => entries().length,
    items: () => entries().map((entry) => entry.read()),
    last: () => entries().at(-1)?.read(),
    add: (item) => {
      add(item)
      touched = true
    },
    removeWhere: (test) => {
      const { out = [], kept = [] } = Object.groupBy(entries(), (entry) =>
        test(entry.read()) ? 'out' : 'kept',
      )
      if (out.length === 0) return []
      current = kept
      touched = true
      return out.map((entry) => entry.read())
    },
    removeFirst: (count) => {
      if (count <= 0) return
      entries().splice(0, count)
      touched = true
    },
    touched: () => touched,
    replacement: () => write(source, spans(), entries()),
  }
}
