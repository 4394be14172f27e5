/** Keys come, go, and cannot be asked for: who is let in meanwhile, and how often the issuer is bothered. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider } from '#authn/oidc.ts'
import {
  issuerUri,
  keysAsked,
  type MadeIssuer,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  signToken,
} from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const unavailable = 'ServiceUnavailableException'
const long = 365 * 86_400
let old: MadeKey
let fresh: MadeKey
beforeAll(async () => {
  old = await makeKey('old')
  fresh = await makeKey('fresh')
})

const open = (issuer: MadeIssuer = makeIssuer([old])) => {
  const clocks = makeClocks()
  const reported: unknown[] = []
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'] },
    {
      fetch: issuer.fetch,
      report: (error) => reported.push(error),
      now: clocks.now,
      elapsed: clocks.elapsed,
    },
  )
  const attempt = async (key: MadeKey, sub = 'alice') =>
    outcomeOf(async () =>
      provider.identify(
        await signToken({ key, claims: { sub, iat: clocks.now() / 1000, exp: clocks.now() / 1000 + long } }),
      ),
    )
  return { issuer, clocks, provider, attempt, reported }
}

describe('keys', () => {
  test('are fetched once for many tokens at once', async () => {
    const { attempt, issuer } = open()
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => attempt(old, `user-${i}`)))
    expect(new Set(outcomes)).toEqual(new Set(['none']))
    expect(keysAsked(issuer)).toBe(1)
  })

  test('that are new are found by the first token that names them', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    issuer.keys = [fresh.jwk]
    clocks.pass(10_000)
    expect(await attempt(fresh)).toBe('none')
    expect(await attempt(old)).toBe(refused)
    expect(keysAsked(issuer)).toBe(2)
  })

  test('that nobody knows cost one fetch a cool-down, however many ask for them', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    clocks.pass(10_000)
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => attempt(fresh)))
    expect(new Set(outcomes)).toEqual(new Set([refused]))
    expect(keysAsked(issuer)).toBe(2)
    expect(await attempt(fresh)).toBe(refused)
    expect(keysAsked(issuer)).toBe(2)
    clocks.pass(10_000)
    expect(await attempt(fresh)).toBe(refused)
    expect(keysAsked(issuer)).toBe(3)
  })

  test('that are known keep working while the issuer is down; unknown ones cannot be judged', async () => {
    const { attempt, issuer, clocks, reported } = open()
    await attempt(old)
    issuer.down = true
    clocks.pass(3_600_000)
    expect(await attempt(old)).toBe('none')
    expect(await attempt(fresh)).toBe(unavailable)
    expect(await attempt(old)).toBe('none')
    expect(reported.length).toBeGreaterThan(0)
  })

  test('are forgotten when the issuer has been down for a day: nobody could have withdrawn them', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    issuer.down = true
    clocks.pass(24 * 3_600_000 + 1)
    expect(await attempt(old)).toBe(unavailable)
  })

  test('that were withdrawn are worth nothing once the set is renewed, without any unknown key', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    issuer.keys = [fresh.jwk]
    clocks.pass(5 * 60_000 + 1)
    await attempt(old)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await attempt(old)).toBe(refused)
  })
})

describe('an issuer that cannot be reached at first', () => {
  test('is no reason to refuse for good: 503, and a new look soon', async () => {
    const { attempt, issuer, clocks } = open()
    issuer.down = true
    expect(await attempt(old)).toBe(unavailable)
    issuer.down = false
    expect(await attempt(old)).toBe(unavailable)
    clocks.pass(2_000)
    expect(await attempt(old)).toBe('none')
  })

  test('is asked by one at a time', async () => {
    const { attempt, issuer } = open()
    issuer.down = true
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => attempt(old)))
    expect(new Set(outcomes)).toEqual(new Set([unavailable]))
    expect(issuer.asked).toHaveLength(1)
  })

  test.each([
    ['names another issuer', { issuer: 'https://evil.example' }],
    ['names no keys', { jwks_uri: undefined }],
  ])('or that %s gives no keys', async (_, discovery) => {
    const issuer = makeIssuer([old])
    issuer.discovery = discovery
    expect(await open(issuer).attempt(old)).toBe(unavailable)
  })
})

describe('a clock that is set', () => {
  test('back neither stops nor hastens the search for new keys', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    clocks.step(-3_600_000)
    issuer.keys = [fresh.jwk]
    clocks.pass(10_000)
    expect(await attempt(fresh)).toBe('none')
    expect(keysAsked(issuer)).toBe(2)
  })

  test('forward does not forget the keys of an issuer that is down', async () => {
    const { attempt, issuer, clocks } = open()
    await attempt(old)
    issuer.down = true
    clocks.step(48 * 3_600_000)
    expect(await attempt(old)).toBe('none')
  })
})

test('addresses that the issuer names elsewhere are marked as such, and get no credential of ours', async () => {
  const issuer = makeIssuer([old])
  issuer.discovery = { jwks_uri: 'https://elsewhere.example/jwks' }
  issuer.answer = () => ({ status: 200, body: { keys: [old.jwk] } })
  const clocks = makeClocks()
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], bearer: async () => 'ours' },
    { fetch: issuer.fetch, report: () => {}, now: clocks.now, elapsed: clocks.elapsed },
  )
  await provider.identify(await signToken({ key: old }))
  const [discovery, keys] = issuer.asked
  expect(discovery).toMatchObject({ foreign: false, headers: { authorization: 'Bearer ours' } })
  expect(keys?.foreign).toBe(true)
  expect(keys?.headers['authorization']).toBeUndefined()
})
