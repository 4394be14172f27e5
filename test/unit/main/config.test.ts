import { describe, expect, test } from 'vitest'
import { checkConfig, type Environment, type Flags, loadConfig, maskedConfig } from '../../../src/config.ts'

interface Given {
  readonly file?: string
  readonly env?: Environment
  readonly flags?: Flags
}

const load = ({ file, env = {}, flags = {} }: Given) =>
  loadConfig(file === undefined ? flags : { config: 'lakegate.yaml', ...flags }, env, async () => file ?? '')

describe('configuration', () => {
  test('without any, the gateway listens on loopback with the embedded database', async () => {
    const { server, state } = await load({})
    expect(server).toMatchObject({ host: '127.0.0.1', port: 8181, database: 'embedded', token: undefined })
    expect(server.data).toMatch(/\/lakegate-data$/)
    expect(state).toEqual({})
  })

  test('a flag wins over the environment, and that over the file', async () => {
    const file = 'server: { host: a, port: 1, strict-lists: true }'
    const env = { LAKEGATE_HOST: 'b', LAKEGATE_PORT: '2' }
    expect((await load({ file, env, flags: { host: 'c' } })).server).toMatchObject({
      host: 'c',
      port: 2,
      strictLists: true,
    })
  })

  test('the address of Redis may hold a password in a variable or a file, never in the configuration', async () => {
    const env = { LAKEGATE_REDIS_URL: 'redis://:hunter2@r', LAKEGATE_REDIS_PASSWORD: 'hunter2' }
    const { server } = await load({ env })
    expect(server.redis).toEqual({
      ...{ url: 'env:LAKEGATE_REDIS_URL', password: 'env:LAKEGATE_REDIS_PASSWORD', ca: undefined },
    })
    for (const url of ['redis://r', 'rediss://lake@r:6380/1', 'redis://[::1]:7000', 'env:URL', 'file:/url'])
      expect((await load({ file: `server: { redis: { url: '${url}' } }` })).server.redis?.url).toBe(url)
    for (const url of [
      'redis://:hunter2@r',
      'redis://lake:hunter2@r/1',
      'redis://lake:hunter2%40x@r',
      'r:6379',
    ])
      await expect(load({ file: `server: { redis: { url: '${url}' } }` })).rejects.toThrow(
        /^(?!.*hunter2).*redis/,
      )
  })

  test('every key of server can be given by the environment', async () => {
    const env = {
      LAKEGATE_STRICT_LISTS: 'true',
      LAKEGATE_EGRESS_ALLOW: '10.0.0.0/8, 192.168.1.1',
      LAKEGATE_DATABASE: 'postgres://h/d',
      LAKEGATE_TELEMETRY_ENDPOINT: 'http://127.0.0.1:4318',
      LAKEGATE_HISTORY_RETENTION_DAYS: '1.5',
    }
    expect((await load({ env })).server).toMatchObject({
      strictLists: true,
      egressAllow: ['10.0.0.0/8', '192.168.1.1'],
      database: 'postgres://h/d',
      telemetryEndpoint: 'http://127.0.0.1:4318',
      historyRetentionDays: 1.5,
    })
  })

  test('a secret in the environment becomes a reference to its variable', async () => {
    const { server } = await load({ env: { LAKEGATE_TOKEN: 'hunter2', LAKEGATE_KEY: 'file:/key' } })
    expect(server.token).toBe('env:LAKEGATE_TOKEN')
    expect(server.key).toBe('file:/key')
  })

  test('what lies before the listener is off until it is configured', async () => {
    expect((await load({})).server.edge).toEqual({
      tls: undefined,
      publicUrl: null,
      trustedProxies: [],
      forwardedHeaders: null,
      corsOrigins: [],
    })
  })

  test('certificates are references, also where a variable holds them', async () => {
    const pem = '-----BEGIN CERTIFICATE-----'
    const env = {
      LAKEGATE_TLS_CERTIFICATE: pem,
      LAKEGATE_TLS_KEY: 'file:/k',
      LAKEGATE_CORS_ORIGINS: 'https://a',
    }
    const { edge } = (await load({ env })).server
    expect(edge.tls).toMatchObject({ certificate: 'env:LAKEGATE_TLS_CERTIFICATE', key: 'file:/k' })
    expect(edge.tls?.clientCertificates).toBe('required')
    expect(edge.corsOrigins).toEqual(['https://a'])
  })

  test('optional client certificates of nobody do not start', async () => {
    const file = 'server: { tls: { certificate: "file:/c", key: "file:/k", client-certificates: optional } }'
    const config = await load({ file })
    expect(() => checkConfig(config)).toThrow(/client-ca/)
  })

  test('provisioning is of the provider `oidc` until another one is named, and never of ourselves', async () => {
    expect((await load({})).server.scim).toEqual({ provider: 'oidc', subject: 'externalId', project: null })
    for (const provider of ['lakegate', 'lakekeeper', 'system', 'a~b'])
      await expect(load({ file: `server: { scim: { provider: ${provider} } }` })).rejects.toThrow(/provider/)
  })

  test('it cannot be changed afterwards', async () => {
    const config = await load({ file: 'state: { warehouses: [{ name: a, location: "file:///a" }] }' })
    expect(Object.isFrozen(config.server)).toBe(true)
    expect(Object.isFrozen(config.state.warehouses?.[0])).toBe(true)
  })

  test('the file of the manual is accepted', async () => {
    const file = `
server:
  database: embedded
  token: env:LAKEGATE_TOKEN
  strict-lists: false
  egress: { allow: [127.0.0.0/8] }
state:
  connections:
    - { name: legacy, kind: iceberg-rest, uri: http://127.0.0.1:22181, warehouse: "", auth: { kind: none } }
  warehouses:
    - name: default
      location: s3://bucket/prefix
      storage: { endpoint: "http://127.0.0.1:9000", region: us-east-1, path-style: true, access-key-id: env:A, secret-access-key: file:/b }
      allowed-locations: ["file:/tmp"]
      verify-metadata-file: true
      mounts:
        - { namespace: [legacy], connection: legacy }`
    const { state } = await load({ file })
    expect(state.connections?.[0]).toMatchObject({ uri: 'http://127.0.0.1:22181', auth: { kind: 'none' } })
    expect(state.warehouses?.[0]?.mounts).toEqual([{ namespace: ['legacy'], connection: 'legacy' }])
  })
})

describe('what is refused', () => {
  test.each<[string, Given, RegExp]>([
    [
      'an unknown key, with the one that was meant',
      { file: 'server: { databse: embedded }' },
      /server\.databse is unknown; did you mean "database"\?/,
    ],
    [
      'an unknown key of a warehouse',
      { file: 'state: { warehouses: [{ name: a, location: "file:///a", mount: [] }] }' },
      /state\.warehouses\[0\]\.mount is unknown; did you mean "mounts"/,
    ],
    ['an unknown half', { file: 'sever: {}' }, /sever is unknown; did you mean "server"/],
    ['a key that resembles none', { file: 'server: { colour: red }' }, /server\.colour is unknown$/],
    [
      'a missing key',
      { file: 'state: { warehouses: [{ name: a }] }' },
      /state\.warehouses\[0\]\.location is missing/,
    ],
    ['a wrong type', { file: 'server: { port: high }' }, /server\.port must be integer/],
    ['a wrong type in the environment', { env: { LAKEGATE_PORT: 'high' } }, /port must be/],
    ['a wrong flag', { flags: { port: '80a' } }, /port must be/],
    ['a literal token', { file: 'server: { token: hunter2 }' }, /server\.token/],
    [
      'a literal storage secret',
      {
        file: 'state: { warehouses: [{ name: a, location: "s3://b", storage: { secret-access-key: hunter2 } }] }',
      },
      /secret-access-key/,
    ],
    [
      'a literal secret of a connection',
      {
        file: 'state: { connections: [{ name: a, kind: iceberg-rest, uri: "http://a", auth: { kind: bearer, token: hunter2 } }] }',
      },
      /connection a must be references/,
    ],
    ['text that is not YAML', { file: 'server: [' }, /not valid YAML/],
    ['a key twice', { file: 'server: { port: 1, port: 2 }' }, /not valid YAML/],
    ['a list for an object', { file: '[]' }, /must be object/],
  ])('%s', async (_name, given, message) => {
    await expect(load(given)).rejects.toThrow(message)
  })

  test('a refused secret is not repeated in the message', async () => {
    await expect(load({ file: 'server: { token: hunter2 }' })).rejects.not.toThrow(/hunter2/)
  })

  test('a file that cannot be read is named', async () => {
    await expect(loadConfig({ config: 'gone.yaml' }, {}, () => Promise.reject(new Error()))).rejects.toThrow(
      /gone\.yaml/,
    )
  })

  test('a public address without a token, whoever asks for it', async () => {
    const config = await load({ env: { LAKEGATE_HOST: '0.0.0.0' } })
    expect(() => checkConfig(config)).toThrow(/Refusing to listen on 0\.0\.0\.0 without authentication/)
    expect(() => checkConfig(config)).toThrow(/LAKEGATE_TOKEN/)
  })

  test('a public address with a token is fine, and loopback needs none', async () => {
    for (const env of [{ LAKEGATE_HOST: '0.0.0.0', LAKEGATE_TOKEN: 't' }, { LAKEGATE_HOST: '::1' }, {}])
      expect(checkConfig(await load({ env }))).toBeUndefined()
  })

  test('an external database without a server key', async () => {
    const config = await load({ env: { LAKEGATE_DATABASE: 'postgres://h/d' } })
    expect(() => checkConfig(config)).toThrow(/LAKEGATE_KEY/)
  })
})

test('the printed form hides the password of a database', async () => {
  const config = await load({ file: 'server: { database: "postgres://me:hunter2@h/d" }' })
  expect(JSON.stringify(maskedConfig(config))).not.toContain('hunter2')
  expect(maskedConfig(config)).toMatchObject({ server: { database: 'postgres://me:***@h/d' } })
})
