import { describe, expect, test } from 'vitest'
import type { Identity, People, Provider } from '#authn/identity.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { epochMs, makeClocks, outcomeOf } from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'

const identity = (over: Partial<Identity> = {}): Identity => ({
  kind: 'user',
  id: 'oidc~alice',
  userType: 'human',
  groups: [],
  expiresAt: epochMs + 600_000,
  ...over,
})

const everybody: People = { admit: ({ kind, id }) => ({ kind, id }) }

interface FakeProvider extends Provider {
  readonly asked: string[]
}

/** Claims what begins with its id. */
const fake = (id: string, identify: (token: string) => Promise<Identity>): FakeProvider => {
  const asked: string[] = []
  return {
    id,
    asked,
    claims: (token) => token.startsWith(id),
    identify: (token) => {
      asked.push(token)
      return identify(token)
    },
  }
}

const open = (
  providers: readonly Provider[],
  over: { people?: People; token?: string; maxKept?: number } = {},
) => {
  const clocks = makeClocks()
  const authenticator = createProviderAuthenticator({ providers, people: everybody, ...clocks, ...over })
  const ask = (authorization: string | undefined) =>
    authenticator.authenticate({ authorization, origin: undefined, host: undefined })
  return { clocks, authenticator, ask }
}

const good = () => fake('a', async () => identity())

describe('a bearer token', () => {
  test('is judged by the first provider that claims it, and by nobody else', async () => {
    const first = fake('a', async () => {
      throw new CatalogError('NotAuthorizedException', 'no')
    })
    const second = fake('a', async () => identity())
    const { ask } = open([first, second])
    expect(await outcomeOf(() => ask('Bearer a-token'))).toBe(refused)
    expect(second.asked).toEqual([])
  })

  test('that nobody claims is refused unasked', async () => {
    const provider = good()
    expect(await outcomeOf(() => open([provider]).ask('Bearer b-token'))).toBe(refused)
    expect(provider.asked).toEqual([])
  })

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['a scheme alone', 'Bearer'],
    ['a scheme and spaces', 'Bearer   '],
    ['spelled out as absent', 'Bearer None'],
    ['of another scheme', 'Basic a-token'],
    ['without a scheme', 'a-token'],
    ['two', 'Bearer a-token a-token'],
    ['two headers in one', 'Bearer a-token, Bearer a-token'],
    ['of letters beyond ASCII', 'Bearer a-\u00e9'],
    ['of control characters', 'Bearer a-\u0000'],
  ])('%s is no credential', async (_, authorization) => {
    const provider = { ...good(), claims: () => true }
    expect(await outcomeOf(() => open([provider]).ask(authorization))).toBe(refused)
    expect(provider.asked).toEqual([])
  })

  test('that is huge is refused before anybody looks into it', async () => {
    let looked = 0
    const provider: Provider = { ...good(), claims: () => ++looked > 0 }
    expect(await outcomeOf(() => open([provider]).ask(`Bearer a${'x'.repeat(16 * 1024)}`))).toBe(refused)
    expect(looked).toBe(0)
  })

  test.each(['bearer a-token', 'BEARER  a-token', 'Bearer   a-token'])('is found in "%s"', async (text) => {
    expect(await open([good()]).ask(text)).toMatchObject({ id: 'oidc~alice' })
  })

  test('that cannot be judged now is answered with 503', async () => {
    const provider = fake('a', async () => {
      throw new CatalogError('ServiceUnavailableException', 'down')
    })
    expect(await outcomeOf(() => open([provider]).ask('Bearer a-token'))).toBe('ServiceUnavailableException')
  })
})

describe('a token that was verified', () => {
  test('is answered at once and not verified again', async () => {
    const provider = good()
    const { ask } = open([provider])
    await ask('Bearer a-token')
    expect(ask('Bearer a-token')).toMatchObject({ id: 'oidc~alice' })
    expect(ask('bearer  a-token')).toMatchObject({ id: 'oidc~alice' })
    expect(provider.asked).toHaveLength(1)
  })

  test('by many at once is verified once', async () => {
    const provider = good()
    const { ask } = open([provider])
    await Promise.all(Array.from({ length: 20 }, () => ask('Bearer a-token')))
    expect(provider.asked).toHaveLength(1)
  })

  test('is judged anew when it ends, also when only the clock was set', async () => {
    const provider = good()
    const { ask, clocks } = open([provider])
    await ask('Bearer a-token')
    clocks.step(600_000)
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(2)
  })

  test('is judged anew after five minutes, also when the clock was set back', async () => {
    const provider = good()
    const { ask, clocks } = open([provider])
    await ask('Bearer a-token')
    clocks.pass(299_999)
    clocks.step(-3_600_000)
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(1)
    clocks.pass(1)
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(2)
  })

  test('is believed no longer than its provider says', async () => {
    const provider = fake('a', async () => identity({ expiresAt: null, believedForMs: 1_000 }))
    const { ask, clocks } = open([provider])
    await ask('Bearer a-token')
    clocks.pass(1_000)
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(2)
  })

  test('is one of a bounded number', async () => {
    const provider = good()
    const { ask } = open([provider], { maxKept: 2 })
    for (const token of ['a-1', 'a-2', 'a-3', 'a-1']) await ask(`Bearer ${token}`)
    expect(provider.asked).toEqual(['a-1', 'a-2', 'a-3', 'a-1'])
  })

  test('still has to be welcome', async () => {
    let welcome = true
    const people: People = {
      admit: ({ kind, id }) => {
        if (!welcome) throw new CatalogError('NotAuthorizedException', 'no')
        return { kind, id }
      },
    }
    const { ask } = open([good()], { people })
    await ask('Bearer a-token')
    welcome = false
    expect(await outcomeOf(() => ask('Bearer a-token'))).toBe(refused)
  })
})

describe('what is forgotten', () => {
  test.each([
    ['by whom', (a: ReturnType<typeof open>['authenticator']) => a.forget(({ id }) => id === 'oidc~alice')],
    [
      'by an event',
      (a: ReturnType<typeof open>['authenticator']) =>
        a.drop({ type: 'principal.changed', object: 'oidc~alice' }),
    ],
    ['with everything', (a: ReturnType<typeof open>['authenticator']) => a.clear()],
  ])('%s is judged anew', async (_, forget) => {
    const provider = good()
    const { ask, authenticator } = open([provider])
    await ask('Bearer a-token')
    forget(authenticator)
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(2)
  })

  test('leaves the others alone', async () => {
    const provider = good()
    const { ask, authenticator } = open([provider])
    await ask('Bearer a-token')
    authenticator.drop({ type: 'principal.changed', object: 'oidc~bob' })
    await ask('Bearer a-token')
    expect(provider.asked).toHaveLength(1)
  })

  test('while it is being verified is not kept, and who comes later does not share it', async () => {
    const waiting: (() => void)[] = []
    const provider = fake('a', () => new Promise((resolve) => waiting.push(() => resolve(identity()))))
    const { ask, authenticator } = open([provider])
    const before = ask('Bearer a-token')
    authenticator.clear()
    const after = ask('Bearer a-token')
    for (const resolve of waiting) resolve()
    await Promise.all([before, after])
    expect(provider.asked).toHaveLength(2)
    expect(ask('Bearer a-token')).toEqual({ kind: 'user', id: 'oidc~alice' } satisfies Principal)
  })
})

describe('the static token beside providers', () => {
  test('is one principal; a wrong one goes to the providers', async () => {
    const { ask } = open([good()], { token: 's3cret' })
    expect(ask('Bearer s3cret')).toEqual({ kind: 'token', id: 'token:static' })
    expect(await ask('Bearer a-token')).toMatchObject({ id: 'oidc~alice' })
    expect(await outcomeOf(() => ask('Bearer s3cre'))).toBe(refused)
  })
})
