/** A decision point beside the gateway that has to allow as well: a real server, which says what it is told to. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'

interface Check {
  readonly action: string
  readonly resource: { readonly kind: string; readonly namespace?: readonly string[]; readonly name?: string }
}

interface Asked {
  readonly authorization: string | undefined
  readonly input: {
    readonly principal: { readonly kind: string; readonly id: string }
    readonly checks: readonly Check[]
    readonly context: { readonly operation: string; readonly address?: string }
  }
}

const token = 'token-of-the-decision-point'
const asked: Asked[] = []
/** Status and body of what is answered. */
let answers: (one: Asked) => readonly [number, string]

const point: Server = createServer(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { input } = JSON.parse(Buffer.concat(parts).toString()) as Asked
  const one = { authorization: request.headers.authorization, input }
  asked.push(one)
  const [status, body] = answers(one)
  if (status > 0)
    response.writeHead(status, { 'content-type': 'application/json', location: '/else' }).end(body)
})

const each =
  (allows: (check: Check, who: string) => boolean) =>
  ({ input }: Asked): readonly [number, string] => [
    200,
    JSON.stringify({ result: input.checks.map((check) => allows(check, input.principal.id)) }),
  ]

let lake: Lake
beforeAll(async () => {
  answers = each(() => true)
  await new Promise<void>((done) => point.listen(0, '127.0.0.1', done))
  const { port } = point.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/v1/data/lakegate/allow`
  lake = await openLake(
    ['alice', 'bob'],
    { policy: { external: { url, token: 'env:DECISION_TOKEN', 'timeout-ms': 500 } } },
    { DECISION_TOKEN: token },
  )
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  await lake.makeTable(['sales'], 'orders')
  await lake.makeTable(['sales'], 'returns')
  await lake.grant(await lake.pathOf({ kind: 'namespace', namespace: ['sales'] }), 'select', 'alice')
}, 120_000)
afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
  point.closeAllConnections()
  point.close()
})
beforeEach(() => {
  asked.length = 0
  answers = each(() => true)
})

const orders = '/namespaces/sales/tables/orders'
const load = (as = 'alice') => lake.ask(`GET ${orders}`, { as })

describe('an external decision point', () => {
  test('is told who asks for what, by its token, after grants have allowed it', async () => {
    expect((await load()).status).toBe(200)
    expect(asked[0]).toMatchObject({
      authorization: `Bearer ${token}`,
      input: {
        principal: { kind: 'user', id: 'oidc~alice' },
        checks: [{ action: 'describe', resource: { kind: 'table', namespace: ['sales'], name: 'orders' } }],
        context: { operation: 'loadTable', address: '127.0.0.1', delegation: [] },
      },
    })
  })

  test('takes away, and gives nothing', async () => {
    answers = each(({ resource }) => resource.name !== 'orders')
    expect((await load()).status).toBe(404)
    asked.length = 0
    expect((await load('bob')).status).toBe(404)
    expect(asked).toEqual([])
  })

  test('shows what may be seen and not be changed as forbidden', async () => {
    await lake.grant(
      await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'returns' }),
      'modify',
      'alice',
    )
    answers = each(({ action }) => action !== 'drop')
    expect((await lake.ask('DELETE /namespaces/sales/tables/returns', { as: 'alice' })).status).toBe(403)
  })

  test('filters listings, also where everything in it has been granted', async () => {
    expect(await lake.names('GET /namespaces/sales/tables', { as: 'alice' })).toEqual(['orders', 'returns'])
    answers = each(({ resource }) => resource.name !== 'orders')
    expect(await lake.names('GET /namespaces/sales/tables', { as: 'alice' })).toEqual(['returns'])
  })

  test('is asked anew each time, so that its change is in force at once', async () => {
    expect((await load()).status).toBe(200)
    answers = each(() => false)
    expect((await load()).status).toBe(404)
  })

  test('does not lock out the token of the configuration', async () => {
    answers = () => [500, '']
    expect((await lake.ask(`GET ${orders}`)).status).toBe(200)
    expect(asked).toEqual([])
  })
})

describe('nothing is allowed, and 503 says so, where it', () => {
  test.each<readonly [string, readonly [number, string]]>([
    ['fails', [500, '{"result":true}']],
    ['says no word', [0, '']],
    ['points elsewhere', [307, '{"result":true}']],
    ['has no such policy', [200, '{}']],
    ['answers null', [200, 'null']],
    ['answers in other words', [200, '{"result":"true"}']],
    ['answers too few checks', [200, '{"result":[]}']],
    ['answers numbers', [200, '{"result":[1]}']],
    ['answers no JSON', [200, 'true, perhaps']],
    ['answers too much', [200, `{"result":true,"more":"${'x'.repeat(1_100_000)}"}`]],
  ])('%s', async (_, answer) => {
    answers = () => answer
    const { status, text } = await load()
    expect([status, json<{ error: { type: string } }>({ text }).error.type]).toEqual([
      503,
      'ServiceUnavailableException',
    ])
    expect((await lake.ask('GET /namespaces/sales/tables', { as: 'alice' })).status).toBe(503)
  })

  test('is silent, as the record says', async () => {
    answers = () => [500, '']
    const { headers } = await load()
    const find = async () =>
      json<{ entries: object[] }>(
        await lake.ask(`GET /management/v1/audit?requestId=${headers.get('x-request-id')}`),
      ).entries
    const reason = expect.stringContaining('the external decision point has given no answer')
    await expect.poll(find, { timeout: 20_000 }).toMatchObject([{ status: 503, detail: { reason } }])
  })

  test('one word speaks for all checks', async () => {
    answers = () => [200, '{"result":true}']
    expect((await load()).status).toBe(200)
    answers = () => [200, '{"result":false}']
    expect((await load()).status).toBe(404)
  })
})
