import { describe, expect, test } from 'vitest'
import { checkConfig, loadConfig } from '../../../src/config.ts'

const auth = { oidc: [{ uri: 'https://idp.example.com', audience: ['lakegate'] }] }
const trino = { name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' }

const load = async (engines: readonly object[], tls?: object) => {
  const text = JSON.stringify({ server: { auth, tls, 'trusted-engines': engines } })
  const config = await loadConfig({ config: 'lakegate.yaml' }, {}, async () => text)
  checkConfig(config)
  return config.server.trustedEngines
}

describe('trusted engines', () => {
  test('are none by default, and name nobody by themselves', async () => {
    expect((await loadConfig({}, {})).server.trustedEngines).toEqual([])
    const [engine] = await load([{ name: 'plain', identities: ['lakegate~0198'] }])
    expect(engine).toMatchObject({ userHeader: undefined, userProvider: 'oidc', catalogs: {} })
  })

  test('are known by identities of a provider that there is', async () => {
    expect(await load([trino])).toMatchObject([{ name: 'trino', userHeader: 'x-trino-user' }])
    await expect(load([{ ...trino, identities: ['other~trino'] }])).rejects.toThrow('no provider')
    await expect(load([{ ...trino, identities: ['trino'] }])).rejects.toThrow('identities')
    await expect(load([{ ...trino, identities: [] }])).rejects.toThrow('identities')
    await expect(load([{ ...trino, 'user-provider': 'lakegate' }])).rejects.toThrow('no provider')
  })

  test('cannot be taken for one another', async () => {
    await expect(load([trino, { ...trino, identities: ['oidc~b'] }])).rejects.toThrow('the name trino')
    await expect(load([trino, { ...trino, name: 'b' }])).rejects.toThrow('sign in as oidc~trino')
  })

  test.each(['Authorization', 'X-Forwarded-For', 'x-assume-role', 'Cookie', 'X User', ''])(
    'name no user by the header %j',
    async (header) => {
      await expect(load([{ ...trino, 'user-header': header }])).rejects.toThrow(/user|header/)
    },
  )
})

describe('certificates of engines', () => {
  const fingerprint = 'ab'.repeat(32)
  const tls = { certificate: 'file:/crt', key: 'file:/key', 'client-ca': 'file:/ca' }

  test('are written as openssl prints them, or without colons', async () => {
    const printed = fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')
    const [engine] = await load([{ ...trino, certificates: [`sha256:${printed}`, 'cn:Trino'] }], tls)
    expect(engine?.certificates).toEqual([`sha256:${fingerprint}`, 'cn:Trino'])
    for (const wrong of ['trino', 'sha256:ab', `sha1:${fingerprint}`, 'cn:'])
      await expect(load([{ ...trino, certificates: [wrong] }], tls)).rejects.toThrow('certificates')
  })

  test('are of one engine each, and asked for', async () => {
    const one = { ...trino, certificates: ['cn:trino'] }
    await expect(load([one])).rejects.toThrow('client-ca')
    const other = { name: 'b', identities: ['oidc~b'], certificates: ['cn:trino'] }
    await expect(load([one, other], tls)).rejects.toThrow('sign in by cn:trino')
  })
})
