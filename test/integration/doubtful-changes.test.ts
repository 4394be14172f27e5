import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../support/gateway.ts'
import {
  answerError,
  byMethod,
  cutAfter,
  type HostileUpstream,
  startHostileUpstream,
} from '../support/hostile-upstream.ts'
import { answerTable } from '../support/relay-bench.ts'

let upstream: HostileUpstream
let gateway: Gateway

beforeAll(async () => {
  upstream = await startHostileUpstream()
  gateway = await startGateway({
    state: {
      connections: [{ name: 'up', kind: 'iceberg-rest', uri: upstream.uri, auth: { kind: 'none' } }],
      warehouses: [
        {
          name: 'default',
          location: 'file:///tmp/lakegate-doubtful-lake',
          mounts: [{ namespace: ['up'], connection: 'up' }],
        },
      ],
    },
  })
})

afterAll(async () => {
  await gateway?.discard()
  await upstream?.[Symbol.asyncDispose]()
})

describe('a commit of unknown end', () => {
  it('is found in the background, so that its key is answered without sending it again', async () => {
    let sent = 0
    let seen = false
    upstream.behave(
      byMethod({
        POST: cutAfter(() => {
          sent += 1
        }),
        GET: (call, response) =>
          (seen ? answerTable(['77']) : answerError(503, 'ServiceUnavailableException', 'away'))(
            call,
            response,
          ),
      }),
    )
    const base = await warehousePrefix(gateway)
    const commit = () =>
      fetch(`${base}/namespaces/up%1Fdb/tables/t`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': '0190b5a0-0000-7000-8000-00000000bbbb',
        },
        body: JSON.stringify({
          requirements: [],
          updates: [{ action: 'add-snapshot', snapshot: { 'snapshot-id': 77 } }],
        }),
      })
    expect((await commit()).status).toBe(500)
    seen = true
    // In flight until the lease of the key ends, unless the look in the background settles it.
    let answer = await commit()
    while (answer.status === 503) answer = await commit()
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('77')
    expect(sent).toBe(1)
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
    const listed = await fetch(`${gateway.origin}/management/v1/connection`)
    const { connections } = (await listed.json()) as { connections: { 'connection-id': string }[] }
    const [id] = connections.map((connection) => connection['connection-id'])
    expect(metrics).toContain(`lakegate_doubtful_change_looks_total{connection="${id}",end="confirmed"} 1`)
    expect(metrics).toContain(`lakegate_upstream_duration_seconds_count{connection="${id}",status="200"}`)
    expect(metrics).not.toContain('connection="up"')
  }, 60_000)
})
