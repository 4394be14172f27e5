/** Signing keys that are replaced by hand, on a whole gateway. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'

const admin = randomUUID()
let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({ server: {}, state: {}, env: { LAKEGATE_TOKEN: admin } })
}, 60_000)
afterAll(() => gateway?.discard())

type Json = Readonly<Record<string, unknown>>

const ask = async (line: string, body?: object, more: Readonly<Record<string, string>> = {}) => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${gateway.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json', ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as Json }
}

const idsOf = ({ json }: { readonly json: Json }, name: string): readonly unknown[] =>
  (json['keys'] as readonly Json[]).map((key) => key[name])

const published = async (): Promise<readonly unknown[]> =>
  idsOf(await ask('GET /.well-known/jwks.json'), 'kid')

interface Client {
  readonly id: string
  readonly token: string
}

const newClient = async (): Promise<Client> => {
  const id = String((await ask('POST /management/v1/service-account', { name: 'c' })).json['id'])
  const path = `/management/v1/service-account/${id}/key`
  const { json } = await ask(`POST ${path}`, { name: 'k', kind: 'client-secret' })
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: String(json['key']) }
  const answer = await fetch(`${gateway.catalog}/v1/oauth/tokens`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const token = ((await answer.json()) as { readonly access_token: string }).access_token
  return { id, token }
}

test('a rotation publishes the next key at once, happens once a request, and ends no token', async () => {
  const { token } = await newClient()
  const [before] = await published()
  const key = { 'idempotency-key': randomUUID() }
  const rotated = await ask('POST /management/v1/signing-key/rotate', undefined, key)
  expect(rotated.status).toBe(200)
  const again = await ask('POST /management/v1/signing-key/rotate', undefined, key)
  expect([again.status, idsOf(again, 'id')]).toEqual([200, idsOf(rotated, 'id')])
  expect(await published()).toEqual(idsOf(rotated, 'id'))
  expect(idsOf(rotated, 'id')).toEqual([before, expect.any(String)])
  expect(idsOf(await ask('GET /management/v1/signing-key'), 'id')).toEqual(idsOf(rotated, 'id'))
  const old = await ask('GET /management/v1/whoami', undefined, { authorization: `Bearer ${token}` })
  expect(old.status).toBe(200)
})

test('only administrators see and replace signing keys', async () => {
  const { id, token } = await newClient()
  await ask('POST /management/v1/project/default/members', { members: [{ type: 'user', id }] })
  const member = { authorization: `Bearer ${token}` }
  for (const line of ['GET /management/v1/signing-key', 'POST /management/v1/signing-key/rotate'])
    expect((await ask(line, undefined, member)).status, line).toBe(403)
})
