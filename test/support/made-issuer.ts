/** An issuer in memory: it signs whatever it is asked to, publishes what it likes, and counts who asks. */
import { createSign, KeyObject } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { ProviderFetch, ProviderRequest } from '#authn/provider-fetch.ts'

export interface MadeKey {
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export const makeKey = async (kid: string, algorithm = 'ES256'): Promise<MadeKey> => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return {
    kid,
    algorithm,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
  }
}

export interface Signing {
  readonly key: MadeKey
  readonly claims?: Readonly<Record<string, unknown>>
  /** Undefined leaves a member out. */
  readonly header?: Readonly<Record<string, unknown>>
}

const defined = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

/** Of `alice`, for `lakegate`, worth ten minutes from the epoch 1,000,000 s; each member can be replaced. */
export const epochMs = 1_000_000_000
export const issuerUri = 'https://id.example/realms/lake'

export const signToken = ({ key, claims = {}, header = {} }: Signing): Promise<string> =>
  new SignJWT(
    defined({
      iss: issuerUri,
      sub: 'alice',
      aud: 'lakegate',
      iat: epochMs / 1000,
      exp: epochMs / 1000 + 600,
      ...claims,
    }),
  )
    .setProtectedHeader(defined({ alg: key.algorithm, kid: key.kid, ...header }) as { alg: string })
    .sign(key.privateKey, { crit: { 'x-must': true } })

/** A header and a payload as they are spelled here, under a good signature of ES256. */
export const signText = ({ privateKey }: MadeKey, header: string, payload: string): string => {
  const signed = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.')
  const key = KeyObject.from(privateKey)
  const signature = createSign('sha256').update(signed).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

export interface MadeIssuer {
  readonly fetch: ProviderFetch
  readonly asked: readonly ProviderRequest[]
  keys: readonly JWK[]
  /** Merged into the discovery document. */
  discovery: Readonly<Record<string, unknown>>
  down: boolean
  /** Answers of everything else, introspection and reviews among it. */
  answer: (request: ProviderRequest) => { readonly status: number; readonly body: unknown }
}

const jsonOf = (status: number, body: unknown) => ({ status, body: Buffer.from(JSON.stringify(body)) })

export const makeIssuer = (keys: readonly MadeKey[]): MadeIssuer => {
  const asked: ProviderRequest[] = []
  const issuer: MadeIssuer = {
    asked,
    keys: keys.map(({ jwk }) => jwk),
    discovery: {},
    down: false,
    answer: () => ({ status: 404, body: {} }),
    fetch: async (request) => {
      asked.push(request)
      if (issuer.down) throw new Error('no connection could be made')
      if (request.url === `${issuerUri}/.well-known/openid-configuration`)
        return jsonOf(200, { issuer: issuerUri, jwks_uri: `${issuerUri}/jwks`, ...issuer.discovery })
      if (request.url === `${issuerUri}/jwks`) return jsonOf(200, { keys: issuer.keys })
      const { status, body } = issuer.answer(request)
      return jsonOf(status, body)
    },
  }
  return issuer
}

/** How often the keys have been asked for. */
export const keysAsked = ({ asked }: MadeIssuer): number =>
  asked.filter(({ url }) => url.endsWith('/jwks')).length

/** Two clocks that stand still until a test moves them. */
export const makeClocks = () => {
  const clocks = { now: epochMs, elapsed: 50_000 }
  return {
    now: () => clocks.now,
    elapsed: () => clocks.elapsed,
    /** Time goes by. */
    pass: (ms: number) => {
      clocks.now += ms
      clocks.elapsed += ms
    },
    /** Somebody sets the clock. */
    step: (ms: number) => {
      clocks.now += ms
    },
  }
}

/** What became of an attempt: the type of a refusal, or `none`. */
export const outcomeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return 'none'
  } catch (error) {
    return error instanceof Error && 'type' in error ? String(error.type) : String(error)
  }
}
