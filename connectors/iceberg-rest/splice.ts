/** Puts the upstream's identifiers into a client's own bytes; every other byte stays as it was sent. */
import {
  type DocumentIndex,
  indexDocument,
  indexSpan,
  memberItems,
  memberSpan,
  type Span,
} from '#model/document.ts'
import { CatalogError } from '#model/errors.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'

interface Replacement {
  readonly span: Span
  readonly value: unknown
}

/** Replacements in the order of the document. */
const spliceAll = (bytes: Uint8Array, replacements: readonly Replacement[]): Uint8Array => {
  if (replacements.length === 0) return bytes
  const pieces: Uint8Array[] = []
  let from = 0
  for (const { span, value } of replacements) {
    pieces.push(bytes.subarray(from, span.start), Buffer.from(JSON.stringify(value)))
    from = span.end
  }
  pieces.push(bytes.subarray(from))
  return Buffer.concat(pieces)
}

const isNull = (index: DocumentIndex, span: Span): boolean => index.bytes[span.start] === 0x6e

const wireIdentifier = ({ namespace, name }: Identifier): unknown => ({ namespace, name })

const identifierIn = (index: DocumentIndex, id: Identifier): readonly Replacement[] => {
  const span = memberSpan(index, 'identifier')
  return span === undefined || isNull(index, span) ? [] : [{ span, value: wireIdentifier(id) }]
}

/** The body of a commit with its `identifier`, where it has one, as the upstream knows it. */
export const withIdentifier = (bytes: Uint8Array, id: Identifier): Uint8Array =>
  spliceAll(bytes, identifierIn(indexDocument(bytes), id))

/** The body of a create-namespace request with the upstream's levels. */
export const withNamespace = (bytes: Uint8Array, namespace: Namespace): Uint8Array => {
  const span = memberSpan(indexDocument(bytes), 'namespace')
  return spliceAll(bytes, span === undefined ? [] : [{ span, value: namespace }])
}

/** The body of a transaction; `ids` are those of its changes, in the body's order. */
export const withIdentifiers = (bytes: Uint8Array, ids: readonly Identifier[]): Uint8Array => {
  const index = indexDocument(bytes)
  const items = memberItems(index, 'table-changes')
  if (items.length !== ids.length)
    throw new CatalogError('BadRequestException', 'Invalid transaction: table-changes cannot be read')
  return spliceAll(
    bytes,
    items.flatMap((item, i) => {
      const id = ids[i]
      return id ? identifierIn(indexSpan(index, item), id) : []
    }),
  )
}
