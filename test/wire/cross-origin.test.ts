/** Web pages of other sites, and proxies in front, on real connections. */
import { afterEach, describe, expect, test } from 'vitest'
import { createCors } from '#http/cors.ts'
import { createForwarding } from '#http/forwarded.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { call } from '../support/wire.ts'

let gateway: MemoryGateway | undefined
afterEach(async () => {
  await gateway?.stop()
  gateway = undefined
})

const start = async (options: MemoryGatewayOptions): Promise<MemoryGateway> => {
  gateway = await startMemoryGateway(options)
  return gateway
}

const page = 'https://console.example'
const authenticator = staticTokenAuthenticator('t')
const token = { authorization: 'Bearer t' }
const edge = { cors: createCors([page]) }

/** `fetch` would not send these as they are. */
const preflight = (at: MemoryGateway, origin: string): Promise<Response> =>
  fetch(`${at.base}/namespaces`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  })

describe('a listed page', () => {
  test('is allowed before it asks, without credentials and without a record', async () => {
    const at = await start({ authenticator, edge })
    const { status, headers } = await preflight(at, page)
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(page)
    expect(headers.get('access-control-allow-methods')).toContain('POST')
    expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
    expect(at.audited).toEqual([])
  })

  test('reads the answer and its headers, refusals among them', async () => {
    const at = await start({ authenticator, edge })
    for (const [sent, status] of [
      [token, 200],
      [{}, 401],
    ] as const) {
      const reply = await call(at, 'GET /namespaces', { headers: { origin: page, ...sent } })
      expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([status, page])
      expect(reply.headers.get('vary')).toContain('Origin')
      const exposed = reply.headers.get('access-control-expose-headers') ?? ''
      for (const name of ['ETag', 'X-Request-Id', 'Lakegate-Partial']) expect(exposed).toContain(name)
    }
  })

  test('reads why a body was refused before it was read', async () => {
    const at = await start({ authenticator, edge })
    const reply = await call(at, 'POST /namespaces', {
      body: { namespace: ['a'] },
      headers: { origin: page },
    })
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([401, page])
  })
})

test.each([
  'https://elsewhere.example',
  'http://console.example',
  'https://console.example:444',
  'https://console.example.evil.example',
  'null',
])('the page %s is told nothing', async (origin) => {
  const at = await start({ authenticator, edge })
  const asked = await preflight(at, origin)
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([401, null])
  const reply = await call(at, 'GET /namespaces', { headers: { origin, ...token } })
  expect(reply.headers.get('access-control-allow-origin')).toBeNull()
  expect(reply.headers.get('vary')).toContain('Origin')
})

test('without a list no page is told anything', async () => {
  const at = await start({ authenticator })
  const { status, headers } = await preflight(at, page)
  expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
    401,
    null,
    'Accept-Encoding',
  ])
})

test('in development mode a listed page of another site is refused as before', async () => {
  const at = await start({ edge })
  expect((await call(at, 'GET /namespaces', { headers: { origin: page } })).status).toBe(403)
})

test.each(['*', 'console.example', 'https://console.example/', 'https://*.example'])(
  '%s is no origin',
  (origin) => {
    expect(() => createCors([origin])).toThrow(/cors/)
  },
)

describe('the address on record', () => {
  const headers = { 'x-forwarded-for': '203.0.113.7', 'x-request-id': 'from-1' }
  const recorded = (at: MemoryGateway) =>
    at.audited.find(({ requestId }) => requestId === 'from-1')?.sender?.address
  const behind = (trustedProxies: readonly string[]) => ({
    forwarding: createForwarding({ trustedProxies, headers: null, publicUrl: null }),
  })

  test('is the client’s behind a trusted proxy', async () => {
    const at = await start({ edge: behind(['127.0.0.0/8']) })
    await call(at, 'GET /namespaces', { headers })
    expect(recorded(at)).toBe('203.0.113.7')
  })

  test('is the connection’s where the sender is not trusted', async () => {
    const at = await start({ edge: behind(['10.0.0.0/8']) })
    await call(at, 'GET /namespaces', { headers })
    expect(recorded(at)).toMatch(/127\.0\.0\.1$/)
  })

  test('does not let a forwarded host past the check of development mode', async () => {
    const at = await start({ edge: behind(['127.0.0.0/8']) })
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const forged = { host: 'evil.example', 'x-forwarded-host': 'localhost' }
      request(`${at.base}/namespaces`, { headers: forged }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })
})
