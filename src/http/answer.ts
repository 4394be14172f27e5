/** What a face answers, before it becomes bytes on a connection. */
import { encodeJsonChunks, type JsonValue } from '#model/json.ts'

export type Header = readonly [name: string, value: string]

export interface Answer {
  readonly status: number
  /** Spelled as they go out: some clients read names case-sensitively. */
  readonly headers?: readonly Header[]
  /** Absent: no body at all. Chunks are written as they are, one after the other. */
  readonly body?: readonly Uint8Array[]
  /**
   * Instead of `body`: made while it is sent, as fast as the client takes it. `return` is called where it is not sent,
   * or not to its end.
   */
  readonly stream?: AsyncIterableIterator<Uint8Array>
  /** Default `application/json`. */
  readonly contentType?: string
}

export const jsonAnswer = (value: JsonValue, headers: readonly Header[] = []): Answer => ({
  status: 200,
  headers,
  body: encodeJsonChunks(value),
})

/** Never 201 or 202: the reference client takes 201 for a failure. */
export const noContent: Answer = { status: 204 }
