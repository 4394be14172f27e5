/** The body of a request: left where it is until it is asked for, then read within the limits of one and of all. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CatalogError } from '#model/errors.ts'
import type { BodyBudget } from './body-budget.ts'

export interface BodyRules {
  /** Of one body. */
  readonly maxBytes: number
  /** Of all bodies. */
  readonly budget: BodyBudget
}

export interface RequestBody {
  /**
   * Reads the whole, once; of `mostBytes` at most, where the limit is lower than that of all bodies. PayloadTooLarge (413) beyond the limit, SlowDown (429) beyond the budget, RequestTimeout
   * (408) when the sender leaves; it may then be read in part.
   */
  receive(mostBytes?: number): Promise<Uint8Array>
  /** What `receive` gave; empty before. */
  readonly bytes: Uint8Array
  /** False once its last byte has been read. */
  readonly unread: boolean
  /** True while the sender waits to be asked for it (RFC 9110, 10.1.1): nothing is on its way. */
  readonly unasked: boolean
  /** Gives back its part of the budget: nobody needs the bytes any more. */
  release(): void
}

/** A GET or HEAD has none: what is sent along with one is passed over by the server (RFC 9110, 9.3.1). */
export const hasBody = ({ method, headers }: IncomingMessage): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)

const empty: Uint8Array = new Uint8Array(0)
const smallestRoom = 64 * 1024

const tooLarge = (maxBytes: number): CatalogError =>
  new CatalogError('PayloadTooLargeException', `The body is larger than ${maxBytes} bytes`)

interface Sink {
  add(chunk: Uint8Array): void
  readonly bytes: Uint8Array
  release(): void
}

/**
 * One growing buffer: bodies in pieces of a byte must not cost an object each. A declared length is reserved before
 * anything is read, but takes memory only as it comes.
 */
const createSink = (declared: number | undefined, { maxBytes, budget }: BodyRules): Sink => {
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes)
  let reserved = 0
  const reserveUpTo = (bytes: number): void => {
    if (bytes <= reserved) return
    budget.reserve(bytes - reserved)
    reserved = bytes
  }
  reserveUpTo(declared ?? 0)
  let room = empty
  let size = 0
  const makeRoom = (wanted: number): void => {
    if (wanted <= room.byteLength) return
    const capacity = Math.min(declared ?? maxBytes, Math.max(wanted, 2 * room.byteLength, smallestRoom))
    reserveUpTo(capacity)
    const larger = Buffer.allocUnsafeSlow(capacity)
    larger.set(room.subarray(0, size))
    room = larger
  }
  return {
    add: (chunk) => {
      const end = size + chunk.byteLength
      if (end > maxBytes) throw tooLarge(maxBytes)
      if (end === declared && size === 0) room = chunk
      else {
        makeRoom(end)
        room.set(chunk, size)
      }
      size = end
    },
    get bytes() {
      return room.subarray(0, size)
    },
    release: () => {
      budget.release(reserved)
      reserved = 0
    },
  }
}

/** Hands every piece on; stops reading where one is refused. */
const drain = (request: IncomingMessage, take: (chunk: Uint8Array) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const leave = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
    }
    const fail = (error: unknown): void => {
      leave()
      request.pause()
      reject(error)
    }
    const onData = (chunk: Uint8Array): void => {
      try {
        take(chunk)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = (): void => {
      leave()
      resolve()
    }
    const onGone = (): void =>
      fail(new CatalogError('RequestTimeoutException', 'The client went away before its body had arrived'))
    if (request.destroyed) return onGone()
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })

const declaredLength = ({ headers }: IncomingMessage): number | undefined =>
  headers['content-length'] === undefined ? undefined : Number(headers['content-length'])

export interface Arrival {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Runs when the last byte is there; what it throws is what `receive` rejects with. */
  readonly arrived: () => void
}

export const openBody = ({ request, response, arrived }: Arrival, rules: BodyRules): RequestBody => {
  let sink: Sink | undefined
  let unread = true
  let unasked = request.headers.expect !== undefined
  return {
    receive: async (mostBytes = rules.maxBytes) => {
      const maxBytes = Math.min(mostBytes, rules.maxBytes)
      sink = createSink(declaredLength(request), { ...rules, maxBytes })
      if (unasked) response.writeContinue()
      unasked = false
      await drain(request, sink.add)
      unread = false
      arrived()
      return sink.bytes
    },
    get bytes() {
      return unread ? empty : (sink?.bytes ?? empty)
    },
    get unread() {
      return unread
    },
    get unasked() {
      return unasked
    },
    release: () => sink?.release(),
  }
}
