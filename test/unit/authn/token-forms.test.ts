/** Forms of tokens at the edge of what the specifications allow: each is taken or refused, and never an error of ours. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider, type OidcSettings } from '#authn/oidc.ts'
import {
  epochMs,
  issuerUri,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  signText,
  signToken,
} from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const seconds = epochMs / 1000
const good = { iss: issuerUri, sub: 'alice', aud: 'lakegate', exp: seconds + 600 }
let key: MadeKey
beforeAll(async () => {
  key = await makeKey('k1')
})

/** Of the group of P-256. */
const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'

type Members = Readonly<Record<string, unknown>>

const open = (settings: Partial<OidcSettings> = {}, keys: readonly MadeKey[] = [key]) => {
  const issuer = makeIssuer(keys)
  const clocks = makeClocks()
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], ...settings },
    { fetch: issuer.fetch, report: () => {}, now: clocks.now, elapsed: clocks.elapsed },
  )
  return { issuer, provider }
}

const withClaims = (claims: Members) =>
  outcomeOf(async () => open().provider.identify(await signToken({ key, claims })))

const withText = (payload: string, header = '{"alg":"ES256","kid":"k1"}') =>
  outcomeOf(() => open().provider.identify(signText(key, header, payload)))

const textOf = (claims: Members): string => JSON.stringify({ ...good, ...claims })

describe('times', () => {
  const cases: readonly (readonly [string, Members, string])[] = [
    ['an end with a fraction', { exp: seconds + 0.5 }, 'none'],
    ['an end in a thousand years', { exp: seconds + 31_556_952_000 }, 'none'],
    ['no beginning', { nbf: undefined }, 'none'],
    ['a beginning with a fraction', { nbf: seconds - 0.5 }, 'none'],
    ['no time of issue', { iat: undefined }, 'none'],
    ['an issue within the clock skew', { iat: seconds + 29 }, 'none'],
    ['an issue in the future', { iat: seconds + 31 }, refused],
    ['an issue that is no number', { iat: 'now' }, refused],
    ['an end that is a text of digits', { exp: `${seconds + 600}` }, refused],
    ['an end that is null', { exp: null }, refused],
    ['an end before the epoch', { exp: -1 }, refused],
    ['an end that no calendar has', { exp: 1e300 }, refused],
    ['an end in the last second of the calendar', { exp: 253_402_300_799 }, 'none'],
    ['an end just beyond it', { exp: 253_402_300_800 }, refused],
    ['an end in milliseconds', { exp: 1_795_293_420_389 }, refused],
    ['a beginning that is a text', { nbf: `${seconds}` }, refused],
  ]
  test.each(cases)('%s: %j is %s', async (_, claims, outcome) =>
    expect(await withClaims(claims)).toBe(outcome),
  )

  test('an end at infinity is none', async () => {
    expect(await withText(textOf({}).replace(`${seconds + 600}`, '1e999'))).toBe(refused)
  })
})

describe('a purpose', () => {
  const cases: readonly (readonly [string, Members, string])[] = [
    ['an access token of Keycloak', { typ: 'Bearer' }, 'none'],
    ['an access token of Cognito', { token_use: 'access' }, 'none'],
    ['an ID token of Keycloak', { typ: 'ID' }, refused],
    ['a refresh token of Keycloak', { typ: 'Refresh' }, refused],
    ['an offline token of Keycloak', { typ: 'Offline' }, refused],
    ['a logout token of Keycloak', { typ: 'Logout' }, refused],
    ['an ID token of Cognito', { token_use: 'id' }, refused],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, refused],
  ]
  test.each(cases)('as of %s: %j is %s', async (_, claims, outcome) =>
    expect(await withClaims(claims)).toBe(outcome),
  )

  const types: readonly (readonly [unknown, string])[] = [
    ['JWT', 'none'],
    ['jwt', 'none'],
    ['at+jwt', 'none'],
    ['AT+JWT', 'none'],
    ['application/at+jwt', 'none'],
    ['JOSE', 'none'],
    ['dpop+jwt', refused],
    ['secevent+jwt', refused],
    ['token-introspection+jwt', refused],
    ['jwk-set+json', refused],
    ['', refused],
    [7, refused],
    [null, refused],
  ]
  test.each(types)('as of a header’s type %j is %s', async (typ, outcome) =>
    expect(await withText(textOf({}), JSON.stringify({ alg: 'ES256', kid: 'k1', typ }))).toBe(outcome),
  )
})

describe('headers', () => {
  const cases: readonly (readonly [string, Members, string])[] = [
    ['a nonce that nobody asked for', { nonce: 'x' }, 'none'],
    ['an unencoded payload', { b64: false, crit: ['b64'] }, refused],
    ['an empty list of extensions', { crit: [] }, refused],
    ['a list of extensions that is a text', { crit: 'exp' }, refused],
    ['an extension that is not there', { crit: ['x'] }, refused],
    ['an extension that is a registered header', { crit: ['kid'] }, refused],
    ['a key id as a path', { kid: '../../../../dev/null' }, refused],
    ['a key id as SQL', { kid: "k1' or '1'='1" }, refused],
    ['a key id as a command', { kid: 'k1;id' }, refused],
    ['a key id with a null', { kid: 'k1\u0000' }, refused],
    ['a key id in other letters', { kid: 'K1' }, refused],
    ['a key id of 12 KB', { kid: 'k'.repeat(12_000) }, refused],
    ['a key id that is a number', { kid: 1 }, refused],
    ['a key id that is a list', { kid: ['k1'] }, refused],
    ['a key id that is null', { kid: null }, refused],
    ['an algorithm as a list', { alg: ['ES256'] }, refused],
    ['another algorithm of the same family', { alg: 'ES384' }, refused],
    ['an algorithm in other letters', { alg: 'es256' }, refused],
    ['a curve for currencies', { alg: 'ES256K' }, refused],
    ['its keys in a thumbprint of a certificate', { x5t: 'AA', 'x5t#S256': 'AA' }, 'none'],
    ['a chain of certificates', { x5c: ['MIIB', 'MIIC'] }, refused],
    ['an empty key of its own', { jwk: {} }, refused],
    ['a key of its own that is null', { jwk: null }, refused],
  ]
  test.each(cases)('with %s', async (_, header, outcome) =>
    expect(await withText(textOf({}), JSON.stringify({ alg: 'ES256', kid: 'k1', ...header }))).toBe(outcome),
  )

  test('without an encoded payload, which nothing declares, is as if it were not there', async () => {
    expect(await withText(textOf({}), '{"alg":"ES256","kid":"k1","b64":false}')).toBe('none')
  })
})

describe('members that stand there twice', () => {
  const twice = async (payload: string) => (await open().provider.identify(signText(key, header, payload))).id
  const header = '{"alg":"ES256","kid":"k1"}'

  test('count as the last of them, for whoever looks', async () => {
    expect(await twice(`{"sub":"admin",${textOf({}).slice(1)}`)).toBe('oidc~alice')
    const foreign = signText(key, header, `${textOf({}).slice(0, -1)},"iss":"https://other.example"}`)
    expect(open().provider.claims(foreign)).toBe(false)
    expect(await outcomeOf(() => open().provider.identify(foreign))).toBe(refused)
  })

  test('in the header are no way around an algorithm', async () => {
    expect(await withText(textOf({}), '{"alg":"ES256","kid":"k1","alg":"none"}')).toBe(refused)
    expect(await withText(textOf({}), '{"alg":"none","kid":"k1","alg":"ES256"}')).toBe('none')
  })
})

describe('payloads that are no claims', () => {
  test.each(['7', 'null', '"alice"', '[]', '{}', '', '{', '{"sub":"alice"', '\ufeff{}', '[[[[[[[['])(
    '%j is refused',
    async (payload) => expect(await withText(payload)).toBe(refused),
  )

  test('a prototype lends nothing', async () => {
    const { sub: _, ...nameless } = good
    const text = JSON.stringify(nameless)
    expect(await withText(`{"__proto__":{"sub":"admin"},${text.slice(1)}`)).toBe(refused)
  })

  test('bytes that are no text are no subject', async () => {
    expect(await withClaims({ sub: 'al\ufffdice' })).toBe(refused)
  })
})

describe('signatures', () => {
  const swapped = async (signature: Buffer | string) => {
    const [header, payload] = (await signToken({ key })).split('.')
    const text = typeof signature === 'string' ? signature : signature.toString('base64url')
    return outcomeOf(() => open().provider.identify(`${header}.${payload}.${text}`))
  }

  test.each([
    ['that is missing', ''],
    ['of zeros', Buffer.alloc(64)],
    ['of ones', Buffer.alloc(64, 255)],
    ['of one byte', Buffer.alloc(1)],
    ['of a byte too few', Buffer.alloc(63, 1)],
    ['of a byte too many', Buffer.alloc(65, 1)],
    ['in the other form', Buffer.from('3006020101020101', 'hex')],
    ['of 8 KB', Buffer.alloc(8_000, 1)],
    ['with r of the order of the curve', Buffer.from(`${order}${'01'.padStart(64, '0')}`, 'hex')],
  ])('one %s is refused', async (_, signature) => expect(await swapped(signature)).toBe(refused))

  test.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS512', 'PS256', 'PS512'])(
    'one by %s is taken, and by its key for no other algorithm',
    async (algorithm) => {
      const made = await makeKey('k', algorithm)
      const { provider } = open({}, [made])
      const token = await signToken({ key: made })
      expect(await outcomeOf(() => provider.identify(token))).toBe('none')
      const strict = open({ algorithms: [algorithm === 'ES256' ? 'RS256' : 'ES256'] }, [made]).provider
      expect(await outcomeOf(() => strict.identify(token))).toBe(refused)
    },
  )
})

describe('what is no signed token in compact form', () => {
  const forms: readonly (readonly [string, (token: string) => string])[] = [
    ['padded', (token) => `${token}=`],
    ['padded within', (token) => token.replace('.', '=.')],
    ['in the alphabet with plus and slash', (token) => token.replace(/^./, '+')],
    ['with a payload that is elsewhere', (token) => token.replace(/\.[^.]*\./, '..')],
    ['encrypted', (token) => `${token}.AAAA.AAAA`],
    ['in JSON', (token) => JSON.stringify({ payload: token.split('.')[1] })],
    ['with a line break', (token) => `${token}\n`],
    ['with a disclosure', (token) => `${token}~WyJ4Il0~`],
  ]
  test.each(forms)('%s: nobody’s, and refused unasked', async (_, form) => {
    const { provider, issuer } = open()
    const token = form(await signToken({ key }))
    expect(provider.claims(token)).toBe(false)
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
    expect(issuer.asked).toEqual([])
  })
})

describe('audiences', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['lakegate', 'none'],
    [['account', 'lakegate'], 'none'],
    [['lakegate', 7], 'none'],
    ['Lakegate', refused],
    ['lakegate ', refused],
    ['lakegate account', refused],
    [[], refused],
    [[['lakegate']], refused],
    [{ lakegate: true }, refused],
    ['*', refused],
  ]
  test.each(cases)('%j is %s', async (aud, outcome) => expect(await withClaims({ aud })).toBe(outcome))
})
