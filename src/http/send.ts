/** Writes an answer onto the connection: exact header spelling, chunks uncopied, compressed where asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer, Header } from './answer.ts'
import { type Coding, chooseCoding, smallestCompressed } from './compression.ts'
import type { Packer } from './packer.ts'

/** Above this a body is compressed in pieces, so that no copy of the whole is made. */
const largestWhole = 256 * 1024

const sizeOf = (chunks: readonly Uint8Array[]): number => {
  let size = 0
  for (const chunk of chunks) size += chunk.byteLength
  return size
}

const flat = (answer: Answer, common: readonly Header[]): string[] => {
  const list: string[] = []
  for (const [name, value] of common) list.push(name, value)
  for (const [name, value] of answer.headers ?? []) list.push(name, value)
  return list
}

/** Pieces of at most this size let other connections in between. */
const pieceBytes = 1024 * 1024

function* pieces(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks)
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes)
}

interface Sending {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly answer: Answer
  readonly headers: string[]
  readonly packer: Packer
}

const sendCompressed = async (
  { response, answer, headers, packer }: Sending,
  chunks: readonly Uint8Array[],
  coding: Coding,
): Promise<void> => {
  const size = sizeOf(chunks)
  headers.push('Content-Encoding', coding.name)
  if (size > largestWhole) {
    response.writeHead(answer.status, headers)
    return pipeline(Readable.from(pieces(chunks)), coding.stream(), response)
  }
  const bytes = await packer.pack(chunks, coding)
  headers.push('Content-Length', String(bytes.byteLength))
  response.writeHead(answer.status, headers)
  response.end(bytes)
}

/**
 * Leaves in one system call with the headers, whatever the size: the system takes what the connection holds and comes
 * back for the rest. Joining the chunks first would cost a copy and its garbage.
 */
const endWith = (response: ServerResponse, chunks: readonly Uint8Array[]): void => {
  const last = chunks.length - 1
  for (let i = 0; i < last; i += 1) response.write(chunks[i])
  response.end(chunks[last])
}

const sendPlain = ({ response, answer, headers }: Sending, chunks: readonly Uint8Array[]): void => {
  headers.push('Content-Length', String(sizeOf(chunks)))
  response.writeHead(answer.status, headers)
  endWith(response, chunks)
}

/** The headers of the same GET; a length that only compressing would tell is left out (RFC 9110, 8.6). */
const sendHead = (
  { response, answer, headers }: Sending,
  chunks: readonly Uint8Array[],
  coding: Coding | undefined,
): void => {
  if (coding) headers.push('Content-Encoding', coding.name)
  else headers.push('Content-Length', String(sizeOf(chunks)))
  response.writeHead(answer.status, headers)
  response.end()
}

/** What breaks off half-way takes the connection along: its reader sees that the end is missing. */
const sendStream = async (
  { response, answer, headers }: Sending,
  stream: AsyncIterableIterator<Uint8Array>,
  coding: Coding | undefined,
): Promise<void> => {
  if (coding) headers.push('Content-Encoding', coding.name)
  response.writeHead(answer.status, headers)
  // The first lines may be long in coming, and a client waits for an answer only so long.
  response.flushHeaders()
  const source = Readable.from(stream, { objectMode: false })
  return coding ? pipeline(source, coding.stream(), response) : pipeline(source, response)
}

export interface Connection {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly packer: Packer
}

const sendWhole = async (
  sending: Sending,
  body: readonly Uint8Array[],
  wanted: Coding | undefined,
): Promise<void> => {
  const coding = sizeOf(body) >= smallestCompressed ? wanted : undefined
  if (sending.request.method === 'HEAD') sendHead(sending, body, coding)
  else if (coding) await sendCompressed(sending, body, coding)
  else sendPlain(sending, body)
}

/** Resolves once the answer has been handed to the connection; rejects when the client went away meanwhile. */
export const send = async (
  { request, response, packer }: Connection,
  answer: Answer,
  common: readonly Header[],
): Promise<void> => {
  const headers = flat(answer, common)
  const { body, stream } = answer
  if (!body && !stream) {
    response.writeHead(answer.status, headers)
    response.end()
    return
  }
  headers.push('Content-Type', answer.contentType ?? 'application/json', 'Vary', 'Accept-Encoding')
  const sending = { request, response, packer, answer, headers }
  const wanted = chooseCoding(request.headers['accept-encoding'])
  if (stream) return sendStream(sending, stream, wanted)
  await sendWhole(sending, body ?? [], wanted)
}
