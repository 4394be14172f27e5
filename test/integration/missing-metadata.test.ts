/** A metadata file that was taken away: every load says so, also of a table whose bytes are in memory. */
import { rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../support/gateway.ts'

let gateway: Gateway
let table: string

const send = (url: string, body: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

beforeAll(async () => {
  gateway = await startGateway()
  const prefix = await warehousePrefix(gateway)
  await send(`${prefix}/namespaces`, { namespace: ['lost'] })
  const schema = {
    type: 'struct',
    'schema-id': 0,
    fields: [{ id: 1, name: 'id', required: false, type: 'long' }],
  }
  await send(`${prefix}/namespaces/lost/tables`, { name: 't', schema })
  table = `${prefix}/namespaces/lost/tables/t`
})

afterAll(() => gateway?.discard())

test('a load and a conditional load are 404 while the file is away, and the table is back with it', async () => {
  const before = await fetch(table)
  const tag = before.headers.get('etag') ?? ''
  const body = (await before.json()) as { 'metadata-location': string }
  const location = body['metadata-location']
  const file = fileURLToPath(location)
  await rename(file, `${file}.away`)
  await delay(50)
  for (const headers of [{}, { 'if-none-match': tag }]) {
    const answer = await fetch(table, { headers })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({
      error: {
        type: 'NotFoundException',
        code: 404,
        message: `Failed to open input stream for file: ${location}`,
      },
    })
  }
  await rename(`${file}.away`, file)
  expect((await fetch(table)).status).toBe(200)
  expect((await fetch(table, { headers: { 'if-none-match': tag } })).status).toBe(304)
})
