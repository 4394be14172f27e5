/** A mount that is taken away is forgotten where it was taken away before that is answered, by whatever remembers it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  answerError,
  answerJson,
  type Behaviour,
  type HostileUpstream,
  startHostileUpstream,
} from '../../support/hostile-upstream.ts'
import { json, type Lake, openLake } from '../../support/lake.ts'
import { answerTable } from '../../support/relay-bench.ts'

let lake: Lake
let upstream: HostileUpstream

const sales = answerJson({ namespace: ['sales'], properties: {} })
const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
const holdsSales: Behaviour = (call, response) => {
  const path = call.url.replace(/^\/v1/, '')
  const answer = path === '/namespaces/sales' ? sales : path.endsWith('/tables/t') ? answerTable() : nothing
  answer(call, response)
}

beforeAll(async () => {
  ;[lake, upstream] = await Promise.all([openLake(['bob']), startHostileUpstream()])
  upstream.behave(holdsSales)
}, 120_000)
afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
})

const connect = async (name: string): Promise<string> => {
  const config = { uri: upstream.uri, auth: { kind: 'none' } }
  const body = { 'connection-name': name, kind: 'iceberg-rest', config }
  return json<{ 'connection-id': string }>(await lake.make('POST /management/v1/connection', body))[
    'connection-id'
  ]
}
const mounts = () => `/management/v1/warehouse/${lake.warehouse}/mount`
const mount = async (connection: string): Promise<string> => {
  const body = { namespace: ['far'], 'connection-id': connection }
  return json<{ 'mount-id': string }>(await lake.make(`POST ${mounts()}`, body))['mount-id']
}
const loaded = async () => (await lake.ask('GET /namespaces/far%1Fsales/tables/t', { as: 'bob' })).status

/** Nobody hears of a change meanwhile: the outbox is read below the oldest transaction in flight. */
const unheard = <T>(work: () => Promise<T>): Promise<T> =>
  lake.replicas.db.database.transaction(async (tx) => {
    await tx.query('select pg_current_xact_id()', [])
    return work()
  })

test('what was granted through it allows nothing in what is mounted there next', async () => {
  const [one, other] = [await connect('one'), await connect('other')]
  const first = await mount(one)
  await lake.grant(await lake.pathOf({ kind: 'namespace', namespace: ['far', 'sales'] }), 'select', 'bob')
  expect(await loaded()).toBe(200)
  const after = await unheard(async () => {
    await lake.make(`DELETE ${mounts()}/${first}`)
    await mount(other)
    return loaded()
  })
  expect(after).toBe(404)
})

test('a connection that leads elsewhere is in force when that is answered', async () => {
  await using another = await startHostileUpstream()
  another.behave(nothing)
  const changed = await connect('changed')
  const body = { namespace: ['changed'], 'connection-id': changed }
  await lake.make(`POST ${mounts()}`, body)
  const load = async () => (await lake.ask('GET /namespaces/changed%1Fsales/tables/t')).status
  expect(await load()).toBe(200)
  const config = { uri: another.uri, auth: { kind: 'none' } }
  const after = await unheard(async () => {
    await lake.make(`POST /management/v1/connection/${changed}/config`, { kind: 'iceberg-rest', config })
    return load()
  })
  expect(after).toBe(404)
})
