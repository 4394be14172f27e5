/** The metadata engines behind promises: a large document is worked on in a thread, so that the event loop goes on. */
import { Worker } from 'node:worker_threads'
import { CatalogError } from '#model/errors.ts'
import { encodeJson, type JsonValue } from '#model/json.ts'
import type {
  AsyncMetadataEngine,
  Base,
  Built,
  CommitRequest,
  EngineInputs,
  MetadataEngine,
} from './engine.ts'

type EngineKind = 'table' | 'view'

/** Sent to the thread. Requests travel as JSON: decoded values would lose their classes. */
export type EngineTask = { readonly kind: EngineKind; readonly document: Uint8Array } & (
  | { readonly call: 'facts' }
  | {
      readonly call: 'commit'
      readonly metadataLocation: string
      readonly request: Uint8Array
      readonly inputs: EngineInputs
    }
)

/** Sent back. `bytes` is null where the document did not change. */
export type EngineReply =
  | { readonly ok: true; readonly bytes: Uint8Array | null; readonly facts: unknown }
  | { readonly ok: false; readonly error: unknown; readonly catalogError: CatalogErrorParts | null }

interface CatalogErrorParts {
  readonly type: CatalogError['type']
  readonly message: string
}

export interface EnginePoolOptions {
  /** Threads at most; each is started when it is first needed. */
  readonly threads?: number
  /** Documents of fewer bytes are worked on at once, without a thread. */
  readonly inlineBelowBytes?: number
  /** A thread without work for so long ends, and gives its memory back. */
  readonly idleMs?: number
  /** Where a thread begins. */
  readonly entry?: URL
}

export interface EnginePool extends AsyncDisposable {
  /** The engine of one kind over this pool's threads. */
  of<Facts>(kind: EngineKind, engine: MetadataEngine<Facts>): AsyncMetadataEngine<Facts>
}

interface Job {
  readonly task: EngineTask
  readonly resolve: (reply: EngineReply) => void
  readonly reject: (error: unknown) => void
}

const ownEntry = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './engine-worker.ts' : './engine-worker.js', import.meta.url)

/** A copy with a buffer of its own, which may be handed over: the caller's bytes stay the caller's. */
const ownCopy = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const copy = new Uint8Array(bytes.byteLength)
  copy.set(bytes)
  return copy
}

/** Objects of strings cross a thread as plain objects; names like `constructor` must not find a prototype. */
const withoutPrototypes = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([name, member]) => [name, withoutPrototypes(member)])
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

const failure = (reply: EngineReply & { ok: false }): unknown =>
  reply.catalogError === null
    ? reply.error
    : new CatalogError(reply.catalogError.type, reply.catalogError.message)

/** Threads without work, each for a while. */
const createIdle = (idleMs: number) => {
  const endings = new Map<Worker, NodeJS.Timeout>()
  const remove = (worker: Worker): void => {
    clearTimeout(endings.get(worker))
    endings.delete(worker)
  }
  /** Removed first: no job may find a thread that is about to end. */
  const retire = (worker: Worker): void => {
    remove(worker)
    void worker.terminate()
  }
  return {
    add: (worker: Worker): void => {
      worker.unref()
      endings.set(worker, setTimeout(retire, idleMs, worker).unref())
    },
    take: (): Worker | undefined => {
      const [worker] = endings.keys()
      if (worker !== undefined) remove(worker)
      return worker
    },
    remove,
    size: (): number => endings.size,
    all: (): readonly Worker[] => [...endings.keys()],
  }
}

/** Runs one job at a time in each thread. A thread that dies fails the job it had, and no other. */
const createThreads = ({ threads, idleMs, entry }: Required<Omit<EnginePoolOptions, 'inlineBelowBytes'>>) => {
  const idle = createIdle(idleMs)
  const busy = new Map<Worker, Job>()
  const waiting: Job[] = []
  let closed = false

  const release = (worker: Worker): Job | undefined => {
    const job = busy.get(worker)
    busy.delete(worker)
    return job
  }

  const start = (): Worker => {
    const worker = new Worker(entry)
    const ended = (error: unknown): void => {
      idle.remove(worker)
      release(worker)?.reject(error)
      next()
    }
    worker.on('message', (reply: EngineReply) => {
      const job = release(worker)
      idle.add(worker)
      job?.resolve(reply)
      next()
    })
    worker.on('error', ended)
    worker.on('exit', (code) => ended(new Error(`metadata thread ended with code ${code}`)))
    return worker
  }

  const next = (): void => {
    if (closed || (idle.size() === 0 && busy.size >= threads)) return
    const job = waiting.shift()
    if (job === undefined) return
    const worker = idle.take() ?? start()
    busy.set(worker, job)
    worker.ref()
    worker.postMessage(job.task, [job.task.document.buffer as ArrayBuffer])
  }

  const run = (task: EngineTask): Promise<EngineReply> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error('the metadata threads are closed'))
      waiting.push({ task, resolve, reject })
      next()
    })

  const close = async (): Promise<void> => {
    closed = true
    const error = new Error('the metadata threads are closed')
    for (const job of waiting.splice(0)) job.reject(error)
    await Promise.all([...idle.all(), ...busy.keys()].map((worker) => worker.terminate()))
  }

  return { run, close }
}

type Run = (task: EngineTask) => Promise<EngineReply>

const encodeRequest = (request: CommitRequest): Uint8Array => {
  const value: JsonValue = { requirements: request.requirements, updates: request.updates }
  return encodeJson(value)
}

const overThreads = <Facts>(kind: EngineKind, run: Run) => {
  const ask = async (task: EngineTask): Promise<{ bytes: Uint8Array | null; facts: Facts }> => {
    const reply = await run(task)
    if (!reply.ok) throw failure(reply)
    return { bytes: reply.bytes, facts: withoutPrototypes(reply.facts as Facts) }
  }
  return {
    facts: async (bytes: Uint8Array): Promise<Facts> =>
      (await ask({ kind, call: 'facts', document: ownCopy(bytes) })).facts,
    commit: async (base: Base, request: CommitRequest, inputs: EngineInputs): Promise<Built<Facts>> => {
      const { bytes, facts } = await ask({
        kind,
        call: 'commit',
        document: ownCopy(base.bytes),
        metadataLocation: base.metadataLocation,
        request: encodeRequest(request),
        inputs,
      })
      return { bytes: bytes ?? base.bytes, facts, changed: bytes !== null }
    },
  }
}

export const createEnginePool = (options: EnginePoolOptions = {}): EnginePool => {
  const { threads = 2, inlineBelowBytes = 1 << 20, idleMs = 30_000, entry = ownEntry() } = options
  const { run, close } = createThreads({ threads, idleMs, entry })
  return {
    of: <Facts>(kind: EngineKind, engine: MetadataEngine<Facts>): AsyncMetadataEngine<Facts> => {
      const inThread = overThreads<Facts>(kind, run)
      const isLarge = (bytes: Uint8Array): boolean => bytes.byteLength >= inlineBelowBytes
      return {
        create: async (request, inputs) => engine.create(request, inputs),
        commit: async (base, request, inputs) =>
          base !== null && isLarge(base.bytes)
            ? inThread.commit(base, request, inputs)
            : engine.commit(base, request, inputs),
        facts: async (bytes) => (isLarge(bytes) ? inThread.facts(bytes) : engine.facts(bytes)),
      }
    },
    [Symbol.asyncDispose]: close,
  }
}
