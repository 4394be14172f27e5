/** A secret that a connection keeps goes where it has gone: whoever would have it sent elsewhere has to know it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Asking, json, type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['bob'], {}, { UPSTREAM_TOKEN: 'a-token-of-the-machine' })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const bearer = (token: string) => ({ kind: 'bearer', token })
const oauth = (secret: string, more: object = {}) => ({
  ...{ kind: 'oauth2', 'client-id': 'c', 'client-secret': secret, ...more },
})

/** Made by the administrator, and given to bob: its path, and its configuration as it is shown to him. */
const connect = async (auth: object) => {
  const draft = {
    ...{ 'connection-name': `c${crypto.randomUUID()}`, kind: 'iceberg-rest' },
    config: { uri: 'http://127.0.0.1:9/catalog', auth },
  }
  const made = json<Record<string, string>>(await lake.make('POST /management/v1/connection', draft))
  const path = `connection/${made['connection-id']}`
  await lake.grant(path, 'ownership', 'bob')
  const shown = await lake.ask(`GET /management/v1/${path}`, { as: 'bob' })
  const { config } = json<{ config: { uri: string; auth: Record<string, string> } }>(shown)
  const change = async (more: object, who: Asking = { as: 'bob' }): Promise<number> => {
    const body = { config: { ...config, ...more } }
    return (await lake.ask(`POST /management/v1/${path}/config`, { ...who, body })).status
  }
  return { config, change }
}

const elsewhere = [
  'http://127.0.0.1:10/catalog',
  'https://127.0.0.1:9/catalog',
  'http://evil.example/catalog',
]

test.each([
  ['sealed', 'a-token-that-was-sent'],
  ['of the machine', 'env:UPSTREAM_TOKEN'],
])('a token %s stays where it was', async (_, token) => {
  const { change } = await connect(bearer(token))
  for (const uri of elsewhere) expect(await change({ uri }), uri).toBeGreaterThanOrEqual(400)
  expect(await change({ uri: 'http://127.0.0.1:9/another' })).toBe(200)
})

test('so does the secret of a client, whose tokens come from another host', async () => {
  const { config, change } = await connect(oauth('a-secret-that-was-sent'))
  const { auth } = config
  for (const uri of elsewhere) expect(await change({ auth: { ...auth, 'token-uri': uri } }), uri).toBe(400)
  expect(await change({ auth: { ...auth, 'token-uri': 'http://127.0.0.1:9/tokens' } })).toBe(200)
})

test('what is given anew goes where it is wanted', async () => {
  const { change } = await connect(bearer('a-token-that-was-sent'))
  const [uri = ''] = elsewhere
  expect(await change({ uri, auth: bearer('a-token-of-their-own') })).toBe(200)
  expect(await change({ uri: 'http://127.0.0.1:11/catalog', auth: { kind: 'none' } })).toBe(200)
})

test('whoever administers the server sends a secret of the machine where he will', async () => {
  const { change } = await connect(bearer('env:UPSTREAM_TOKEN'))
  const body = { config: { uri: elsewhere[0], auth: bearer('env:UPSTREAM_TOKEN') } }
  expect(await change(body.config)).toBe(403)
  expect(await change(body.config, {})).toBe(200)
})
