import { afterEach, describe, expect, test, vi } from 'vitest'
import { createEnginePool, type EnginePool, type EnginePoolOptions } from '#iceberg/engine-pool.ts'
import { tableEngine } from '#iceberg/table.ts'
import { viewEngine } from '#iceberg/view.ts'
import {
  addSnapshot,
  baseFile,
  commit,
  documentV2,
  first,
  json,
  now,
  second,
  setRef,
  text,
  uuid,
} from './table-fixtures.ts'

// Threads start slowly on a machine that does other work as well.
vi.setConfig({ testTimeout: 60_000 })

const pools: EnginePool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]()
})

const open = (options: EnginePoolOptions = {}): EnginePool => {
  const pool = createEnginePool({ inlineBelowBytes: 0, ...options })
  pools.push(pool)
  return pool
}

const base = { bytes: Buffer.from(documentV2), metadataLocation: baseFile }
const request = (...updates: unknown[]) => ({ requirements: null, updates: updates.map(json) })
const append = [addSnapshot(second, { 'parent-snapshot-id': first, 'x-cost': '1.0' }), setRef('main', second)]

describe('an engine over threads', () => {
  test('gives what the engine itself gives, byte for byte', async () => {
    const engine = open().of('table', tableEngine)
    const built = await engine.commit(base, request(...append), { now })
    const inline = commit(append)
    expect(text(built)).toBe(text(inline))
    expect(built).toEqual({ ...inline, bytes: built.bytes })
    expect(await engine.facts(base.bytes)).toEqual(tableEngine.facts(base.bytes))
  })

  test('leaves the caller its bytes', async () => {
    const engine = open().of('table', tableEngine)
    const unchanged = await engine.commit(base, request(), { now })
    expect(unchanged).toMatchObject({ changed: false })
    expect(unchanged.bytes).toBe(base.bytes)
    expect(base.bytes.toString()).toBe(documentV2)
  })

  test('refuses with the same error', async () => {
    const engine = open().of('table', tableEngine)
    await expect(engine.commit(base, request(setRef('dev', 5)), { now })).rejects.toMatchObject({
      name: 'CatalogError',
      type: 'ValidationException',
      message: 'Cannot set dev to unknown snapshot: 5',
    })
    await expect(engine.facts(Buffer.from('<html>'))).rejects.toMatchObject({ type: 'ValidationException' })
  })

  test('names of properties that JavaScript knows find nothing', async () => {
    const { properties } = await open().of('table', tableEngine).facts(base.bytes)
    expect(properties['constructor']).toBeUndefined()
  })

  test('works on many documents with few threads', async () => {
    const engine = open({ threads: 2 }).of('table', tableEngine)
    const names = Array.from({ length: 20 }, (_, i) => `b${i}`)
    const builds = await Promise.all(
      names.map((name) => engine.commit(base, request(setRef(name, first)), { now })),
    )
    expect(builds.map((built) => Object.keys(built.facts.refs))).toEqual(names.map((name) => ['main', name]))
  })

  test('takes views as well', async () => {
    const view = viewEngine.create(
      json({
        name: 'v',
        schema: { type: 'struct', fields: [] },
        properties: {},
        'view-version': {
          'version-id': 1,
          'timestamp-ms': 1,
          'schema-id': 0,
          summary: {},
          representations: [{ type: 'sql', sql: 'select 1', dialect: 'x' }],
          'default-namespace': ['ns'],
        },
      }),
      { now, uuid, location: 's3://b/v' },
    )
    expect(await open().of('view', viewEngine).facts(view.bytes)).toEqual(view.facts)
  })
})

test('a thread that has ended for want of work is replaced', async () => {
  const engine = open({ idleMs: 0, threads: 1 }).of('table', tableEngine)
  for (let i = 0; i < 3; i++) {
    expect((await engine.facts(base.bytes)).uuid).toBe(uuid)
    await new Promise((resolve) => setTimeout(resolve, 5 * i))
  }
})

describe('a thread that dies', () => {
  /** Answers every second task; dies of the others. */
  const entry = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      parentPort.on('message', (task) => {
        if (task.document.byteLength % 2 === 1) process.exit(3)
        parentPort.postMessage({ ok: true, bytes: null, facts: { length: task.document.byteLength } })
      })`)}`,
  )

  test('fails its own call and no other', async () => {
    const engine = open({ entry, threads: 1 }).of('table', tableEngine)
    const answers = await Promise.allSettled(
      [1, 2, 3, 4].map((length) => engine.facts(new Uint8Array(length))),
    )
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(answers[0]).toMatchObject({ reason: { message: 'metadata thread ended with code 3' } })
  })

  test('when the pool is closed: what waits and what comes later fails at once', async () => {
    const pool = createEnginePool({ entry, threads: 1, inlineBelowBytes: 0 })
    const engine = pool.of('table', tableEngine)
    const calls = [2, 4, 6].map((length) => engine.facts(new Uint8Array(length)))
    const settled = Promise.allSettled(calls)
    await pool[Symbol.asyncDispose]()
    expect((await settled).at(-1)).toMatchObject({ reason: { message: 'the metadata threads are closed' } })
    await expect(engine.facts(new Uint8Array(2))).rejects.toThrow('the metadata threads are closed')
  })
})

test('small documents need no thread', async () => {
  const entry = new URL('data:text/javascript,process.exit(9)')
  const engine = open({ entry, inlineBelowBytes: 1 << 20 }).of('table', tableEngine)
  expect(text(await engine.commit(base, request(...append), { now }))).toBe(text(commit(append)))
})
