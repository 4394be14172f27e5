/** The thread of `engine-pool.ts`: takes tasks one by one and answers each. */
import { parentPort } from 'node:worker_threads'
import { CatalogError } from '#model/errors.ts'
import { type JsonObject, type JsonValue, parseJsonObject } from '#model/json.ts'
import type { Built, CommitRequest, MetadataEngine, TableFacts, ViewFacts } from './engine.ts'
import type { EngineReply, EngineTask } from './engine-pool.ts'
import { tableEngine } from './table.ts'
import { viewEngine } from './view.ts'

/** Items are passed on as they are: the engine checks their shapes, here as there. */
const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] => (Array.isArray(value) ? value : [])

const decodeRequest = (bytes: Uint8Array): CommitRequest => {
  const request = parseJsonObject(bytes, { maxBytes: Number.MAX_SAFE_INTEGER })
  const requirements = request['requirements'] === null ? null : objectsIn(request['requirements'])
  return { requirements, updates: objectsIn(request['updates']) }
}

const engines = { table: tableEngine, view: viewEngine } as const

const runTask = (task: EngineTask): EngineReply => {
  const engine: MetadataEngine<TableFacts | ViewFacts> = engines[task.kind]
  if (task.call === 'facts') return { ok: true, bytes: null, facts: engine.facts(task.document) }
  const base = { bytes: task.document, metadataLocation: task.metadataLocation }
  const built: Built<TableFacts | ViewFacts> = engine.commit(base, decodeRequest(task.request), task.inputs)
  return { ok: true, bytes: built.changed ? built.bytes : null, facts: built.facts }
}

const answer = (task: EngineTask): EngineReply => {
  try {
    return runTask(task)
  } catch (error) {
    if (error instanceof CatalogError)
      return { ok: false, error: null, catalogError: { type: error.type, message: error.message } }
    return { ok: false, error, catalogError: null }
  }
}

/** Buffers that may be handed over: those that the reply alone uses. */
const handedOver = (reply: EngineReply): ArrayBuffer[] => {
  if (!reply.ok || reply.bytes === null) return []
  const { buffer, byteLength } = reply.bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}

parentPort?.on('message', (task: EngineTask) => {
  const reply = answer(task)
  parentPort?.postMessage(reply, handedOver(reply))
})
