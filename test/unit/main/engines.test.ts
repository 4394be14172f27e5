import { describe, expect, test } from 'vitest'
import { checkConfig, loadConfig } from '../../../src/config.ts'

const auth = { oidc: [{ uri: 'https://idp.example.com', audience: ['lakegate'] }] }
const trino = { name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' }

const load = async (engines: readonly object[]) => {
  const text = JSON.stringify({ server: { auth, 'trusted-engines': engines } })
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
