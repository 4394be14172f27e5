/** What a face answers, before it becomes bytes on a connection. */
import { encodeJsonChunks, type JsonValue } from '#model/json.ts'

export type Header = readonly [name: string, value: string]

/** Text goes out as UTF-8; what is short leaves in one piece with the headers, which as bytes it would not. */
export type Chunk = string | Uint8Array

export interface Answer {
  readonly status: number
  /** Spelled as they go out: some clients read names case-sensitively. */
  readonly headers?: readonly Header[]
  /** Absent: no body at all. Chunks are written as they are, one after the other. */
  readonly body?: readonly Chunk[]
  /**
   * Instead of `body`: made while it is sent, as fast as the client takes it. `return` is called where it is not sent,
   * or not to its end.
   */
  readonly stream?: AsyncIterableIterator<Uint8Array>
  /** Default `application/json`. */
  readonly contentType?: string
}

export const bytesOf = (chunk: Chunk): Uint8Array => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)

export const jsonAnswer = (value: JsonValue, headers: readonly Header[] = []): Answer => ({
  status: 200,
  headers,
  body: encodeJsonChunks(value),
})

/** Never 201 or 202: the reference client takes 201 for a failure. */
export const noContent: Answer = { status: 204 }
