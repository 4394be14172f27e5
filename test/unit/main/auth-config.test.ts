import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkConfig, isDevelopment, loadConfig } from '../../../src/config.ts'
import { createSecretResolver, withoutOwnSecrets } from '../../../src/secrets.ts'

const load = (file: string, env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ config: 'lakegate.yaml' }, env, async () => file)

const withOidc = (keys: string): string =>
  `server: { auth: { oidc: [{ uri: "https://id.example", audience: [lakegate], ${keys} }] } }`

const refusalOf = async (file: string): Promise<string> => {
  try {
    checkConfig(await load(file))
    return 'none'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('server.auth', () => {
  test('with a provider ends development mode and lets a public address start', async () => {
    const config = await load(
      'server: { host: 0.0.0.0, auth: { oidc: [{ uri: "https://id.example", audience: [lakegate] }] } }',
    )
    expect(isDevelopment(config.server)).toBe(false)
    expect(() => checkConfig(config)).not.toThrow()
  })

  test.each([
    ['a cluster', 'kubernetes: [{ audience: [lakegate] }]', false],
    ['the word alone', 'required: true', false],
    ['nothing', '', true],
    ['empty lists', 'oidc: [], kubernetes: []', true],
    ['a word that says no', 'required: false', true],
  ])('with %s', async (_, keys, development) => {
    expect(isDevelopment((await load(`server: { auth: { ${keys} } }`)).server)).toBe(development)
  })

  test.each([
    ['a key that is misspelled', withOidc('subject-claim: [sub]'), /did you mean "subject-claims"/],
    ['no audience', 'server: { auth: { oidc: [{ uri: "https://id.example" }] } }', /audience is missing/],
    ['an empty audience', withOidc('').replace('[lakegate]', '[]'), /audience/],
    ['a symmetric algorithm', withOidc('algorithms: [HS256]'), /algorithms/],
    ['no algorithm at all', withOidc('algorithms: [none]'), /algorithms/],
    [
      'a secret that stands there itself',
      withOidc('introspection: { client-id: a, client-secret: hunter2 }'),
      /client-secret/,
    ],
    ['an id of the gateway’s own', withOidc('id: lakegate'), /own/],
    ['an id that could be read as two', withOidc('id: "a~b"'), /id/],
    ['an issuer in the clear', withOidc('').replace('https', 'http'), /in the clear/],
    ['keys in the clear', withOidc('jwks-uri: "http://id.example/jwks"'), /in the clear/],
    [
      'an issuer with a password',
      withOidc('').replace('id.example', 'a:b@id.example'),
      /more than an address/,
    ],
    [
      'one id twice',
      'server: { auth: { oidc: [{ uri: "https://a", audience: [a] }, { uri: "https://b", audience: [a] }] } }',
      /two providers/,
    ],
  ])('refuses %s', async (_, file, words) => expect(await refusalOf(file)).toMatch(words))

  test('does not repeat a secret that stands where it must not', async () => {
    const file = withOidc('introspection: { client-id: a, client-secret: hunter2 }')
    expect(await refusalOf(file)).not.toContain('hunter2')
  })

  test.each([
    ['where that is written down', withOidc('allow-http: true').replace('https', 'http')],
    ['on loopback', withOidc('').replace('https://id.example', 'http://127.0.0.1:9000/realm')],
  ])('takes an issuer in the clear %s', async (_, file) => expect(await refusalOf(file)).toBe('none'))

  test('is read from a variable as JSON, beside what the file says', async () => {
    const env = { LAKEGATE_AUTH_OIDC: '[{"uri":"https://b.example","audience":["lake"]}]' }
    const { auth } = (await load('server: { auth: { required: true } }', env)).server
    expect(auth).toEqual({ required: true, oidc: [{ uri: 'https://b.example', audience: ['lake'] }] })
  })

  test('keeps its secrets from connections, in whatever spelling', async () => {
    const file = withOidc('introspection: { client-id: a, client-secret: "file:/run/id-secret" }')
    const { server } = await load(file)
    const secret = withoutOwnSecrets(createSecretResolver({}), server)
    await expect(secret('file:/run/../run//id-secret')).rejects.toThrow('own secret')
  })
})

const manual = readFileSync(resolve(import.meta.dirname, '../../../docs/identity.md'), 'utf8')
/** Those of single providers stand there as members of the list of them. */
const whole = (example: string): string =>
  example.startsWith('- ') ? `server:\n  auth:\n    oidc:\n${example.replaceAll(/^/gm, '      ')}` : example
const examples = [...manual.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example = '']) => whole(example))

test.each(examples.map((example, i) => [i + 1, example] as const))(
  'example %i of the manual starts',
  async (_, example) => expect(await refusalOf(example)).toBe('none'),
)
