/** An export of the audit log: as fast as its client takes it, and as long as there is one. */
import { randomUUID } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { type AuditDeps, createAuditOperations } from '#gateway/operations/management/audit.ts'
import { auditEndpoints } from '#http/management/audit.ts'
import type { AuditRecord } from '#store/audit-search.ts'
import { createMemoryAudit } from '../support/memory-audit.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'

const record = (detail: object = { reason: 'x'.repeat(1000) }): AuditRecord => ({
  ...{ at: new Date(), id: randomUUID(), kind: 'decision', request_id: 'r', operation: 'loadTable' },
  ...{ principal_kind: 'user', principal: 'u', warehouse: null, project: 'default', decision: 'allowed' },
  ...{ status: 200, latency_ms: 1, detail: JSON.stringify(detail), digest: Buffer.alloc(32) },
})

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const start = async (search: AuditDeps['audit']['search']): Promise<MemoryGateway> => {
  const deps = {
    audit: { ...createMemoryAudit(), search },
    ...{ projects: { knows: () => true }, projectId: 'default' },
  }
  const operations = createAuditOperations(deps as unknown as AuditDeps)
  const gateway = await startMemoryGateway({
    faces: [{ base: '/management', endpoints: auditEndpoints(operations) }],
  })
  open.push(gateway)
  return gateway
}

const request = ({ origin }: MemoryGateway, headers = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(`${origin}/management/v1/audit/export`, { headers }, resolve).on('error', reject)
  })

/** Never comes to its end. */
const endless = () => {
  const read = { pages: 0 }
  const search: AuditDeps['audit']['search'] = async (_filter, { limit }) => {
    read.pages += 1
    return {
      records: Array.from({ length: limit }, () => record()),
      next: { at: new Date(), id: randomUUID() },
    }
  }
  return { read, search }
}

const settled = async (count: () => number): Promise<number> => {
  for (let last = -1; ; ) {
    await sleep(150)
    if (count() === last) return last
    last = count()
  }
}

test('waits for a client that does not read, and reads on when it does', { timeout: 40_000 }, async () => {
  const { read, search } = endless()
  const answer = await request(await start(search))
  answer.pause()
  const waiting = await settled(() => read.pages)
  // What lies in the sockets' buffers, and no more.
  expect(waiting).toBeLessThan(60)
  answer.resume()
  await expect.poll(() => read.pages, { timeout: 20_000 }).toBeGreaterThan(waiting + 20)
  answer.destroy()
})

test('ends with its client, and leaves its place to another', async () => {
  const { read, search } = endless()
  const gateway = await start(search)
  const four = await Promise.all([1, 2, 3, 4].map(() => request(gateway)))
  for (const one of four) one.pause()
  const fifth = await request(gateway)
  expect(fifth.statusCode).toBe(429)
  expect(fifth.headers['retry-after']).toBe('5')
  fifth.resume()
  for (const one of four) one.destroy()
  const ended = await settled(() => read.pages)
  await sleep(200)
  expect(read.pages).toBe(ended)
  const next = await request(gateway)
  expect(next.statusCode).toBe(200)
  next.destroy()
})

test('comes compressed where that is asked for, whole lines each', async () => {
  const records = [record({ reason: 'one' }), record({ reason: 'two' })]
  const gateway = await start(async () => ({ records }))
  const answer = await request(gateway, { 'accept-encoding': 'gzip' })
  expect(answer.headers['content-type']).toBe('application/x-ndjson')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const text = gunzipSync(Buffer.concat(chunks)).toString()
  expect(text.split('\n').map((line) => (line === '' ? '' : JSON.parse(line).detail.reason))).toEqual([
    ...['one', 'two', ''],
  ])
})

test('breaks off where the log cannot be read any more: its reader sees that the end is missing', async () => {
  let pages = 0
  const gateway = await start(async () => {
    pages += 1
    if (pages > 1) throw new Error('the database is gone')
    return { records: [record()], next: { at: new Date(), id: randomUUID() } }
  })
  const answer = await request(gateway)
  expect(answer.statusCode).toBe(200)
  await expect(
    (async () => {
      for await (const _ of answer);
    })(),
  ).rejects.toThrow(/aborted|reset|closed/i)
})
