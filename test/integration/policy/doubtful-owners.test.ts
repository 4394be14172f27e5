/** Who makes something through a mount owns it, also where the upstream's answer was lost; what was not made has no owner. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  answerError,
  answerJson,
  answerRaw,
  type Behaviour,
  cutAfter,
  type HostileUpstream,
  startHostileUpstream,
} from '../../support/hostile-upstream.ts'
import { type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
let upstream: HostileUpstream

/** What the upstream holds: uuids by name. */
const held = new Map<string, string>()
/** It takes changes, and answers nobody who looks. */
let blind = false

const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
const away = answerError(503, 'ServiceUnavailableException', 'away')
const table = (uuid: string): Behaviour =>
  answerRaw(
    200,
    `{"metadata-location":"s3://b/t/1.json","metadata":{"format-version":2,"table-uuid":"${uuid}","location":"s3://b/t"}}`,
  )
const looked: Behaviour = (call, response) => {
  const path = new URL(call.url, upstream.uri).pathname.replace('/v1', '')
  const uuid = held.get(path.replace('/namespaces/sales/tables/', ''))
  const answer = uuid === undefined ? nothing : table(uuid)
  const namespace = answerJson({ namespace: ['sales'], properties: {} })
  ;(blind ? away : path === '/namespaces/sales' ? namespace : answer)(call, response)
}
/** Each change is done as `apply` says, and nobody is told. */
const losing = (apply: () => void): void => {
  const lose = cutAfter(() => {
    apply()
    blind = true
  })
  blind = false
  upstream.behave((call, response) => (call.method === 'POST' ? lose : looked)(call, response))
}

beforeAll(async () => {
  ;[lake, upstream] = await Promise.all([openLake(['bob']), startHostileUpstream()])
  await lake.mount('far', { uri: upstream.uri, 'change-timeout-ms': 2000 })
  await lake.grant(`warehouse/${lake.warehouse}`, 'create', 'bob')
}, 120_000)
afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
})

const creation = (name: string, uuid: string) => ({
  identifier: { namespace: ['far', 'sales'], name },
  requirements: [{ type: 'assert-create' }],
  updates: [{ action: 'assign-uuid', uuid }],
})
const ask = (line: string, body: object) => lake.ask(`POST ${line}`, { as: 'bob', body })
const create = (name: string, uuid: string) =>
  ask(`/namespaces/far%1Fsales/tables/${name}`, creation(name, uuid))
const ownersOf = async (name: string) =>
  (
    await lake.replicas.db.database.query<{ id: string }>(
      "select subject_id as id from relation_tuple where relation = 'ownership' and name = $1",
      [name],
    )
  ).map(({ id }) => id)
const toldOf = async (name: string) =>
  (
    await lake.replicas.db.database.query<{ type: string }>(
      "select type from outbox where data->>'name' = $1 and type like 'table.%'",
      [name],
    )
  ).map(({ type }) => type)
const soon = { timeout: 60_000, interval: 200 }

test('a table that was created while the answer was lost is owned once it is seen', async () => {
  losing(() => held.set('seen', 'u-seen'))
  const lost = await create('seen', 'u-seen')
  expect([lost.status, await ownersOf('seen')]).toEqual([500, []])
  blind = false
  await expect.poll(() => ownersOf('seen'), soon).toEqual(['oidc~bob'])
  expect(await toldOf('seen')).toEqual(['table.created'])
  expect((await lake.ask('GET /namespaces/far%1Fsales/tables/seen', { as: 'bob' })).status).toBe(200)
}, 90_000)

test('so are the tables of a transaction', async () => {
  losing(() => held.set('one', 'u-one').set('two', 'u-two'))
  const changes = { 'table-changes': [creation('one', 'u-one'), creation('two', 'u-two')] }
  expect((await ask('/transactions/commit', changes)).status).toBe(500)
  blind = false
  for (const name of ['one', 'two']) await expect.poll(() => ownersOf(name), soon).toEqual(['oidc~bob'])
}, 90_000)

test('nobody owns what another has made meanwhile, or what was there before', async () => {
  held.set('before', 'u-before')
  losing(() => held.set('elsewhere', 'u-other'))
  // Who knows the uuid of what is there cannot have made it.
  expect((await create('before', 'u-before')).status).toBe(409)
  losing(() => held.set('elsewhere', 'u-other'))
  expect((await create('elsewhere', 'u-mine')).status).toBe(500)
  losing(() => held.set('after', 'u-after'))
  expect((await create('after', 'u-after')).status).toBe(500)
  blind = false
  await expect.poll(() => ownersOf('after'), soon).toEqual(['oidc~bob'])
  // Older doubts are looked at first.
  expect([await ownersOf('before'), await ownersOf('elsewhere')]).toEqual([[], []])
}, 90_000)
