/** Request bodies: nothing of them is read before their sender is known, and not more than fits. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { call, exchange, wireText } from '../support/wire.ts'

const gateways: MemoryGateway[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const gateway of gateways.splice(0)) await gateway.stop()
})

const start = async (options: MemoryGatewayOptions = {}): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  gateways.push(gateway)
  return gateway
}
const startClosed = () => start({ authenticator: staticTokenAuthenticator('t') })

const open = async ({ port }: MemoryGateway, text: string): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {}).setEncoding('utf8')
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const heard = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0])

const post = ({ base }: MemoryGateway, headers: readonly string[]): string =>
  [
    `POST ${new URL(base).pathname}/namespaces HTTP/1.1`,
    ...['Host: localhost', 'Content-Type: application/json', ...headers],
    ...['', ''],
  ].join('\r\n')

const createB = JSON.stringify({ namespace: ['b'], properties: {} })
const chunked = (pieces: Iterable<string>): string =>
  [...pieces].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')

describe('a stranger', () => {
  test('is refused on the headers alone, and the connection ends', async () => {
    const gateway = await startClosed()
    const socket = await open(gateway, post(gateway, ['Content-Length: 10000000']))
    const answer = await heard(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).toMatch(/^Connection: close\r$/m)
    expect(gateway.audited).toMatchObject([{ operation: 'createNamespace', status: 401 }])
  })

  test('is not asked for a body that waits to be asked for', async () => {
    const gateway = await startClosed()
    const text = await exchange(gateway.port, post(gateway, ['Content-Length: 9', 'Expect: 100-continue']))
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('who writes everything before reading still sees why it was refused', async () => {
    const gateway = await startClosed()
    const whole = post(gateway, ['Content-Length: 8000000']) + ' '.repeat(8_000_000)
    expect(await exchange(gateway.port, whole)).toMatch(/^HTTP\/1\.1 401 .*"code":401/s)
  })

  test('gets one answer, also when what follows is no HTTP', async () => {
    const gateway = await startClosed()
    const text = await exchange(
      gateway.port,
      `${post(gateway, ['Transfer-Encoding: chunked'])}5\r\nhello\r\nNONSENSE\r\n`,
    )
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
  })

  test('gets nothing served that stands behind the body that was not read', async () => {
    const gateway = await startClosed()
    const behind = wireText('GET /catalog/v1/config', ['Authorization: Bearer t'])
    const text = await exchange(gateway.port, `${post(gateway, ['Content-Length: 5'])}hello${behind}`)
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(gateway.audited).toHaveLength(1)
  })
})

describe('a body', () => {
  test('that waits to be asked for is asked for, once its sender is known', async () => {
    const gateway = await start()
    const headers = [`Content-Length: ${createB.length}`, 'Expect: 100-continue', 'Connection: close']
    const socket = await open(gateway, post(gateway, headers))
    expect(await heard(socket)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(createB)
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('in pieces of a byte is the same body', async () => {
    const gateway = await start()
    const socket = await open(gateway, post(gateway, [`Content-Length: ${createB.length}`]))
    for (const byte of createB) await new Promise((done) => socket.write(byte, done))
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 /)
    const pieces = `${post(gateway, ['Transfer-Encoding: chunked'])}${chunked(createB.replace('"b"', '"c"'))}0\r\n\r\n`
    expect(await heard(await open(gateway, pieces))).toMatch(/^HTTP\/1\.1 200 .*\["c"\]/s)
  })

  test.each([
    ['announced', ['Content-Length: 5000'], ''],
    ['in chunks', ['Transfer-Encoding: chunked'], chunked(['x'.repeat(3000), 'x'.repeat(2000)])],
  ])('beyond the limit, %s, is refused before its end', async (_, headers, body) => {
    const gateway = await start({ limits: { maxBodyBytes: 4096 } })
    const answer = await heard(await open(gateway, post(gateway, headers) + body))
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*^Connection: close\r$.*PayloadTooLargeException/ms)
    expect(gateway.audited).toMatchObject([{ operation: 'createNamespace', status: 413 }])
  })

  test('that only names things and sets properties is short; a table may carry a history', async () => {
    const gateway = await start()
    const properties = { long: 'x'.repeat(1_100_000) }
    const namespace = { body: { namespace: ['b'], properties } }
    expect((await call(gateway, 'POST /namespaces', namespace)).status).toBe(413)
    expect((await call(gateway, 'GET /namespaces/b')).status).toBe(404)
    await call(gateway, 'POST /namespaces', { body: { namespace: ['a'], properties: {} } })
    const table = { name: 't', schema: { type: 'struct', fields: [] }, properties }
    expect((await call(gateway, 'POST /namespaces/a/tables', { body: table })).status).not.toBe(413)
  })

  test('whose sender leaves half-way is on record, and no error in the log', async () => {
    const gateway = await start()
    const socket = await open(gateway, `${post(gateway, ['Content-Length: 1000'])}{`)
    socket.destroy()
    await expect.poll(() => gateway.audited).toMatchObject([{ operation: 'createNamespace', status: 408 }])
    expect(gateway.logged).toEqual([])
  })
})

describe('the budget of all bodies', () => {
  test('is taken by what is announced, and told to who comes later, until it is free again', async () => {
    const gateway = await start({ limits: { maxBodiesBytes: 1000 } })
    const first = await open(gateway, post(gateway, ['Content-Length: 900']))
    const refused = async () =>
      (await call(gateway, 'POST /namespaces', { body: createB.padEnd(200) })).status
    await expect.poll(refused).toBe(429)
    first.destroy()
    await expect.poll(refused).toBe(200)
  })

  test('is taken by chunks as they come', async () => {
    const gateway = await start({ limits: { maxBodiesBytes: 100_000 } })
    const socket = await open(gateway, post(gateway, ['Transfer-Encoding: chunked']))
    socket.write(chunked(['x'.repeat(50_000)]))
    socket.write(chunked(['x'.repeat(60_000)]))
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 429 .*^Retry-After: 1\r$/ms)
    expect((await call(gateway, 'POST /namespaces', { body: createB })).status).toBe(200)
  })

  test('is given back by each request, however it ends', async () => {
    const gateway = await start({ limits: { maxBodiesBytes: 1000 } })
    for (let i = 0; i < 20; i += 1) {
      const body = i % 2 === 0 ? '{'.padEnd(400) : JSON.stringify({ namespace: [`n${i}`] })
      expect((await call(gateway, 'POST /namespaces', { body })).status).toBe(i % 2 === 0 ? 400 : 200)
    }
  })
})
