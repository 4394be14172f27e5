/** An upstream that takes its time over a look: what is granted then is granted by who may grant it then. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../../support/gateway.ts'
import { type Granting, openGranting } from '../../support/granting.ts'
import type { Ask } from '../../support/tenants.ts'
import { newTable } from '../../support/wire.ts'

let granting: Granting
let inner: Gateway
let between: Server
/** What requests for the table wait for, and are counted by. */
let patience: Promise<unknown> = Promise.resolve()
let looks = 0

const listen = async (): Promise<string> => {
  between = createServer((request, response) => {
    const forward = async (): Promise<void> => {
      if (/\/tables\/orders(\?|$)/.test(request.url ?? '')) {
        looks += 1
        await patience
      }
      const answer = await fetch(`${inner.origin}${request.url}`, { method: request.method ?? 'GET' })
      const body = Buffer.from(await answer.arrayBuffer())
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body)
    }
    forward().catch(() => response.destroy())
  })
  between.listen(0, '127.0.0.1')
  await once(between, 'listening')
  const { port } = between.address() as AddressInfo
  return `http://127.0.0.1:${port}${new URL(inner.catalog).pathname}`
}

const atUpstream = async (path: string, body: object): Promise<void> => {
  const headers = { 'content-type': 'application/json' }
  const upstream = await warehousePrefix(inner)
  const answer = await fetch(`${upstream}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}

beforeAll(async () => {
  ;[granting, inner] = await Promise.all([openGranting(), startGateway()])
  await atUpstream('/namespaces', { namespace: ['sales'] })
  await atUpstream('/namespaces/sales/tables', newTable('orders'))
  const { 'connection-id': connection } = await granting.create('POST /connection', {
    ...{ 'connection-name': 'slow', kind: 'iceberg-rest' },
    config: { uri: await listen(), warehouse: 'default', auth: { kind: 'none' } },
  })
  const mount = { namespace: ['slow'], 'connection-id': connection }
  await granting.create(`POST /warehouse/${granting.warehouse}/mount`, mount)
}, 120_000)
afterAll(async () => {
  await granting?.[Symbol.asyncDispose]()
  between?.close()
  await inner?.discard()
})

test('a right that is taken during the look gives nothing', async () => {
  const object = { kind: 'table', namespace: ['slow', 'sales'], name: 'orders' }
  const { id } = await granting.create(`POST /warehouse/${granting.warehouse}/objects`, object)
  const path = `warehouse/${granting.warehouse}/table/${id}`
  const bob: Ask = { as: 'bob', project: 'east' }
  const managing = [{ type: 'manage_grants', user: 'oidc~bob' }]
  expect((await granting.give(path, managing)).status).toBe(204)
  expect((await granting.give(path, [{ type: 'describe', user: 'oidc~cleo' }], bob)).status).toBe(204)
  const { promise, resolve: release } = Promise.withResolvers<void>()
  patience = promise
  const before = looks
  const giving = granting.give(path, [{ type: 'select', user: 'oidc~cleo' }], bob)
  await expect.poll(() => looks, { timeout: 20_000 }).toBeGreaterThan(before)
  expect((await granting.take(path, managing)).status).toBe(204)
  release()
  expect((await giving).status).toBe(403)
  expect(await granting.shown(path)).not.toContainEqual({ type: 'select', user: 'oidc~cleo' })
})
