/** Whom the command line speaks to and as whom: options before environment before profile, and no secret elsewhere. */
import { describe, expect, test } from 'vitest'
import { createRows, runCommandLine } from '#cli/run.ts'
import {
  type Answers,
  createFakeTerminal,
  type FakeTerminal,
  type FakeTerminalOptions,
  untried,
} from '../../support/fake-terminal.ts'

const rows = createRows([], untried)
const configPath = '/home/ann/.config/lakegate/config.yaml'
const credentialsPath = '/home/ann/.config/lakegate/credentials.json'

const config = `
default-profile: prod
profiles:
  prod:
    server: https://lake.example.com/gate/
    project: sales
    auth: { kind: token, token: env:PROD_TOKEN }
  stored:
    server: https://lake.example.com
    auth: { kind: token }
  client:
    server: https://lake.example.com
    auth: { kind: client-credentials, client-id: lakegate~etl, client-secret: file:/secret }
  person:
    server: https://lake.example.com
    auth: { kind: oidc, issuer: "https://idp.example.com", client-id: cli }
`

const info = { body: { 'server-id': 's' } }
const projects = {
  body: {
    projects: [
      { 'project-id': 'sales', 'project-name': 'Sales' },
      { 'project-id': 'p7', 'project-name': 'Eve' },
    ],
  },
}
const anywhere: Answers = {
  'GET /management/v1/info': info,
  'GET /gate/management/v1/info': info,
  'GET /management/v1/project-list': projects,
  'GET /gate/management/v1/project-list': projects,
}

const terminalWith = (options: FakeTerminalOptions = {}): FakeTerminal =>
  createFakeTerminal({
    ...options,
    answers: { ...anywhere, ...options.answers },
    environment: { PROD_TOKEN: 'prod-token', ...options.environment },
    files: { [configPath]: config, '/secret': 'client-secret\n', ...options.files },
  })

const run = (terminal: FakeTerminal, line: string) => runCommandLine(rows, line.split(' '), terminal)

const asked = async (line: string, options: FakeTerminalOptions = {}) => {
  const terminal = terminalWith(options)
  const code = await run(terminal, line)
  const last = terminal.sent.at(-1)
  return {
    code,
    err: terminal.errors(),
    url: last?.url,
    authorization: last?.headers.get('authorization') ?? null,
    project: last?.headers.get('x-project-id') ?? null,
    role: last?.headers.get('x-assume-role') ?? null,
  }
}

describe('settings', () => {
  test('come from the default profile, the path of its server included', async () => {
    expect(await asked('info')).toMatchObject({
      url: 'https://lake.example.com/gate/management/v1/info',
      authorization: 'Bearer prod-token',
      project: 'sales',
      role: null,
    })
  })

  test('of the environment go before the profile, options before the environment', async () => {
    const environment = { LAKEGATE_PROJECT: 'env', LAKEGATE_TOKEN: 'env-token', LAKEGATE_ASSUME_ROLE: 'r1' }
    expect(await asked('info', { environment })).toMatchObject({
      authorization: 'Bearer env-token',
      project: 'env',
      role: 'r1',
    })
    const line = 'info --project option --assume-role r2 --profile prod'
    expect(await asked(line, { environment })).toMatchObject({
      authorization: 'Bearer prod-token',
      project: 'option',
      role: 'r2',
    })
  })

  test('name a project as people do; what nobody sees is left to the server', async () => {
    expect(await asked('info --project eve')).toMatchObject({ project: 'p7' })
    expect(await asked('info --project nowhere')).toMatchObject({ project: 'nowhere' })
  })

  test('an empty variable says nothing', async () => {
    const environment = {
      LAKEGATE_PROJECT: '',
      LAKEGATE_TOKEN: '',
      LAKEGATE_SERVER: '',
      LAKEGATE_PROFILE: '',
    }
    expect(await asked('info', { environment })).toMatchObject({
      project: 'sales',
      authorization: 'Bearer prod-token',
    })
  })

  test('without any, the gateway of this machine is asked, by nobody', async () => {
    const terminal = createFakeTerminal({ answers: anywhere })
    await run(terminal, 'info')
    expect(terminal.sent[0]?.url).toBe('http://127.0.0.1:8181/management/v1/info')
    expect(terminal.sent[0]?.headers.has('authorization')).toBe(false)
  })

  test('a profile that is not there is refused, and so is a key that nobody knows', async () => {
    expect(await asked('info --profile prd')).toMatchObject({ code: 2, url: undefined })
    const files = { [configPath]: 'profiles: { a: { sever: "http://x" } }' }
    const { code, err } = await asked('info', { files })
    expect(code).toBe(2)
    expect(err).toContain('server')
  })

  test('a secret in the configuration file is refused', async () => {
    const files = { [configPath]: 'profiles: { default: { auth: { kind: token, token: hunter2 } } }' }
    const { code, err } = await asked('info', { files })
    expect(code).toBe(2)
    expect(err).not.toContain('hunter2')
  })
})

describe('credentials', () => {
  test('of a profile go to no server but its own', async () => {
    const other = await asked('info --profile prod --server https://other.example.com')
    expect(other).toMatchObject({ url: 'https://other.example.com/management/v1/info', authorization: null })
  })

  test('that others can read are not used', async () => {
    const terminal = terminalWith({ files: { [credentialsPath]: '{"stored": {"token": "t"}}' } })
    expect(await run(terminal, 'info --profile stored')).toBe(0)
    terminal.contents.set(credentialsPath, { text: '{"stored": {"token": "t"}}', mode: 0o100644 })
    expect(await run(terminal, 'info --profile stored')).toBe(1)
    expect(terminal.errors()).toContain('chmod 600')
  })

  test('that are not there end with code 3 and the way to get them', async () => {
    const { code, err } = await asked('info --profile stored')
    expect(code).toBe(3)
    expect(err).toContain('lakegate login --profile stored')
    expect((await asked('info --profile person')).code).toBe(3)
  })
})

const tokens: Answers = {
  'POST /catalog/v1/oauth/tokens': ({ body }) =>
    new URLSearchParams(body).get('client_secret') === 'client-secret'
      ? { body: { access_token: `token-${body.length}`, token_type: 'bearer', expires_in: 300 } }
      : { status: 401, body: { error: 'invalid_client', error_description: 'unknown client' } },
}

describe('a service account', () => {
  test('exchanges its secret once, and again shortly before the token expires', async () => {
    const terminal = terminalWith({ answers: tokens })
    for (let i = 0; i < 2; i++) expect(await run(terminal, 'info --profile client')).toBe(0)
    const exchanges = () => terminal.sent.filter(({ line }) => line.startsWith('POST')).length
    expect(exchanges()).toBe(1)
    expect(new URLSearchParams(terminal.sent[0]?.body)).toEqual(
      new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'lakegate~etl',
        client_secret: 'client-secret',
      }),
    )
    expect(terminal.sent.at(-1)?.headers.get('authorization')).toMatch(/^Bearer token-/)
    terminal.wait(271_000)
    expect(await run(terminal, 'info --profile client')).toBe(0)
    expect(exchanges()).toBe(2)
  })

  test('is told when it is refused, without its secret', async () => {
    const { code, err } = await asked('info --profile client', {
      answers: tokens,
      files: { '/secret': 'hunter2' },
    })
    expect(code).toBe(3)
    expect(err).toContain('unknown client')
    expect(err).not.toContain('hunter2')
  })

  test('may come from the environment, and then nothing is kept', async () => {
    const environment = { LAKEGATE_CLIENT_ID: 'lakegate~etl', LAKEGATE_CLIENT_SECRET: 'client-secret' }
    const terminal = createFakeTerminal({ environment, answers: { ...anywhere, ...tokens } })
    expect(await run(terminal, 'info')).toBe(0)
    expect(terminal.sent.at(-1)?.headers.get('authorization')).toMatch(/^Bearer token-/)
    expect([...terminal.contents.keys()]).toEqual([])
  })
})

describe('login', () => {
  const whoami: Answers = { 'GET /management/v1/whoami': { body: { id: 'lakegate~etl', name: 'etl' } } }

  test('reads a token from standard input and keeps it apart from the profile', async () => {
    const terminal = createFakeTerminal({ answers: { ...anywhere, ...whoami }, input: 'lg_secret\n' })
    expect(await run(terminal, 'login --server http://gate --project p --token-stdin --profile new')).toBe(0)
    expect(terminal.sent[0]?.headers.get('authorization')).toBe('Bearer lg_secret')
    expect(terminal.output()).toContain('lakegate~etl')
    expect(terminal.contents.get(configPath)?.text).toMatchInlineSnapshot(`
      "profiles:
        new:
          server: http://gate
          project: p
          auth:
            kind: token
      "
    `)
    expect(JSON.parse(terminal.contents.get(credentialsPath)?.text ?? '')).toEqual({
      new: { token: 'lg_secret' },
    })
    expect(terminal.output() + terminal.errors()).not.toContain('lg_secret')
  })

  test('again takes server and project from the profile', async () => {
    const terminal = terminalWith({ answers: whoami, input: 'fresh' })
    expect(await run(terminal, 'login --profile stored --project p --token-stdin')).toBe(0)
    expect(terminal.sent.at(-1)?.url).toBe('https://lake.example.com/management/v1/whoami')
    expect(await run(terminal, 'login --profile stored --token-stdin')).toBe(0)
    expect(terminal.sent.at(-1)?.headers.get('x-project-id')).toBe('p')
  })

  test('keeps a client secret, exchanges it, and forgets all of it on logout', async () => {
    const terminal = createFakeTerminal({
      answers: { ...anywhere, ...whoami, ...tokens },
      input: 'client-secret',
    })
    const line = 'login --server http://gate --client-id lakegate~etl --client-secret-stdin'
    expect(await run(terminal, line)).toBe(0)
    expect(terminal.contents.get(credentialsPath)?.text).toContain('client-secret')
    expect(await run(terminal, 'logout')).toBe(0)
    expect(JSON.parse(terminal.contents.get(credentialsPath)?.text ?? '')).toEqual({})
    expect(await run(terminal, 'info')).toBe(3)
  })

  test('ends with code 3 where the server refuses', async () => {
    const refused = { 'GET /management/v1/whoami': { status: 401, body: { error: { message: 'no' } } } }
    const terminal = createFakeTerminal({ answers: refused, input: 'x' })
    expect(await run(terminal, 'login --token-stdin')).toBe(3)
  })

  test('without a way, or with two, is a mistake in writing', async () => {
    expect((await asked('login')).code).toBe(2)
    expect((await asked('login --token-stdin --client-id x --client-secret-stdin')).code).toBe(2)
    expect((await asked('login --client-secret-stdin')).code).toBe(2)
    expect((await asked('login --token-stdin')).code).toBe(2)
  })
})

test('profiles are listed, chosen, and deleted with their tokens', async () => {
  const terminal = terminalWith({ files: { [credentialsPath]: '{"stored": {"token": "t"}}' } })
  await run(terminal, 'profile list')
  expect(terminal.output()).toMatchInlineSnapshot(`
    "NAME    SERVER                          PROJECT  AUTH                DEFAULT
    prod    https://lake.example.com/gate/  sales    token               true
    stored  https://lake.example.com        -        token               false
    client  https://lake.example.com        -        client-credentials  false
    person  https://lake.example.com        -        oidc                false"
  `)
  expect(await run(terminal, 'profile use stored')).toBe(0)
  await run(terminal, 'info')
  expect(terminal.sent.at(-1)?.headers.get('authorization')).toBe('Bearer t')
  expect(await run(terminal, 'profile delete stored')).toBe(0)
  expect(terminal.contents.get(credentialsPath)?.text).not.toContain('"t"')
  expect(await run(terminal, 'profile use stored')).toBe(4)
})

describe('a client certificate', () => {
  const files = { '/c.pem': 'CERT', '/k.pem': 'KEY' }

  test('is shown to the gateway: by option, by variable, by profile', async () => {
    const environment = { LAKEGATE_CLIENT_CERTIFICATE: '/c.pem', LAKEGATE_CLIENT_KEY: '/k.pem' }
    for (const [line, more] of [
      ['info --cert /c.pem --key /k.pem', {}],
      ['info', { environment }],
    ] as const) {
      const terminal = terminalWith({ files, ...more })
      expect(await run(terminal, line)).toBe(0)
      expect(terminal.shown).toEqual(['https://lake.example.com/gate CERT KEY'])
    }
    const profile = `${config}    client-certificate: /c.pem\n    client-key: /k.pem\n`
    const terminal = terminalWith({ files: { ...files, [configPath]: profile } })
    await run(terminal, 'info --profile person')
    expect(terminal.shown).toEqual(['https://lake.example.com CERT KEY'])
  })

  test.each(['info --cert /c.pem', 'info --key /k.pem', 'info --cert /none --key /k.pem'])(
    'is whole or not at all (%s)',
    async (line) => {
      const terminal = terminalWith({ files })
      expect(await run(terminal, line)).toBe(2)
      expect(terminal.sent).toEqual([])
    },
  )

  test('is kept by login, as files', async () => {
    const terminal = terminalWith({ files, input: 'some-token' })
    await run(
      terminal,
      'login --profile new --server https://x.example --token-stdin --cert /c.pem --key /k.pem',
    )
    expect(terminal.contents.get(configPath)?.text).toMatch(
      /client-certificate: \/c.pem\s+client-key: \/k.pem/,
    )
  })
})
