import { expect, test } from 'vitest'
import { createKeyring, type KeyRecord } from '#authn/keyring.ts'
import { createKey, hashKey, type KeyKind } from '#authn/keys.ts'
import { rejection } from '../../support/rejection.ts'

const account = 'lakegate~0190a1b2-0000-7000-8000-000000000001'

const prepare = (kind: KeyKind, change: Partial<KeyRecord> = {}) => {
  const { text } = createKey(kind)
  const rows = new Map<string, KeyRecord>()
  const record: KeyRecord = {
    ...{ id: 'k1', kind, principalId: account, principalName: 'loader', welcome: true, expiresAt: null },
    ...change,
  }
  rows.set(hashKey(text).toString('hex'), record)
  let asked = 0
  const clock = { now: 1_000 }
  const keyring = createKeyring({
    records: {
      find: async (hash) => {
        asked += 1
        return rows.get(Buffer.from(hash).toString('hex'))
      },
    },
    now: () => clock.now,
  })
  return { keyring, text, rows, clock, asked: () => asked }
}

test('an API key is its service account, and is looked up once', async () => {
  const { keyring, text, asked } = prepare('api-key')
  const identity = await keyring.identify(text)
  expect(identity).toMatchObject({ kind: 'service-account', id: account, keyId: 'k1', expiresAt: null })
  expect(await keyring.identify(text)).toBe(identity)
  expect(asked()).toBe(1)
})

test('what has no checksum of ours is refused unasked', async () => {
  const { keyring, asked } = prepare('api-key')
  expect(keyring.claims('lg_made-up')).toBe(true)
  expect(await rejection(keyring.identify('lg_made-up'))).toMatchObject({ status: 401 })
  expect(asked()).toBe(0)
})

test('an unknown key is asked about once in a while', async () => {
  const { keyring, asked } = prepare('api-key')
  const { text } = createKey('api-key')
  for (let i = 0; i < 3; i++) expect(await rejection(keyring.identify(text))).toMatchObject({ status: 401 })
  expect(asked()).toBe(1)
})

test('a key is worth nothing from its end on, also from memory', async () => {
  const { keyring, text, clock } = prepare('api-key', { expiresAt: new Date(2_000) })
  expect(await keyring.identify(text)).toMatchObject({ expiresAt: 2_000 })
  clock.now = 2_000
  expect(await rejection(keyring.identify(text))).toMatchObject({ status: 401 })
})

test('a client secret is no bearer token, and an API key no client secret', async () => {
  const secret = prepare('client-secret')
  expect(await rejection(secret.keyring.identify(secret.text))).toMatchObject({ status: 401 })
  const key = prepare('api-key')
  expect(await key.keyring.verify(account, key.text)).toBeUndefined()
})

test('a client secret opens for its own client id only, whole or as a uuid', async () => {
  const { keyring, text } = prepare('client-secret')
  expect(await keyring.verify(account, text)).toMatchObject({ id: account, keyId: 'k1' })
  expect(keyring.verify(account.slice('lakegate~'.length), text)).toMatchObject({ id: account })
  expect(await keyring.verify('lakegate~other', text)).toBeUndefined()
  expect(await keyring.verify(account, createKey('client-secret').text)).toBeUndefined()
})

test('the secret of a deactivated account is worth nothing', async () => {
  const { keyring, text } = prepare('client-secret', { welcome: false })
  expect(await keyring.verify(account, text)).toBeUndefined()
})

test.each([
  { type: 'api-key.revoked', object: 'k1' },
  { type: 'principal.deleted', object: account },
  { type: 'project.changed', object: 'p' },
])('$type is felt at once', async (event) => {
  const { keyring, text, rows } = prepare('client-secret')
  await keyring.verify(account, text)
  rows.clear()
  keyring.drop(event)
  expect(await keyring.verify(account, text)).toBeUndefined()
})
