/** Floods of wrong credentials: what they cost, and whom they leave alone. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Identity, Provider } from '#authn/identity.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import { sourceOf } from '#authn/source-address.ts'
import { createStrangers } from '#authn/strangers.ts'
import { createFailureLimit } from '#gateway/failure-limit.ts'
import { CatalogError } from '#model/errors.ts'
import { epochMs, makeClocks, outcomeOf } from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const slow = 'SlowDownException'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** In the form of a token: the signature is the word by which the provider below judges it. */
const signed = (sub: string, word: string, serial = 0): string =>
  `${part({ alg: 'ES256' })}.${part({ iss: 'https://id.example', sub, serial })}.${word}`
const opaque = (word: string, serial = 0): string => `opaque-${serial}-${word}`

const most = 5
const windowMs = 10_000

const open = () => {
  const clocks = makeClocks()
  const asked: string[] = []
  const provider: Provider = {
    id: 'oidc',
    claims: () => true,
    identify: async (token) => {
      asked.push(token)
      if (token.endsWith('bad')) throw new CatalogError(refused, 'no')
      if (token.endsWith('away')) throw new CatalogError('ServiceUnavailableException', 'away')
      const identity: Identity = {
        ...{ kind: 'user', id: 'oidc~alice', userType: 'human', groups: [], expiresAt: epochMs + 86_400_000 },
      }
      return identity
    },
  }
  const failures = createFailureLimit({ most, windowMs, elapsed: clocks.elapsed })
  const authenticator = createProviderAuthenticator({
    ...{ providers: [provider], people: { admit: ({ kind, id }) => ({ kind, id }) } },
    ...{ token: 'the-static-token', strangers: createStrangers({ failures }), ...clocks },
  })
  const ask = (token: string | undefined, address = '192.0.2.1') => {
    const authorization = token === undefined ? undefined : `Bearer ${token}`
    return outcomeOf(() =>
      authenticator.authenticate({ authorization, address, origin: undefined, host: undefined }),
    )
  }
  /** So many wrong ones, of nobody. */
  const flood = async (count: number, address?: string) => {
    const answers: string[] = []
    for (let i = 0; i < count; i += 1) answers.push(await ask(signed(`nobody-${i}`, 'bad', i), address))
    return answers
  }
  return { clocks, asked, ask, flood }
}

describe('whoever floods us with wrong credentials', () => {
  test('is refused so often, then turned away unlooked at until the window is over', async () => {
    const { clocks, asked, ask, flood } = open()
    expect(await flood(most)).toEqual(Array.from({ length: most }, () => refused))
    expect(await flood(20)).toEqual(Array.from({ length: 20 }, () => slow))
    expect(asked).toHaveLength(most)
    expect(await ask(opaque('good'))).toBe(slow)
    clocks.pass(windowMs)
    expect(await ask(opaque('good'))).toBe('none')
    expect(await flood(1)).toEqual([refused])
  })

  test.each([
    ['no token at all but words', 'a b c'],
    ['letters beyond ASCII', 'a-é-bad'],
    ['opaque ones', 'opaque-bad'],
    ['one that is far too long', 'x'.repeat(20_000)],
  ])('may send %s: it counts', async (_what, token) => {
    const { ask } = open()
    for (let i = 0; i < most; i += 1) expect(await ask(token)).toBe(refused)
    expect(await ask(token)).toBe(slow)
  })

  test('slows nobody down elsewhere', async () => {
    const { ask, flood } = open()
    await flood(20)
    expect(await flood(1, '192.0.2.2')).toEqual([refused])
    expect(await ask(opaque('good'), '192.0.2.2')).toBe('none')
  })

  test('cannot do so from another address of its own subnet', async () => {
    const { flood } = open()
    await flood(most, '2001:db8:1:2::1')
    expect(await flood(1, '2001:DB8:1:2:ffff::7')).toEqual([slow])
    expect(await flood(1, '2001:db8:1:3::1')).toEqual([refused])
    await flood(most, '::ffff:192.0.2.9')
    expect(await flood(1, '192.0.2.9')).toEqual([slow])
  })
})

describe('at an address that floods', () => {
  test('whoever has been let in goes on, also when the token is looked at again', async () => {
    const { clocks, asked, ask, flood } = open()
    for (const token of [signed('alice', 'good'), opaque('good')]) {
      clocks.pass(windowMs)
      await ask(token)
      await flood(20)
      expect(await ask(token)).toBe('none')
      clocks.pass(6 * 60_000)
      await flood(20)
      const before = asked.length
      expect(await ask(token)).toBe('none')
      expect(asked).toHaveLength(before + 1)
    }
  })

  test('whoever has been let in, anywhere, comes with a new token', async () => {
    const { ask, flood } = open()
    await ask(signed('alice', 'good'), '198.51.100.1')
    await flood(20)
    expect(await ask(signed('alice', 'good', 2))).toBe('none')
    expect(await ask(signed('carol', 'good'))).toBe(slow)
  })

  test('whoever guesses in the name of one holds back that one alone, there alone', async () => {
    const { ask, flood } = open()
    await ask(signed('alice', 'good'))
    await ask(signed('bob', 'good'))
    await flood(20)
    for (let i = 0; i < most; i += 1) expect(await ask(signed('alice', 'bad', i))).toBe(refused)
    expect(await ask(signed('alice', 'good', 3))).toBe(slow)
    expect(await ask(signed('bob', 'good', 3))).toBe('none')
    expect(await ask(signed('alice', 'good', 4), '192.0.2.2')).toBe('none')
    expect(await ask(signed('alice', 'good'))).toBe('none')
  })

  test('the static token passes, and so does the answer to whoever sends none', async () => {
    const { ask, flood } = open()
    await flood(20)
    expect(await ask('the-static-token')).toBe('none')
    for (let i = 0; i < 20; i += 1) expect(await ask(undefined)).toBe(refused)
    expect(await ask('None')).toBe(refused)
  })
})

test('what cannot be judged, or is good, is no failure', async () => {
  const { ask } = open()
  for (let i = 0; i < 20; i += 1) {
    expect(await ask(opaque('away', i))).toBe('ServiceUnavailableException')
    expect(await ask(opaque('good', i))).toBe('none')
    expect(await ask(undefined)).toBe(refused)
  }
  expect(await ask(opaque('bad'))).toBe(refused)
})

describe('the source of a request', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    [undefined, ''],
    ['not an address:', 'not an address:'],
  ])('%s is %s', (address, source) => expect(sourceOf(address)).toBe(source))

  test('is one for whoever differs in the last half only', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }), (address, other) => {
        const source = sourceOf(address)
        fc.pre(source.endsWith('::/64'))
        const groups = other.toString(16).padStart(16, '0').match(/.{4}/g) ?? []
        const full = `${source.slice(0, -'::/64'.length)}:${groups.join(':')}`
        expect(sourceOf(full)).toBe(source)
      }),
    )
  })
})
