/** The recipes of the manual, word for word, before tokens as the providers write them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createOidcProvider } from '#authn/oidc.ts'
import type { ProviderFetch } from '#authn/provider-fetch.ts'
import { checkAuth } from '../../../src/auth-check.ts'
import { authSchema, type OidcKeys } from '../../../src/auth-schema.ts'
import { oidcSettings } from '../../../src/oidc-settings.ts'
import { epochMs, type MadeKey, makeClocks, makeKey, signToken } from '../../support/made-issuer.ts'
import { providerShapes, type Shape } from '../../support/provider-shapes.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/identity.md'), 'utf8')
const [, providers = ''] = /\n## Providers\n(.*?)\n## /s.exec(page) ?? []
const recipes = [...providers.matchAll(/```yaml\n(.*?)```/gs)].flatMap(
  ([, text = '']) => parse(text) as readonly OidcKeys[],
)

let key: MadeKey
beforeAll(async () => {
  key = await makeKey('k1', 'RS256')
})

/** Every issuer at its own address, with one key; what else is asked for is not there. */
const everyIssuer: ProviderFetch = async ({ url }) => {
  const known = '/.well-known/openid-configuration'
  const jsonOf = (body: object) => ({ status: 200, body: Buffer.from(JSON.stringify(body)) })
  if (url.endsWith('/jwks')) return jsonOf({ keys: [key.jwk] })
  const issuer = recipes.map(({ uri }) => uri).find((uri) => url === `${uri.replace(/\/$/, '')}${known}`)
  if (issuer === undefined) throw new Error(`${url} is asked for`)
  return jsonOf({ issuer, jwks_uri: `${issuer.replace(/\/$/, '')}/jwks` })
}

const open = () => {
  const told = { missing: 0 }
  const deps = { fetch: everyIssuer, report: () => {}, rolesMissing: () => told.missing++, ...makeClocks() }
  const opened = recipes.map((keys) =>
    createOidcProvider(
      oidcSettings(keys, async () => ''),
      deps,
    ),
  )
  return { told, opened }
}

const judged = async ({ claims, header, recipe }: Shape) => {
  const exp = epochMs / 1000 + 600
  const signing = { key, claims: { sub: undefined, aud: undefined, exp, ...claims } }
  const token = await signToken(header ? { ...signing, header } : signing)
  const { told, opened } = open()
  const owner = opened.find((provider) => provider.claims(token))
  if (owner === undefined) return { outcome: 'nobody’s', told }
  expect(owner.id).toBe(recipe)
  return { outcome: await owner.identify(token).catch(() => 'refused'), told }
}

describe('the recipes of the manual', () => {
  test('are a configuration that the gateway takes', () => {
    expect(recipes.length).toBeGreaterThan(8)
    expect([...Value.Errors(authSchema, { oidc: recipes })]).toEqual([])
    checkAuth({ oidc: [...recipes] })
  })

  test('are each tried with tokens that are taken and tokens that are not', () => {
    for (const { id } of recipes) {
      const kinds = providerShapes.filter(({ recipe }) => recipe === id).map(({ outcome }) => typeof outcome)
      expect([id, new Set(kinds)]).toEqual([id, new Set(['object', 'string'])])
    }
  })

  test.each(providerShapes)('$recipe: $what', async (shape) => {
    const { outcome, told } = await judged(shape)
    expect(told.missing).toBe(shape.what.includes('too many groups') ? 1 : 0)
    if (typeof shape.outcome === 'string') expect(outcome).toBe(shape.outcome)
    else expect(outcome).toMatchObject(shape.outcome)
  })
})
