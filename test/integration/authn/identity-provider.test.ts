/** A gateway before a real identity provider: tokens that end within seconds, keys that rotate, outages. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts'

let people: IdentityProvider
let partners: IdentityProvider
let gateway: Gateway

const engine = { id: 'engine', secret: 'engine-secret', claims: { groups: ['writers'] } }
const person = { id: 'ann', secret: 'ann-secret', claims: { name: 'Ann Lee', email: 'ann@a.example' } }

beforeAll(async () => {
  people = await startIdentityProvider({ clients: [engine, person] })
  partners = await startIdentityProvider({ clients: [engine], algorithm: 'ES256' })
  gateway = await startGateway({
    server: {
      auth: {
        oidc: [
          {
            uri: people.issuer,
            audience: ['lakegate'],
            scope: 'catalog',
            'roles-claim': 'groups',
            'clock-skew-seconds': 0,
            introspection: { 'client-id': 'engine', 'client-secret': 'env:ENGINE_SECRET', method: 'post' },
          },
          { id: 'partners', uri: partners.issuer, audience: ['lakegate'] },
        ],
      },
    },
    env: { ENGINE_SECRET: 'engine-secret' },
  })
})
afterAll(async () => {
  await gateway.discard()
  await people.stop()
  await partners.stop()
})

const whoami = async (token: string | undefined): Promise<{ status: number; id: unknown }> => {
  const answer = await fetch(`${gateway.origin}/management/v1/whoami`, {
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  })
  const body = (await answer.json()) as { id?: unknown }
  return { status: answer.status, id: body.id }
}

describe('tokens of several issuers', () => {
  test('name principals that are never each other’s', async () => {
    expect(await whoami(await people.token())).toEqual({ status: 200, id: 'oidc~engine' })
    expect(await whoami(await partners.token())).toEqual({ status: 200, id: 'partners~engine' })
  })

  test('are needed: nobody is anonymous, and nothing says development', async () => {
    expect((await whoami(undefined)).status).toBe(401)
    expect((await whoami('None')).status).toBe(401)
    const answer = await fetch(`${gateway.catalog}/v1/config`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(answer.headers.get('lakegate-mode')).toBeNull()
  })

  test('end within seconds where they say so', async () => {
    people.setLifetime(2)
    const token = await people.token()
    people.setLifetime(600)
    expect((await whoami(token)).status).toBe(200)
    expect((await whoami(token)).status).toBe(200)
    await delay(2_100)
    expect((await whoami(token)).status).toBe(401)
  })

  test('that are opaque are asked about', async () => {
    const token = await people.token('ann', 'opaque')
    const before = people.asked('/token/introspection')
    expect(await whoami(token)).toEqual({ status: 200, id: 'oidc~ann' })
    expect(await whoami(token)).toEqual({ status: 200, id: 'oidc~ann' })
    expect(people.asked('/token/introspection')).toBe(before + 1)
    expect((await whoami('made-up')).status).toBe(401)
  })
})

describe('an issuer', () => {
  test('that is down does not lock out those whose keys are known', async () => {
    const token = await people.token()
    const opaque = await people.token('engine', 'opaque')
    people.down()
    expect((await whoami(token)).status).toBe(200)
    expect((await whoami(opaque)).status).toBe(503)
    people.up()
    expect((await whoami(opaque)).status).toBe(200)
  })

  test('that takes a new key is believed with it, and the old tokens still count', async () => {
    const before = await partners.token()
    await delay(10_000)
    await partners.rotate('published')
    const after = await partners.token()
    expect((await whoami(after)).status).toBe(200)
    expect((await whoami(before)).status).toBe(200)
  }, 30_000)
})
