import { describe, expect, test } from 'vitest'
import { createKubernetesProvider, type KubernetesSettings } from '#authn/kubernetes.ts'
import { createFakeKubernetes } from '../../support/fake-kubernetes.ts'
import { epochMs, makeClocks, makeIssuer, makeKey, outcomeOf, signToken } from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const unavailable = 'ServiceUnavailableException'
const seconds = epochMs / 1000
const username = 'system:serviceaccount:analytics:spark'
const groups = ['system:serviceaccounts', 'system:serviceaccounts:analytics', 'system:authenticated']
const key = await makeKey('cluster', 'RS256')

const claims = {
  iss: 'https://kubernetes.default.svc.cluster.local',
  sub: username,
  aud: ['lakegate'],
  'kubernetes.io': { namespace: 'analytics', serviceaccount: { name: 'spark', uid: 'uid-1' } },
}
const podToken = (over: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  signToken({ key, claims: { ...claims, ...over } })

const open = (settings: Partial<KubernetesSettings> = {}) => {
  const cluster = createFakeKubernetes()
  const issuer = makeIssuer([key])
  issuer.answer = (request) =>
    request.url.endsWith('/openid/v1/jwks')
      ? { status: 200, body: { keys: issuer.keys } }
      : cluster.answer(request)
  const clocks = makeClocks()
  const provider = createKubernetesProvider(
    {
      id: 'kubernetes',
      uri: 'https://kube.example/',
      audiences: ['lakegate'],
      token: async () => 'reviewer-token',
      ...settings,
    },
    { fetch: issuer.fetch, report: () => {}, now: clocks.now, elapsed: clocks.elapsed },
  )
  const know = async (over: Readonly<Record<string, unknown>> = {}, token?: string) => {
    const made = token ?? (await podToken(over))
    cluster.accounts.set(made, { username, uid: 'uid-1', groups, audiences: ['lakegate'], ...over })
    return made
  }
  return { cluster, issuer, clocks, provider, know }
}

describe('a token of a service account', () => {
  test('is told from others by its issuer, subject and audience', async () => {
    const { provider } = open()
    expect(provider.claims(await podToken())).toBe(true)
    expect(provider.claims(await podToken({ iss: 'https://id.example' }))).toBe(false)
    expect(provider.claims(await podToken({ sub: 'alice' }))).toBe(false)
    expect(provider.claims(await podToken({ aud: 'vault' }))).toBe(false)
    expect(provider.claims('opaque')).toBe(false)
  })

  test.each(['token-review', 'jwt'] as const)('is the same principal by %s', async (method) => {
    const { provider, know } = open({ method })
    expect(await provider.identify(await know())).toMatchObject({
      kind: 'user',
      id: 'kubernetes~uid-1',
      userType: 'application',
      name: 'analytics/spark',
      groups: groups.map((group) => `kubernetes~${group}`),
    })
  })

  test.each(['token-review', 'jwt'] as const)(
    'goes by its name where that is wanted, by %s',
    async (method) => {
      const { provider, know } = open({ method, subject: 'username' })
      expect((await provider.identify(await know())).id).toBe(`kubernetes~${username}`)
    },
  )

  test('is believed for a minute after a review: its pod may be gone', async () => {
    const { provider, know } = open()
    expect(await provider.identify(await know())).toMatchObject({
      believedForMs: 60_000,
      expiresAt: (seconds + 600) * 1000,
    })
  })
})

describe('a review', () => {
  test('that does not know the token refuses it', async () => {
    const { provider } = open()
    expect(await outcomeOf(async () => provider.identify(await podToken()))).toBe(refused)
  })

  test('for other audiences refuses it', async () => {
    const { provider, know } = open()
    const token = await know({ audiences: ['vault'] })
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test('by an API that has not looked at audiences refuses it', async () => {
    const { provider, know, cluster } = open()
    cluster.oldFashioned = true
    const token = await know()
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test.each([
    ['a person', 'alice'],
    ['a node', 'system:node:n1'],
    ['an account of an account', `${username}:x`],
  ])('that names %s refuses it', async (_, other) => {
    const { provider, know } = open()
    const token = await know({ username: other })
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test('that does not take our own token leaves the question open: 503', async () => {
    const { provider, know, cluster } = open()
    cluster.reviewer = 'another'
    const token = await know()
    expect(await outcomeOf(() => provider.identify(token))).toBe(unavailable)
  })

  test('that cannot be had leaves the question open: 503', async () => {
    const { provider, know, issuer } = open()
    issuer.down = true
    const token = await know()
    expect(await outcomeOf(() => provider.identify(token))).toBe(unavailable)
  })
})

describe('verified here', () => {
  test('a token of another key is refused', async () => {
    const { provider } = open({ method: 'jwt' })
    const token = await signToken({ key: await makeKey('cluster', 'RS256'), claims })
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test('a token without the uid of its account is refused', async () => {
    const { provider } = open({ method: 'jwt' })
    const token = await podToken({ 'kubernetes.io': {} })
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test('the keys are asked for with our own token', async () => {
    const { provider, issuer } = open({ method: 'jwt' })
    await provider.identify(await podToken())
    expect(issuer.asked[0]).toMatchObject({
      url: 'https://kube.example/openid/v1/jwks',
      headers: { authorization: 'Bearer reviewer-token' },
    })
  })
})

describe('a token from before audiences', () => {
  const legacy = { iss: 'kubernetes/serviceaccount', aud: undefined, exp: undefined }

  test('is nobody’s unless that is written down', async () => {
    expect(open().provider.claims(await podToken(legacy))).toBe(false)
    expect(open({ acceptLegacy: true }).provider.claims(await podToken(legacy))).toBe(true)
  })

  test('is reviewed without audiences, and believed for a minute although it never ends', async () => {
    const { provider, know } = open({ acceptLegacy: true })
    const token = await know({}, await podToken(legacy))
    expect(await provider.identify(token)).toMatchObject({ expiresAt: null, believedForMs: 60_000 })
  })
})
