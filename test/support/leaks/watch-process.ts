/**
 * Loaded before everything else into each Node process of a run, by `NODE_OPTIONS`: test workers, gateways and the
 * command line alike. It listens to Node's own diagnostics channels, so that no test has to ask to be recorded: every
 * exchange of every HTTP server in the process, ours or a stand-in for another's, every process of ours that is started,
 * with its output and with what its environment gives it, and what is sealed.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { noteExchange } from './exchange.ts'
import { listenToSeals } from './sealed.ts'
import { noteStarted } from './started.ts'

/** Of each body; what lies beyond is content that a test made large on purpose. */
const keptBytes = 256 * 1024

interface Kept {
  add(chunk: unknown, encoding?: unknown): void
  bytes(): Buffer
}

const createKept = (): Kept => {
  const chunks: Buffer[] = []
  let size = 0
  return {
    add: (chunk, encoding) => {
      if (size >= keptBytes || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return
      const coding = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
      // A copy: the bytes belong to whoever wrote them.
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, coding) : Buffer.from(chunk)
      chunks.push(bytes.subarray(0, keptBytes - size))
      size += bytes.byteLength
    },
    bytes: () => Buffer.concat(chunks),
  }
}

/** `chunk` is the first argument of each call of the method. */
const listenTo = (target: object, method: 'end' | 'push' | 'write', kept: Kept): void => {
  const original = Reflect.get(target, method) as (...args: readonly unknown[]) => unknown
  Reflect.set(target, method, (...args: readonly unknown[]) => {
    kept.add(args[0], args[1])
    return Reflect.apply(original, target, args)
  })
}

const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  // What was cut off at the end is missing; the rest is still read.
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: (bytes) => zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush }),
}

const textOf = (head: string, bytes: Buffer): string => {
  const [, coding = ''] = /\r\ncontent-encoding: *(\w+)/i.exec(head) ?? []
  try {
    return (decoders[coding]?.(bytes) ?? bytes).toString()
  } catch {
    return bytes.toString()
  }
}

interface ServerExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const watch = ({ request, response }: ServerExchange): void => {
  const [sent, answered] = [createKept(), createKept()]
  // Frameworks rewrite it.
  const target = request.url ?? ''
  listenTo(request, 'push', sent)
  listenTo(response, 'write', answered)
  listenTo(response, 'end', answered)
  response.once('close', () => {
    const answerHead = String(Reflect.get(response, '_header') ?? '')
    noteExchange({
      ...{ method: request.method ?? '', target },
      ...{ requestHeaders: request.headers, requestBody: sent.bytes().toString() },
      ...{ status: response.statusCode, answerHead, answerBody: textOf(answerHead, answered.bytes()) },
    })
  })
}

listenToSeals()

subscribe('http.server.request.start', (message) => watch(message as ServerExchange))

subscribe('tracing:child_process.spawn:start', (message) => {
  const { process: child, options } = message as {
    readonly process: ChildProcess
    readonly options: { readonly args?: readonly string[]; readonly envPairs?: readonly string[] }
  }
  noteStarted({ child, args: options.args ?? [], environment: options.envPairs ?? [] })
})
