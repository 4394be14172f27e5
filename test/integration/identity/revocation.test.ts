/** What is taken away here is refused here at once, and by another process within five seconds. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Gateway } from '../../support/gateway.ts'
import { type IdentityReplicas, manage, startIdentityReplicas } from '../../support/identity-replicas.ts'

let replicas: IdentityReplicas
let here: Gateway
let there: Gateway
beforeAll(async () => {
  const clients = ['alice', 'bob', 'carol', 'dave'].map((id) => ({
    ...{ id, secret: `${id}-secret` },
    claims: { name: `${id[0]?.toUpperCase()}${id.slice(1)} of the Provider` },
  }))
  replicas = await startIdentityReplicas(clients)
  ;[here, there] = replicas.gateways
}, 120_000)
afterAll(() => replicas?.[Symbol.asyncDispose]())

const read = <T>(text: string): T => JSON.parse(text) as T

interface Made {
  readonly id: string
  readonly key: string
}

const make = async (path: string, body: object): Promise<Made> => {
  const { status, text } = await manage(here, `POST ${path}`, { body })
  expect(status, text).toBe(201)
  return read<Made>(text)
}

const newAccount = () => make('/service-account', { name: 'loader' })
const newKey = (account: string, body: object = {}) =>
  make(`/service-account/${account}/key`, { name: 'k', ...body })

const seenBy = async (gateway: Gateway, token: string): Promise<number> =>
  (await manage(gateway, 'GET /whoami', { token })).status

const promptly = { timeout: 5_000, interval: 100 }
const expectRefusedThere = (token: string) => expect.poll(() => seenBy(there, token), promptly).toBe(401)

test('a key signs its requests on every process, until it is revoked', async () => {
  const account = await newAccount()
  const [first, second] = [await newKey(account.id), await newKey(account.id)]
  for (const gateway of [here, there])
    for (const { key } of [first, second]) {
      const { status, text } = await manage(gateway, 'GET /whoami', { token: key })
      expect([status, read<Made>(text).id]).toEqual([200, account.id])
    }
  expect((await manage(here, `DELETE /service-account/${account.id}/key/${first.id}`)).status).toBe(204)
  expect(await seenBy(here, first.key)).toBe(401)
  await expectRefusedThere(first.key)
  expect([await seenBy(here, second.key), await seenBy(there, second.key)]).toEqual([200, 200])
})

test('a deactivated account is refused with every key, and let in again', async () => {
  const account = await newAccount()
  const { key } = await newKey(account.id)
  await seenBy(there, key)
  await manage(here, `POST /service-account/${account.id}/deactivate`)
  expect(await seenBy(here, key)).toBe(401)
  await expectRefusedThere(key)
  await manage(here, `POST /service-account/${account.id}/activate`)
  expect(await seenBy(here, key)).toBe(200)
  await expect.poll(() => seenBy(there, key), promptly).toBe(200)
})

test('a project that forbids keys is obeyed at once', async () => {
  const account = await newAccount()
  const { key } = await newKey(account.id)
  await seenBy(there, key)
  const allow = (allowed: boolean) =>
    manage(here, 'POST /project/settings', { body: { 'api-keys-allowed': allowed } })
  expect((await allow(false)).status).toBe(200)
  expect(await seenBy(here, key)).toBe(401)
  await expectRefusedThere(key)
  const refused = await manage(here, `POST /service-account/${account.id}/key`, { body: { name: 'k' } })
  expect(refused.status).toBe(403)
  await allow(true)
  expect(await seenBy(here, key)).toBe(200)
})

test('a key ends when it was told to', async () => {
  const account = await newAccount()
  const expiresAt = new Date(Date.now() + 1_500).toISOString()
  const { key } = await newKey(account.id, { 'expires-at': expiresAt })
  expect(await seenBy(here, key)).toBe(200)
  await expect.poll(() => seenBy(here, key), promptly).toBe(401)
})

const idOf = (name: string): string => encodeURIComponent(`oidc~${name}`)

test('a user is registered at first sight, also when what it asked is then denied', async () => {
  const token = await replicas.provider.token('alice')
  expect((await manage(here, 'GET /user', { token })).status).toBe(403)
  const { status, text } = await manage(here, `GET /user/${idOf('alice')}`)
  expect([status, read<object>(text)]).toMatchObject([
    200,
    { id: 'oidc~alice', name: 'Alice of the Provider', 'last-updated-with': 'config-call-creation' },
  ])
  const found = await manage(here, 'POST /search/user', { body: { search: 'alise of the provider' } })
  expect(found.text).toContain('oidc~alice')
})

test('a deactivated user is refused with a token that is still good', async () => {
  const token = await replicas.provider.token('bob')
  expect([await seenBy(here, token), await seenBy(there, token)]).toEqual([200, 200])
  expect((await manage(here, `POST /user/${idOf('bob')}/deactivate`)).status).toBe(200)
  expect(await seenBy(here, token)).toBe(401)
  await expectRefusedThere(token)
})

test('a deleted user stays refused, whatever it signs in with', async () => {
  const token = await replicas.provider.token('carol')
  expect([await seenBy(here, token), await seenBy(there, token)]).toEqual([200, 200])
  expect((await manage(here, `DELETE /user/${idOf('carol')}`)).status).toBe(204)
  expect(await seenBy(here, token)).toBe(401)
  await expectRefusedThere(token)
  const again = await replicas.provider.token('carol')
  expect([await seenBy(here, again), await seenBy(there, again)]).toEqual([401, 401])
  expect((await manage(here, `GET /user/${idOf('carol')}`)).status).toBe(404)
})

test('a long transaction that holds up the outbox holds up no revocation', async () => {
  const token = await replicas.provider.token('dave')
  expect([await seenBy(here, token), await seenBy(there, token)]).toEqual([200, 200])
  const release = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const held = replicas.db.database.transaction(async (tx) => {
    await tx.query('select pg_current_xact_id()')
    started.resolve()
    await release.promise
  })
  await started.promise
  await manage(here, `POST /user/${idOf('dave')}/deactivate`)
  expect(await seenBy(here, token)).toBe(401)
  await expectRefusedThere(token)
  release.resolve()
  await held
})

test('a request told again makes no second key, and does not show the first one again', async () => {
  const account = await newAccount()
  const headers = { 'idempotency-key': randomUUID(), 'content-type': 'application/json' }
  const send = async () => {
    const answer = await fetch(`${here.origin}/management/v1/service-account/${account.id}/key`, {
      method: 'POST',
      headers: { ...headers, authorization: 'Bearer the-token-of-the-configuration' },
      body: JSON.stringify({ name: 'once' }),
    })
    return (await answer.json()) as Made
  }
  const [first, second] = [await send(), await send()]
  expect(second).toEqual({ ...first, key: null })
})

test('no key stands in the store, in what the gateways print, or in what they show later', async () => {
  const account = await newAccount()
  const keys = [await newKey(account.id), await newKey(account.id, { kind: 'client-secret' })]
  for (const { key } of keys) await seenBy(here, key)
  const { db } = replicas
  const tables = await db.database.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  const whole = async ({ name }: { readonly name: string }) =>
    JSON.stringify(await db.database.query(`select to_jsonb(t) from "${name}" t`))
  const dump = (await Promise.all(tables.map(whole))).join('\n')
  const listed = await manage(here, `GET /service-account/${account.id}/key`)
  const shown = [dump, here.output(), there.output(), listed.text].join('\n')
  expect(dump).toContain(account.id)
  for (const { key } of keys) expect(shown.includes(key.slice(8))).toBe(false)
})
