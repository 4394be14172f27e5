import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type UpstreamRequest, UpstreamUnreachable } from '../../../src/catalog/connector.ts'
import { openGuardedFetch } from '../../../src/catalog/egress.ts'
import { createEgressPolicy } from '../../../src/catalog/egress-policy.ts'

const open: AsyncDisposable[] = []
const servers: Server[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  for (const server of servers.splice(0)) server.close()
})

interface Scripted {
  readonly port: number
  /** Connections made so far. */
  readonly connections: () => number
  readonly received: () => string
}

/** A server that runs `answer` once the head of a request has come. */
const startScripted = async (answer: (socket: Socket) => void): Promise<Scripted> => {
  let connections = 0
  let received = ''
  const server = createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    socket.on('data', (data) => {
      received += data.toString('latin1')
      if (data.includes('\r\n\r\n')) answer(socket)
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return { port: address.port, connections: () => connections, received: () => received }
}

const fetchWith = (loopback: boolean, more: { readonly maxHeldBytes?: number } = {}) => {
  const opened = openGuardedFetch({
    ...more,
    policy: createEgressPolicy({ allow: [], loopback }),
    connectTimeoutMs: 2000,
  })
  open.push(opened)
  return opened.fetch
}

const get = (url: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'GET',
  url,
  headers: {},
  maxBytes: 1_000_000,
  timeoutMs: 5000,
  ...more,
})

const failureOf = async (promise: Promise<unknown>): Promise<UpstreamUnreachable> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof UpstreamUnreachable))
    throw new Error('it did not fail as unreachable', { cause: error })
  return error
}

describe('guarded fetch', () => {
  it('returns status, headers and body, and keeps connections for the next requests', async () => {
    const server = await startScripted((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 5\r\n\r\nhello'),
    )
    const fetch = fetchWith(true)
    for (let i = 0; i < 20; i += 1) {
      const answer = await fetch(get(`http://127.0.0.1:${server.port}/x`))
      expect(answer.status).toBe(200)
      expect(answer.headers['etag']).toBe('"a"')
      expect(Buffer.from(answer.body).toString()).toBe('hello')
    }
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  it('connects to no refused address, literal or resolved, and says that nothing was sent', async () => {
    const server = await startScripted((socket) => socket.end())
    const fetch = fetchWith(false)
    for (const host of [
      '127.0.0.1',
      'localhost',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '[::1]',
      '2130706433',
    ]) {
      const error = await failureOf(fetch(get(`http://${host}:${server.port}/`)))
      expect(error.sent).toBe(false)
      expect(error.message).toBe('the address is not allowed by the egress policy')
    }
    expect(server.connections()).toBe(0)
  })

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'http://user:secret@127.0.0.1/', 'nonsense'])(
    'refuses %s before anything is sent',
    async (url) => {
      const error = await failureOf(fetchWith(true)(get(url)))
      expect(error.sent).toBe(false)
      expect(error.message).not.toContain('secret')
    },
  )

  it('hands a redirect back instead of following it', async () => {
    const server = await startScripted((socket) =>
      socket.write('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
    )
    const answer = await fetchWith(true)(get(`http://127.0.0.1:${server.port}/`))
    expect(answer.status).toBe(302)
    expect(server.connections()).toBe(1)
  })

  it('reads no further than the limit of an endless body', async () => {
    let written = 0
    const server = await startScripted((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
      const block = Buffer.alloc(65_536, 'x')
      const push = (): void => {
        while (!socket.destroyed && socket.write(block)) written += block.length
      }
      socket.on('drain', push)
      push()
    })
    const error = await failureOf(
      fetchWith(true)(get(`http://127.0.0.1:${server.port}/`, { maxBytes: 300_000 })),
    )
    expect(error.sent).toBe(true)
    expect(error.message).toBe('the answer is larger than 300000 bytes')
    expect(written).toBeLessThan(50_000_000)
  })

  it('refuses an announced length beyond the limit without reading it', async () => {
    const server = await startScripted((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n'),
    )
    const error = await failureOf(fetchWith(true)(get(`http://127.0.0.1:${server.port}/`)))
    expect(error.message).toContain('larger than')
  })

  it('gives up on silence after its time, and cannot say that nothing was sent', async () => {
    const server = await startScripted(() => {})
    const error = await failureOf(
      fetchWith(true)(get(`http://127.0.0.1:${server.port}/`, { timeoutMs: 200 })),
    )
    expect(error.sent).toBe(true)
    expect(error.message).toBe('no answer within 200 ms')
  })

  it('gives up when the caller does', async () => {
    const caller = new AbortController()
    const server = await startScripted(() => caller.abort())
    const error = await failureOf(
      fetchWith(true)(get(`http://127.0.0.1:${server.port}/`, { signal: caller.signal })),
    )
    expect(error.sent).toBe(true)
  })

  it('knows that a refused connection sent nothing', async () => {
    const error = await failureOf(fetchWith(true)(get('http://127.0.0.1:1/', { method: 'POST', body: 'x' })))
    expect(error.sent).toBe(false)
    expect(error.message).toBe('no connection could be made')
  })

  it('knows that a connection cut before the answer may have been enough', async () => {
    const server = await startScripted((socket) => socket.destroy())
    const error = await failureOf(
      fetchWith(true)(get(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })),
    )
    expect(error.sent).toBe(true)
  })

  it('says that a request was not sent that waited for a connection until its time was over', async () => {
    const server = await startScripted(() => {})
    const opened = openGuardedFetch({
      policy: createEgressPolicy({ allow: [], loopback: true }),
      connections: 1,
    })
    open.push(opened)
    const url = `http://127.0.0.1:${server.port}/`
    const first = failureOf(opened.fetch(get(url, { timeoutMs: 1000 })))
    const second = failureOf(opened.fetch(get(url, { timeoutMs: 200, method: 'POST', body: 'never' })))
    expect((await second).sent).toBe(false)
    expect((await first).sent).toBe(true)
    expect(server.received()).not.toContain('never')
  })

  it('treats an answer that is not HTTP as sent and lost', async () => {
    const server = await startScripted((socket) => socket.end('SSH-2.0-nothing\r\n'))
    const error = await failureOf(fetchWith(true)(get(`http://127.0.0.1:${server.port}/`)))
    expect(error.sent).toBe(true)
    expect(error.message).toBe('the connection was lost or broke the protocol')
  })
})

describe('answers that come together', () => {
  it('may not take more than all of them are given, and give it back when they end', async () => {
    const body = 'x'.repeat(60_000)
    const pending: Socket[] = []
    const { port } = await startScripted((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length + 1}\r\n\r\n${body}`)
      pending.push(socket)
    })
    const fetch = fetchWith(true, { maxHeldBytes: 130_000 })
    const ask = () => fetch(get(`http://127.0.0.1:${port}/`))
    const three = Promise.allSettled([ask(), ask(), ask()])
    const refused = await Promise.race([
      three.then(() => 'all ended'),
      (async () => {
        while (!pending.some((socket) => socket.destroyed)) await new Promise((next) => setImmediate(next))
        return 'one was cut'
      })(),
    ])
    expect(refused).toBe('one was cut')
    for (const socket of pending) socket.write('x')
    const ends = await three
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    const [failed] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(failed).toMatchObject({
      sent: true,
      message: 'too many bytes of its answers are on their way at once',
    })
    const again = Promise.all([ask(), ask()])
    while (pending.length < 5) await new Promise((next) => setImmediate(next))
    for (const socket of pending.slice(3)) socket.write('x')
    expect((await again).map((answer) => answer.body.byteLength)).toEqual([60_001, 60_001])
  })
})

describe('an address that an upstream named', () => {
  it('is not reached where only the allow-list would let it be, by number or by name', async () => {
    const { port, connections } = await startScripted((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    )
    const opened = openGuardedFetch({
      policy: createEgressPolicy({ allow: ['127.0.0.0/8', '::1'], loopback: false }),
    })
    open.push(opened)
    const url = `http://127.0.0.1:${port}/`
    expect((await opened.fetch(get(url))).status).toBe(200)
    for (const foreign of [url, `http://localhost:${port}/`])
      await expect(opened.fetch(get(foreign, { foreign: true }))).rejects.toMatchObject({
        sent: false,
        message: 'the address is not allowed by the egress policy',
      })
    expect(connections()).toBe(1)
  })
})
