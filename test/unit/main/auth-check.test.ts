import { describe, expect, test } from 'vitest'
import { checkAuth } from '../../../src/auth-check.ts'
import type { OidcKeys } from '../../../src/auth-schema.ts'

const uri = 'https://id.example'
const first: OidcKeys = { id: 'first', uri, audience: ['lakegate'] }
const second = (more: Partial<OidcKeys>): OidcKeys => ({ id: 'second', uri, audience: ['other'], ...more })

describe('two providers', () => {
  test.each([
    ['of one issuer and other audiences', {}],
    ['of one audience and other issuers', { uri: 'https://other.example', audience: ['lakegate'] }],
    ['that find the audience elsewhere', { audience: ['lakegate'], 'audience-claims': ['client_id'] }],
    ['of which the second takes what is left', { audience: ['*'] }],
  ])('%s stand side by side', (_, more) =>
    expect(() => checkAuth({ oidc: [first, second(more)] })).not.toThrow(),
  )

  test.each([
    ['the same issuer and audience', { audience: ['other', 'lakegate'] }],
    ['the issuer with a slash', { uri: `${uri}/`, audience: ['lakegate'] }],
    [
      'the issuer as a further one',
      { uri: 'https://b.example', 'additional-issuers': [uri], audience: ['lakegate'] },
    ],
  ])('of %s are refused: the second would never be asked', (_, more) =>
    expect(() => checkAuth({ oidc: [first, second(more)] })).toThrow('first and second'),
  )

  test('of which the first takes every audience are refused', () => {
    expect(() => checkAuth({ oidc: [{ ...first, audience: ['*'] }, second({})] })).toThrow('first and second')
  })
})
