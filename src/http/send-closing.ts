/** Answers a request whose body was not read: the sender learns it, and the connection ends. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Answer, bytesOf, type Header } from './answer.ts'
import type { RequestBody } from './body.ts'

/** How long and how much of what is still sent is thrown away. */
const patienceMs = 2_000
const patienceBytes = 16 * 1024 * 1024

/** Connections that have had their last answer. What else comes on them is no request (RFC 9112, 9.6). */
export interface Closing {
  add(socket: Socket): void
  has(socket: Socket): boolean
}

export const createClosing = (): Closing => {
  const sockets = new Set<Socket>()
  return {
    add: (socket) => {
      if (sockets.has(socket)) return
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    },
    // The first look is all that a request costs while nobody is being closed.
    has: (socket) => sockets.size > 0 && sockets.has(socket),
  }
}

/** Resolves when the sender has finished, left, or tried our patience. Nothing is kept. */
const discard = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    let left = patienceBytes
    const done = (): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', done).off('close', done).off('error', done)
      resolve()
    }
    const onData = (chunk: Uint8Array): void => {
      left -= chunk.byteLength
      if (left < 0) done()
    }
    const timer = setTimeout(done, patienceMs)
    request.on('data', onData).on('end', done).on('close', done).on('error', done)
    request.resume()
  })

export interface LastExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly closing: Closing
  readonly body: RequestBody
}

/**
 * The whole answer leaves first. Then what still arrives is thrown away for a moment: a connection that is closed with
 * bytes unread is reset, and a client that writes before it reads would never see why it was refused.
 */
export const sendClosing = async (
  { request, response, closing, body: unread }: LastExchange,
  answer: Answer,
  common: readonly Header[],
): Promise<void> => {
  if (request.destroyed) return
  closing.add(request.socket)
  const body = Buffer.concat((answer.body ?? []).map(bytesOf))
  const headers: Header[] = [...common, ...(answer.headers ?? []), ['Connection', 'close']]
  headers.push(['Content-Type', answer.contentType ?? 'application/json'])
  headers.push(['Content-Length', String(body.byteLength)])
  response.writeHead(answer.status, headers.flat())
  response.write(body)
  if (!unread.unasked) await discard(request)
  response.end()
}
