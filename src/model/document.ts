/**
 * A large JSON document as an index of raw spans: only touched members are decoded, untouched ones are copied
 * byte for byte, so unknown fields, member order and number spelling survive a rewrite.
 *
 * What is checked: UTF-8, the members of the object that is indexed (no duplicates), brackets and closed
 * strings below. The grammar inside a value is checked when that value is decoded. Malformed bytes throw
 * ValidationException.
 */
import {
  type MemberSpan,
  runWalk,
  runWalkInSteps,
  type Span,
  walkItems,
  walkMembers,
  walkText,
} from './document-scan.ts'
import { CatalogError } from './errors.ts'
import { encodeJsonChunks, type JsonValue, parseJson } from './json.ts'

export type { Span } from './document-scan.ts'

/** The members of one object: the document itself, or an object within it. */
export interface DocumentIndex {
  readonly bytes: Uint8Array
  /** Of the object with its braces. */
  readonly span: Span
  /** In the order of the document. */
  readonly members: ReadonlyMap<string, MemberSpan>
}

/** JSON that is already encoded, in pieces. Written as it stands. */
export class RawChunks {
  readonly chunks: readonly Uint8Array[]

  constructor(chunks: readonly Uint8Array[]) {
    this.chunks = chunks
  }
}

/** A member's new value; undefined removes it. */
export type Replacement = JsonValue | RawChunks | undefined

const whole = (bytes: Uint8Array): Span => ({ start: 0, end: bytes.byteLength })

/** Indexes a document whose root is an object. At once: for documents of a few MB. */
export const indexDocument = (bytes: Uint8Array): DocumentIndex => {
  runWalk(walkText(bytes))
  const span = whole(bytes)
  return { bytes, span, members: runWalk(walkMembers(bytes, span)) }
}

/** As `indexDocument`, giving the event loop a turn every megabyte or so. */
export const indexDocumentInSteps = async (bytes: Uint8Array): Promise<DocumentIndex> => {
  await runWalkInSteps(walkText(bytes))
  const span = whole(bytes)
  return { bytes, span, members: await runWalkInSteps(walkMembers(bytes, span)) }
}

/** Where the value of a member lies; undefined when it is absent. */
export const memberSpan = (index: DocumentIndex, name: string): Span | undefined =>
  index.members.get(name)?.value

/** The raw bytes of a span, uncopied. */
export const spanBytes = (index: DocumentIndex, span: Span): Uint8Array =>
  index.bytes.subarray(span.start, span.end)

const wholeValue = { maxBytes: Number.MAX_SAFE_INTEGER, maxMembers: Number.MAX_SAFE_INTEGER }

/** Decodes what lies in a span. */
export const decodeSpan = (index: DocumentIndex, span: Span): JsonValue => {
  try {
    return parseJson(spanBytes(index, span), wholeValue)
  } catch (cause) {
    const detail = cause instanceof CatalogError ? cause.message : 'not readable'
    throw new CatalogError(
      'ValidationException',
      `${detail} (within the document, from byte ${span.start})`,
      {
        cause,
      },
    )
  }
}

/** Decodes one member; undefined when it is absent. */
export const decodeMember = (index: DocumentIndex, name: string): JsonValue | undefined => {
  const span = memberSpan(index, name)
  return span === undefined ? undefined : decodeSpan(index, span)
}

const isNull = (index: DocumentIndex, span: Span): boolean => index.bytes[span.start] === 0x6e

/** The items of an array member; none where it is absent or null. */
export const memberItems = (index: DocumentIndex, name: string): readonly Span[] => {
  const span = memberSpan(index, name)
  return span === undefined || isNull(index, span) ? [] : runWalk(walkItems(index.bytes, span))
}

/** As `memberItems`, in steps. */
export const memberItemsInSteps = async (index: DocumentIndex, name: string): Promise<readonly Span[]> => {
  const span = memberSpan(index, name)
  return span === undefined || isNull(index, span) ? [] : runWalkInSteps(walkItems(index.bytes, span))
}

/** The object that lies in a span, as an index over the same bytes. */
export const indexSpan = (index: DocumentIndex, span: Span): DocumentIndex => ({
  bytes: index.bytes,
  span,
  members: runWalk(walkMembers(index.bytes, span)),
})

/** The entries of an object member; undefined where it is absent or null. */
export const indexMember = (index: DocumentIndex, name: string): DocumentIndex | undefined => {
  const span = memberSpan(index, name)
  return span === undefined || isNull(index, span) ? undefined : indexSpan(index, span)
}

const encodeReplacement = (value: Exclude<Replacement, undefined>): readonly Uint8Array[] =>
  value instanceof RawChunks ? value.chunks : encodeJsonChunks(value)

type Piece = readonly Uint8Array[]

/** Pieces between brackets, with commas. */
const wrap = (brackets: '[]' | '{}', pieces: readonly Piece[]): readonly Uint8Array[] => {
  const chunks: Uint8Array[] = [Buffer.from(brackets.slice(0, 1))]
  pieces.forEach((piece, i) => {
    if (i > 0) chunks.push(Buffer.from(','))
    for (const chunk of piece) chunks.push(chunk)
  })
  chunks.push(Buffer.from(brackets.slice(1)))
  return chunks
}

/** Collects pieces; neighbours that stay as they are become one run with the commas between them. */
const createRuns = (bytes: Uint8Array) => {
  const pieces: Piece[] = []
  let run: Span | undefined
  const flush = (): void => {
    if (run !== undefined) pieces.push([bytes.subarray(run.start, run.end)])
    run = undefined
  }
  return {
    keep: (span: Span): void => {
      run = { start: run?.start ?? span.start, end: span.end }
    },
    skip: flush,
    add: (piece: Piece): void => {
      flush()
      pieces.push(piece)
    },
    finish: (): readonly Piece[] => {
      flush()
      return pieces
    },
  }
}

export interface ItemChanges {
  /** True for the items that stay, by position. Default: all. */
  readonly keep?: (position: number) => boolean
  /** Written behind them. */
  readonly append?: readonly JsonValue[]
}

/** An array made of items of the document, copied byte for byte, and new ones behind them. */
export const changeItems = (
  index: DocumentIndex,
  items: readonly Span[],
  changes: ItemChanges,
): RawChunks => {
  const runs = createRuns(index.bytes)
  items.forEach((item, position) => {
    if (changes.keep?.(position) ?? true) runs.keep(item)
    else runs.skip()
  })
  for (const value of changes.append ?? []) runs.add(encodeJsonChunks(value))
  return new RawChunks(wrap('[]', runs.finish()))
}

/**
 * The object with members replaced in place, removed (undefined) or appended in the order of `changes`.
 * Every other member is handed on byte for byte, uncopied: the chunks share memory with the document.
 */
export const replaceMembers = (
  index: DocumentIndex,
  changes: ReadonlyMap<string, Replacement>,
): readonly Uint8Array[] => {
  const runs = createRuns(index.bytes)
  for (const { name, nameSpan, value } of index.members.values()) {
    const replacement = changes.get(name)
    if (!changes.has(name)) runs.keep({ start: nameSpan.start, end: value.end })
    else if (replacement === undefined) runs.skip()
    else runs.add([index.bytes.subarray(nameSpan.start, value.start), ...encodeReplacement(replacement)])
  }
  for (const [name, value] of changes)
    if (value !== undefined && !index.members.has(name)) runs.add(encodeNamed(name, value))
  return wrap('{}', runs.finish())
}

const encodeNamed = (name: string, value: Exclude<Replacement, undefined>): Piece => [
  Buffer.from(`${JSON.stringify(name)}:`),
  ...encodeReplacement(value),
]

/** An object from raw and decoded members, in order: for envelopes around documents. */
export const encodeMembers = (members: Iterable<readonly [string, Replacement]>): readonly Uint8Array[] => {
  const pieces: Piece[] = []
  for (const [name, value] of members) if (value !== undefined) pieces.push(encodeNamed(name, value))
  return wrap('{}', pieces)
}

/** The chunks of a rewrite as one buffer. */
export const joinChunks = (chunks: readonly Uint8Array[]): Uint8Array => {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
