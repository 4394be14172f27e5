/** Reads what an upstream answers of a table or view: the metadata document as raw bytes and a few facts beside it. */
import { createHash } from 'node:crypto'
import type { Loaded } from '#catalog/catalog.ts'
import type { UpstreamResponse } from '#catalog/connector.ts'
import {
  type DocumentIndex,
  decodeMember,
  decodeSpan,
  indexDocument,
  indexDocumentInSteps,
  indexSpan,
  memberItemsInSteps,
  memberSpan,
  spanBytes,
} from '#model/document.ts'
import { isJsonObject } from '#model/json.ts'
import { unreadableError } from './translate.ts'

/** Beyond this a document is walked in steps, so that other requests get their turn. */
const largeBytes = 1 << 20

const index = (bytes: Uint8Array): DocumentIndex | Promise<DocumentIndex> =>
  bytes.byteLength > largeBytes ? indexDocumentInSteps(bytes) : indexDocument(bytes)

const text = (document: DocumentIndex, name: string, max: number): string | undefined => {
  const value = decodeMember(document, name)
  return typeof value === 'string' && value !== '' && value.length <= max ? value : undefined
}

const strings = (document: DocumentIndex, name: string): Readonly<Record<string, string>> => {
  const value = decodeMember(document, name)
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])),
  )
}

/** A tag that can be sent back as it is. */
const tagForm = /^[\x21-\x7e]{1,256}$/
const tagMark = 'etag:'

/** The upstream's own tag where it gave one; otherwise a digest of what changes with each commit. */
const versionOf = (response: UpstreamResponse, envelope: DocumentIndex, metadata: DocumentIndex): string => {
  const tag = response.headers['etag']
  if (tag !== undefined && tagForm.test(tag)) return `${tagMark}${tag}`
  const parts = [
    text(envelope, 'metadata-location', 8192),
    text(metadata, 'table-uuid', 64) ?? text(metadata, 'view-uuid', 64),
    String(decodeMember(metadata, 'last-updated-ms') ?? decodeMember(metadata, 'current-version-id')),
  ]
  return `digest:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`
}

/** What to send as `If-None-Match`: only what the upstream itself gave. */
export const tagOfVersion = (version: string | undefined): string | undefined => {
  if (!version?.startsWith(tagMark)) return undefined
  const tag = version.slice(tagMark.length)
  return tagForm.test(tag) ? tag : undefined
}

const read = async (
  response: UpstreamResponse,
  defaults: Readonly<Record<string, string>>,
): Promise<Loaded | undefined> => {
  const envelope = await index(response.body)
  const span = memberSpan(envelope, 'metadata')
  if (span === undefined || envelope.bytes[span.start] !== 0x7b) return undefined
  const metadata = await index(spanBytes(envelope, span))
  const metadataLocation = text(envelope, 'metadata-location', 8192)
  const uuid = text(metadata, 'table-uuid', 64) ?? text(metadata, 'view-uuid', 64)
  const location = text(metadata, 'location', 8192)
  return {
    metadata: [metadata.bytes],
    config: { ...defaults, ...strings(envelope, 'config') },
    version: versionOf(response, envelope, metadata),
    ...(metadataLocation === undefined ? {} : { metadataLocation }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(location === undefined ? {} : { location }),
  }
}

/**
 * BadGateway where the answer is no load result. Credentials beside the metadata are not even read:
 * `storage-credentials` and `remote-signing-config` never cross.
 */
export const readLoaded = async (
  connection: string,
  response: UpstreamResponse,
  defaults: Readonly<Record<string, string>>,
): Promise<Loaded> => {
  let loaded: Loaded | undefined
  try {
    loaded = await read(response, defaults)
  } catch (cause) {
    throw unreadableError(connection, 'it is no JSON', cause)
  }
  if (!loaded) throw unreadableError(connection, 'it holds no metadata')
  return loaded
}

/** True where a snapshot of each id (decimal text) is in the metadata. */
export const holdsSnapshots = async (loaded: Loaded, ids: readonly string[]): Promise<boolean> => {
  const metadata = await index(Buffer.concat(loaded.metadata))
  const found = new Set<string>()
  for (const item of await memberItemsInSteps(metadata, 'snapshots')) {
    const id = memberSpan(indexSpan(metadata, item), 'snapshot-id')
    if (id) found.add(String(decodeSpan(metadata, id)))
  }
  return ids.every((id) => found.has(id))
}
