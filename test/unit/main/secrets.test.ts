import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { createSecretResolver, fingerprintOf, withoutOwnSecrets } from '../../../src/secrets.ts'

describe('a secret', () => {
  test('is what its variable holds, asked anew each time', async () => {
    const environment: Record<string, string> = { A: 'one' }
    const secret = createSecretResolver(environment)
    expect(await secret('env:A')).toBe('one')
    environment['A'] = 'two'
    expect(await secret('env:A')).toBe('two')
  })

  test('that is absent, empty or no reference is refused by its reference alone', async () => {
    const secret = createSecretResolver({ EMPTY: '' })
    for (const reference of ['env:NONE', 'env:EMPTY', 'file:/nowhere/at/all'])
      await expect(secret(reference)).rejects.toThrow(`Cannot resolve the secret ${reference}`)
    await expect(secret('hunter2')).rejects.toThrow(/must be a reference/)
    await expect(secret('hunter2')).rejects.not.toThrow(/hunter2/)
  })
})

test("the server's own secrets are given to no connection, however they are spelled", async () => {
  const environment = {
    ...{ LAKEGATE_TOKEN: 't', LAKEGATE_KEY: 'k', OTHER: 'o' },
    ...{ LAKEGATE_REDIS_URL: 'redis://:p@r', LAKEGATE_REDIS_PASSWORD: 'p' },
  }
  const { server } = await loadConfig({ data: '/data/gate' }, environment)
  const secret = withoutOwnSecrets(createSecretResolver(environment), server)
  for (const reference of [
    'env:LAKEGATE_TOKEN',
    'env:LAKEGATE_KEY',
    'env:LAKEGATE_REDIS_URL',
    'env:LAKEGATE_REDIS_PASSWORD',
    'file:/data/gate/server.key',
    'file:/data/x/../gate/server.key',
  ])
    await expect(secret(reference)).rejects.toThrow(/server's own secret/)
  expect(await secret('env:OTHER')).toBe('o')
})

test('fingerprints tell keys apart and do not hold them', () => {
  const key = Buffer.alloc(32, 1)
  expect(fingerprintOf(key)).toBe(fingerprintOf(Buffer.alloc(32, 1)))
  expect(fingerprintOf(key)).not.toBe(fingerprintOf(Buffer.alloc(32, 2)))
  expect(fingerprintOf(key)).not.toContain(key.toString('hex').slice(0, 16))
})
