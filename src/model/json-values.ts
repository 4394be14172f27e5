/** What JSON text is decoded to. Safe integer → number, other integer → bigint, any other spelling → `JsonNumber`. */
/** A number whose spelling matters (`1.0`, `1e3`, `-0`): kept as the text that was sent. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Bytes that are already JSON and are written as they stand. */
export class RawJson {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export type JsonValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | JsonNumber
  | RawJson
  | readonly JsonValue[]
  | JsonObject

/** Without a prototype: no key of a client can reach one. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}
