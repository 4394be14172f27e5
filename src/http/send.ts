/** Writes an answer onto the connection: exact header spelling, chunks uncopied, compressed where asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Answer, bytesOf, type Chunk, type Header } from './answer.ts'
import { type Coding, chooseCoding, smallestCompressed } from './compression.ts'
import type { Packer } from './packer.ts'

/** Above this a body is compressed in pieces, so that no copy of the whole is made. */
const largestWhole = 256 * 1024

const sizeOf = (chunks: readonly Chunk[]): number => {
  let size = 0
  for (const chunk of chunks) size += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength
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

function* pieces(chunks: readonly Chunk[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    const bytes = bytesOf(chunk)
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
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
  chunks: readonly Chunk[],
  coding: Coding,
): Promise<void> => {
  const size = sizeOf(chunks)
  headers.push('Content-Encoding', coding.name)
  if (size > largestWhole) {
    response.writeHead(answer.status, headers)
    return pipeline(Readable.from(pieces(chunks)), coding.stream(), response)
  }
  const bytes = await packer.pack(chunks.map(bytesOf), coding)
  headers.push('Content-Length', String(bytes.byteLength))
  response.writeHead(answer.status, headers)
  response.end(bytes)
}

/**
 * Leaves in one system call with the headers, whatever the size: the system takes what the connection holds and comes
 * back for the rest. Joining the chunks first would cost a copy and its garbage.
 */
const endWith = (response: ServerResponse, chunks: readonly Chunk[]): void => {
  const last = chunks.length - 1
  for (let i = 0; i < last; i += 1) response.write(chunks[i])
  response.end(chunks[last])
}

const sendPlain = ({ response, answer, headers }: Sending, chunks: readonly Chunk[]): void => {
  headers.push('Content-Length', String(sizeOf(chunks)))
  response.writeHead(answer.status, headers)
  endWith(response, chunks)
}

/** The headers of the same GET; a length that only compressing would tell is left out (RFC 9110, 8.6). */
const sendHead = (
  { response, answer, headers }: Sending,
  chunks: readonly Chunk[],
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

const sendWhole = (
  sending: Sending,
  body: readonly Chunk[],
  wanted: Coding | undefined,
): void | Promise<void> => {
  const coding = wanted && sizeOf(body) >= smallestCompressed ? wanted : undefined
  if (sending.request.method === 'HEAD') return sendHead(sending, body, coding)
  return coding ? sendCompressed(sending, body, coding) : sendPlain(sending, body)
}

/**
 * Resolves once the answer has been handed to the connection, at once where nothing had to be made for it first; rejects
 * when the client went away meanwhile.
 */
export const send = (
  { request, response, packer }: Connection,
  answer: Answer,
  common: readonly Header[],
): void | Promise<void> => {
  const headers = flat(answer, common)
  const { body, stream } = answer
  if (!body && !stream) {
    response.writeHead(answer.status, headers)
    response.end()
    return undefined
  }
  headers.push('Content-Type', answer.contentType ?? 'application/json', 'Vary', 'Accept-Encoding')
  const sending = { request, response, packer, answer, headers }
  const wanted = chooseCoding(request.headers['accept-encoding'])
  return stream ? sendStream(sending, stream, wanted) : sendWhole(sending, body ?? [], wanted)
}
