import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createOwnKeys, type SigningKey } from '#authn/own-keys.ts'
import { createOwnTokens, type IssueRequest } from '#authn/own-tokens.ts'

const start = Date.UTC(2026, 0, 1)
const day = 86_400_000

const createKey = (id: string, activeFrom = start - day, activeUntil = start + day): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { id, privateKey, publicJwk: publicKey.export({ format: 'jwk' }), activeFrom, activeUntil }
}

const createBench = (recorded: SigningKey[] = [createKey('one')]) => {
  const clock = { now: start, elapsed: 0 }
  const looks = { count: 0, error: undefined as Error | undefined }
  const keys = createOwnKeys({
    load: async () => {
      looks.count += 1
      if (looks.error) throw looks.error
      return [...recorded]
    },
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    onFailure: () => {},
  })
  const tokens = createOwnTokens({ keys, issuer: 'urn:us', now: () => clock.now })
  const pass = (milliseconds: number): void => {
    clock.now += milliseconds
    clock.elapsed += milliseconds
  }
  return { recorded, clock, looks, keys, tokens, pass }
}

const request: IssueRequest = {
  identity: {
    ...{ kind: 'user', id: 'oidc~alice', userType: 'human', name: 'Alice', email: 'a@x.example' },
    ...{ groups: ['oidc~eng'], keyId: 'k' },
  },
  scope: 'catalog',
  lifetimeSeconds: 60,
  notAfter: null,
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const forged = (key: SigningKey, header: object, payload: object): string => {
  const content = `${part(header)}.${part(payload)}`
  return `${content}.${sign(null, Buffer.from(content), key.privateKey).toString('base64url')}`
}

const payloadOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('a token of ours', () => {
  it('says again who it was given to, until it expires', async () => {
    const { tokens, pass } = createBench()
    const { token, expiresIn } = await tokens.issue(request)
    expect(expiresIn).toBe(60)
    expect(tokens.claims(token)).toBe(true)
    expect(await tokens.identify(token)).toEqual({ ...request.identity, expiresAt: start + 60_000 })
    pass(60_000)
    await expect(tokens.identify(token)).rejects.toMatchObject({ status: 401 })
    expect((await tokens.read(token)).expiresAt).toBe(start + 60_000)
  })

  it('does not outlive what it was given for, and tells it to its renewals', async () => {
    const { tokens } = createBench()
    const { token, expiresIn } = await tokens.issue({ ...request, notAfter: start + 10_500 })
    expect(expiresIn).toBe(10)
    expect((await tokens.read(token)).notAfter).toBe(start + 10_000)
  })

  it('is good for all the time that was promised, whenever within a second it was given', async () => {
    const { tokens, pass } = createBench()
    pass(700)
    const { token, expiresIn } = await tokens.issue({ ...request, lifetimeSeconds: 2 })
    expect(expiresIn).toBe(2)
    pass(1_999)
    expect((await tokens.identify(token)).id).toBe('oidc~alice')
    pass(301)
    await expect(tokens.identify(token)).rejects.toMatchObject({ status: 401 })
  })

  it('is never the same twice', async () => {
    const { tokens } = createBench()
    const [one, two] = [await tokens.issue(request), await tokens.issue(request)]
    expect(one.token).not.toBe(two.token)
  })

  it('is refused where its sender is in too many groups to fit into a header', async () => {
    const { tokens } = createBench()
    const groups = Array.from({ length: 1000 }, (_, i) => `oidc~group-${i}-with-a-name`)
    const issue = async () => tokens.issue({ ...request, identity: { ...request.identity, groups } })
    await expect(issue()).rejects.toMatchObject({ status: 400 })
  })
})

describe('a forged token', () => {
  const key = createKey('one')
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'one' }
  const genuine = async () => {
    const bench = createBench([key])
    const { token } = await bench.tokens.issue(request)
    return { ...bench, token, payload: payloadOf(token) as Record<string, unknown> }
  }

  it('would be taken with everything in place: each change below is what refuses it', async () => {
    const { tokens, payload } = await genuine()
    expect((await tokens.identify(forged(key, header, payload))).id).toBe('oidc~alice')
  })

  it.each<[string, object]>([
    ['no algorithm', { ...header, alg: 'none' }],
    ['a symmetric algorithm', { ...header, alg: 'HS256' }],
    ['another asymmetric algorithm', { ...header, alg: 'ES256' }],
    ['the type of an ID token', { ...header, typ: 'JWT' }],
    ['no key id', { alg: 'EdDSA', typ: 'at+jwt' }],
    ['an unknown key id', { ...header, kid: 'two' }],
    ['a key id that is no text', { ...header, kid: { one: 1 } }],
    ['a key id of every object', { ...header, kid: '__proto__' }],
  ])('with %s is refused', async (_name, changed) => {
    const { tokens, payload } = await genuine()
    await expect(tokens.identify(forged(key, changed, payload))).rejects.toMatchObject({ status: 401 })
  })

  it('that brings its own key is refused', async () => {
    const { tokens, payload } = await genuine()
    const own = createKey('one')
    const jwk = { ...header, jwk: own.publicJwk, jku: 'https://evil.example/jwks.json' }
    await expect(tokens.identify(forged(own, jwk, payload))).rejects.toMatchObject({ status: 401 })
  })

  it.each<[string, (payload: Record<string, unknown>) => object]>([
    ['another issuer', (payload) => ({ ...payload, iss: 'urn:them' })],
    ['another audience', (payload) => ({ ...payload, aud: 'urn:them' })],
    ['a time in the future', (payload) => ({ ...payload, iat: start / 1000 + 3600 })],
    ['a time that is over', (payload) => ({ ...payload, exp: start / 1000 })],
  ])('with %s is refused', async (_name, change) => {
    const { tokens, payload } = await genuine()
    await expect(tokens.identify(forged(key, header, change(payload)))).rejects.toMatchObject({ status: 401 })
  })

  it('with an altered payload, or without its signature, is refused', async () => {
    const { tokens, token, payload } = await genuine()
    const [head, , signature] = token.split('.')
    const altered = `${head}.${part({ ...payload, sub: 'oidc~root' })}.${signature}`
    for (const bad of [altered, `${head}.${part(payload)}.`, `${head}.${part(payload)}.AAAA`])
      await expect(tokens.identify(bad)).rejects.toMatchObject({ status: 401 })
  })

  it('leads to one look at the records, however many there are', async () => {
    const { tokens, payload, looks, pass } = await genuine()
    pass(60_000)
    const before = looks.count
    for (let i = 0; i < 20; i++)
      await tokens.identify(forged(key, { ...header, kid: `made-up-${i}` }, payload)).catch(() => {})
    expect(looks.count).toBe(before + 1)
  })
})

describe('keys', () => {
  it('follow one another: the next signs from its time on, and the tokens of the last stay good', async () => {
    const bench = createBench([createKey('one', start - day, start + 1000), createKey('two', start + 1000)])
    const first = await bench.tokens.issue(request)
    expect((await bench.keys.signer()).id).toBe('one')
    bench.pass(1000)
    expect((await bench.keys.signer()).id).toBe('two')
    expect((await bench.tokens.identify(first.token)).id).toBe('oidc~alice')
  })

  it('that are no longer published end the tokens that they signed', async () => {
    const bench = createBench()
    const { token } = await bench.tokens.issue(request)
    bench.recorded[0] = createKey('two')
    bench.pass(30_000)
    expect((await bench.keys.published()).map(({ id }) => id)).toEqual(['two'])
    await expect(bench.tokens.identify(token)).rejects.toMatchObject({ status: 401 })
  })

  it('of another replica are looked for when the first token comes', async () => {
    const [here, there] = [createBench(), createBench()]
    await here.tokens.issue(request)
    here.recorded.push(...there.recorded.map((key) => ({ ...key, id: 'elsewhere' })))
    there.recorded[0] = { ...(there.recorded[0] as SigningKey), id: 'elsewhere' }
    const { token } = await there.tokens.issue(request)
    here.pass(30_000)
    expect((await here.tokens.identify(token)).id).toBe('oidc~alice')
  })

  it('are good for a clock that was set back before all of them', async () => {
    const { tokens, clock } = createBench()
    clock.now = start - 10 * day
    const { token } = await tokens.issue(request)
    expect((await tokens.identify(token)).id).toBe('oidc~alice')
  })

  it('that cannot be looked up refuse with 503, and known ones keep working', async () => {
    const { tokens, looks, pass } = createBench()
    looks.error = new Error('away')
    await expect(async () => tokens.issue(request)).rejects.toMatchObject({ status: 503 })
    looks.error = undefined
    const { token } = await tokens.issue(request)
    looks.error = new Error('away')
    pass(30_000)
    expect((await tokens.identify(token)).id).toBe('oidc~alice')
    const unknown = forged(createKey('x'), { alg: 'EdDSA', typ: 'at+jwt', kid: 'x' }, payloadOf(token))
    await expect(tokens.identify(unknown)).rejects.toMatchObject({ status: 503 })
  })
})
