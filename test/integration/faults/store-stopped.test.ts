/**
 * Postgres is gone while the gateway runs: no change is answered with a 5xx, which clients read as "it may have
 * happened".
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testServers } from '../../support/database.ts'
import { startDebianPostgres } from '../../support/debian-postgres.ts'
import { samples } from '../../support/iceberg-requests.ts'
import { createSharedNamespace, type Replicas, startReplicas } from '../../support/replicas.ts'
import { call, fill, type Reply } from '../../support/wire.ts'

const onDebian = testServers.includes('debian')
const absent = '00000000-0000-4000-8000-000000000000'

let replicas: Replicas
let base: string
let management: string

beforeAll(async () => {
  if (!onDebian) return
  const postgres = await startDebianPostgres()
  replicas = await startReplicas({ url: await postgres.createDatabase('stopped'), environments: [{}] })
  const [url = ''] = await createSharedNamespace(replicas, 'before')
  base = url.slice(0, url.indexOf('/namespaces'))
  management = `${new URL(base).origin}/management/v1`
  await fill({ base })
  await postgres.stop()
}, 60_000)
afterAll(() => replicas?.stop())

/** The samples of registering are refused (400) before the store is asked. */
const changes = Object.entries(samples).filter(
  ([name, { line }]) => !/^(GET|HEAD)/.test(line) && !name.startsWith('register'),
)
const profile = { 'storage-profile': { type: 'file', location: 'file:///nowhere' } }
const administration: readonly (readonly [line: string, body: object | undefined])[] = [
  ['POST /warehouse', { 'warehouse-name': 'new', ...profile }],
  [`DELETE /warehouse/${absent}`, undefined],
  [`POST /warehouse/${absent}/rename`, { 'new-name': 'new' }],
  [`POST /warehouse/${absent}/activate`, undefined],
  [`POST /warehouse/${absent}/mount`, { namespace: ['m'], 'connection-id': absent }],
  [`DELETE /warehouse/${absent}/mount/${absent}`, undefined],
  [
    'POST /connection',
    { 'connection-name': 'new', kind: 'iceberg-rest', config: { uri: 'http://127.0.0.1:9' } },
  ],
  [`DELETE /connection/${absent}`, undefined],
  [`POST /connection/${absent}/rename`, { 'new-name': 'new' }],
]

const expectToldToRetry = ({ status, text, headers }: Reply): void => {
  expect(status, text).toBe(429)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
}

describe.skipIf(!onDebian).each([
  ['without a key', () => ({})],
  ['under a key', () => ({ 'idempotency-key': randomUUID() })],
])('with Postgres stopped, %s', (_, headers) => {
  test.each(changes)('%s is told to try again', async (_name, { line, body }) => {
    expectToldToRetry(
      await call({ base }, line, { headers: headers(), ...(body === undefined ? {} : { body }) }),
    )
  })

  test.each(administration)('%s is told to try again', async (line, body) => {
    expectToldToRetry(
      await call({ base: management }, line, { headers: headers(), ...(body ? { body } : {}) }),
    )
  })
})

test.skipIf(!onDebian)('a read is 503 while Postgres is stopped', async () => {
  expect((await call({ base }, 'GET /namespaces/a/tables/t')).status).toBe(503)
})
