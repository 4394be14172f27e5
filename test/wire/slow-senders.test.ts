/** Clients that never finish what they send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { call, fill } from '../support/wire.ts'

const gateways: MemoryGateway[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const gateway of gateways.splice(0)) await gateway.stop()
})

const start = async (limits: Parameters<typeof startMemoryGateway>[0]): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(limits)
  gateways.push(gateway)
  await fill(gateway)
  return gateway
}

/** One byte of a long body, and then nothing. */
const sendHalf = async ({ port, base }: MemoryGateway): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  const path = new URL(`${base}/namespaces`).pathname
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  )
  return socket
}

test('take no place from those who have something to say', async () => {
  const gateway = await start({ limits: { maxInFlight: 1 } })
  for (let i = 0; i < 5; i += 1) await sendHalf(gateway)
  expect((await call(gateway, 'GET /namespaces/a')).status).toBe(200)
  const change = await call(gateway, 'POST /namespaces', { body: { namespace: ['b'], properties: {} } })
  expect(change.status).toBe(200)
})

test('are told to slow down where there are too many of them, and reads go on', async () => {
  const gateway = await start({ limits: { maxArriving: 1 } })
  await sendHalf(gateway)
  const second = await sendHalf(gateway)
  const [answer] = await once(second, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 429 /)
  expect((await call(gateway, 'GET /namespaces/a')).status).toBe(200)
})

test('do not keep a server from stopping', async () => {
  const gateway = await startMemoryGateway()
  await sendHalf(gateway)
  await gateway.server.stop(600_000)
  await expect(call(gateway, 'GET /namespaces')).rejects.toThrow()
})

test('more connections than allowed are closed at once, and counted', async () => {
  const gateway = await start({ limits: { maxConnections: 3 } })
  const one = connect(gateway.port, '127.0.0.1')
  const held = [one, ...Array.from({ length: 9 }, () => connect(gateway.port, '127.0.0.1'))]
  for (const socket of held) sockets.push(socket.on('error', () => {}))
  await expect.poll(() => held.filter((socket) => socket.closed).length).toBeGreaterThanOrEqual(7)
  await expect
    .poll(() => gateway.audited.map(({ reason }) => reason).join())
    .toContain('Too many connections')
})
