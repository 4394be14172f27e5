import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { call, exchange, fill, wireText } from '../support/wire.ts'

let gateway: MemoryGateway
beforeEach(async () => {
  gateway = await startMemoryGateway()
  await fill(gateway)
})
afterEach(() => gateway.stop())

const perRequest = /^(X-Request-Id|Date): .*\r\n/gim
const headOf = (text: string): string => (text.split('\r\n\r\n')[0] ?? '').replace(perRequest, '')
const pathOf = (path: string): string =>
  new URL(gateway.base + path).pathname + new URL(gateway.base + path).search

const pages = ['/namespaces', '/namespaces/a/tables', '/namespaces?pageSize=0']

test.each(pages)('HEAD %s has the headers of its GET, the length among them, and no body', async (path) => {
  const get = await exchange(gateway.port, wireText(`GET ${pathOf(path)}`))
  const head = await exchange(gateway.port, wireText(`HEAD ${pathOf(path)}`))
  expect(headOf(head)).toBe(headOf(get))
  expect(headOf(head)).toMatch(/^Content-Length: [1-9]/m)
  expect(head.endsWith('\r\n\r\n')).toBe(true)
})

test('a HEAD that would be compressed says so, and leaves the length open', async () => {
  const config = new URL(`${gateway.origin}/catalog/v1/config`).pathname
  const accept = ['Accept-Encoding: gzip']
  const head = headOf(await exchange(gateway.port, wireText(`HEAD ${config}`, accept)))
  expect(head).toMatch(/^Content-Encoding: gzip/m)
  expect(head).not.toMatch(/^Content-Length/m)
})

test('what is no HTTP is answered with a request id, in the header and in the error', async () => {
  const text = await exchange(gateway.port, 'NONSENSE / HTTP/1.1\r\n\r\n')
  const [, id] = /^X-Request-Id: (\S+)\r$/m.exec(text) ?? []
  const body = JSON.parse(text.split('\r\n\r\n')[1] ?? '')
  expect(body).toMatchObject({ error: { code: 400, 'request-id': id } })
})

test('a body of another media type is an audited refusal of the operation', async () => {
  const headers = { 'content-type': 'text/plain', 'x-request-id': 'media-1' }
  const reply = await call(gateway, 'POST /namespaces', { body: { namespace: ['b'] }, headers })
  expect(reply.status).toBe(415)
  const [entry, ...more] = gateway.audited.filter(({ requestId }) => requestId === 'media-1')
  expect(entry).toMatchObject({ operation: 'createNamespace', decision: 'failed', status: 415 })
  expect(more).toEqual([])
})

test('who is not known is told how to come back', async () => {
  const closed = await startMemoryGateway({ authenticator: staticTokenAuthenticator('t') })
  try {
    const reply = await call(closed, 'GET /namespaces')
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  } finally {
    await closed.stop()
  }
})

test('a web page that is turned away is recorded as denied', async () => {
  const headers = { 'x-request-id': 'page-1', origin: 'https://elsewhere.example' }
  expect((await call(gateway, 'GET /namespaces', { headers })).status).toBe(403)
  const entries = gateway.audited.filter(({ requestId }) => requestId === 'page-1')
  expect(entries).toMatchObject([{ operation: 'listNamespaces', decision: 'denied', status: 403 }])
})

test('where a request came from is on record, whether it was allowed or not', async () => {
  const headers = { 'x-request-id': 'from-1', 'user-agent': `spark/4.0 ${'x'.repeat(1000)}` }
  await call(gateway, 'GET /namespaces', { headers })
  await call(gateway, 'GET /namespaces/missing', { headers })
  const entries = gateway.audited.filter(({ requestId }) => requestId === 'from-1')
  expect(entries).toHaveLength(2)
  for (const { sender } of entries) {
    expect(sender?.address).toMatch(/127\.0\.0\.1$/)
    expect(sender?.agent).toMatch(/^spark\/4\.0 x+$/)
    expect(sender?.agent?.length).toBeLessThanOrEqual(256)
  }
})

test('work given up because its client left is recorded, and no error in the log', async () => {
  const local = createMemoryCatalog()
  const load: typeof local.namespaces.load = ({ signal }) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  const waiting = await startMemoryGateway({ local: { ...local, namespaces: { ...local.namespaces, load } } })
  try {
    const leave = new AbortController()
    const headers = { 'x-request-id': 'left-1' }
    const asked = fetch(`${waiting.base}/namespaces/a`, { signal: leave.signal, headers })
    setTimeout(() => leave.abort(), 50)
    await expect(asked).rejects.toThrow()
    await expect
      .poll(() => waiting.audited.find(({ requestId }) => requestId === 'left-1'))
      .toMatchObject({ status: 408, errorType: 'RequestTimeoutException' })
    expect(waiting.logged).toEqual([])
  } finally {
    await waiting.stop()
  }
})
