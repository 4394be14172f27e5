/** A running gateway before issuers that answer as an attacker would, and clients that send what one would. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { exportJWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import { type MadeKey, makeKey, signText, signToken } from '../../support/made-issuer.ts'

type Answer = (response: ServerResponse, path: string) => void

let key: MadeKey
let gateway: Gateway
let issuers: Server
let inner: Server
const asked: string[] = []
const askedInside: string[] = []

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const uriOf = (name: string): string => `${originOf(issuers)}/${name}`
const json = (response: ServerResponse, body: unknown): void => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}
const keys = () => ({ keys: [key.jwk] })

/** What stands at `jwks`; the discovery document is good unless `documents` says otherwise. */
const keySets: Readonly<Record<string, Answer>> = {
  good: (response) => json(response, keys()),
  slashed: (response) => json(response, keys()),
  huge: (response) => json(response, { ...keys(), padding: 'x'.repeat(10 * 1024 * 1024) }),
  chunked: (response) => {
    response.write('{"keys":[')
    const more = (): void => {
      while (!response.destroyed && response.write(`"${'x'.repeat(64_000)}",`));
    }
    response.on('drain', more)
    more()
  },
  redirecting: (response) => response.writeHead(302, { location: `${originOf(inner)}/jwks` }).end(),
  permanent: (response) => response.writeHead(308, { location: uriOf('good/jwks') }).end(),
  markup: (response) => response.setHeader('content-type', 'text/html').end('<html></html>'),
  nested: (response) => response.end('['.repeat(900_000)),
  many: (response) =>
    json(response, { keys: Array.from({ length: 5_000 }, (_, i) => ({ ...key.jwk, kid: `other-${i}` })) }),
  silent: () => {},
  leaking: (response) => {
    exportJWK(key.privateKey).then(
      (jwk) => json(response, { keys: [{ ...jwk, kid: 'k1' }] }),
      () => response.destroy(),
    )
  },
}

const documents: Readonly<Record<string, () => object>> = {
  elsewhere: () => ({ jwks_uri: `${originOf(inner)}/jwks` }),
  metadata: () => ({ jwks_uri: 'http://169.254.169.254/latest/meta-data' }),
  file: () => ({ jwks_uri: 'file:///etc/passwd' }),
  login: () => ({ jwks_uri: uriOf('good/jwks').replace('//', '//user:secret@') }),
  impostor: () => ({ issuer: uriOf('good') }),
  slashed: () => ({ issuer: `${uriOf('slashed')}/` }),
}

const names = [...new Set([...Object.keys(keySets), ...Object.keys(documents)])]

const answer = (url: string, response: ServerResponse): void => {
  const [, name = '', ...rest] = url.split('/')
  asked.push(url)
  if (rest.join('/') === '.well-known/openid-configuration')
    json(response, { issuer: uriOf(name), jwks_uri: uriOf(`${name}/jwks`), ...documents[name]?.() })
  else (keySets[name] ?? keySets['good'])?.(response, url)
}

const listen = async (server: Server): Promise<Server> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

beforeAll(async () => {
  key = await makeKey('k1')
  issuers = await listen(createServer((request, response) => answer(request.url ?? '', response)))
  inner = await listen(
    createServer((request, response) => {
      askedInside.push(request.url ?? '')
      json(response, keys())
    }),
  )
  const oidc = names.map((name) => ({ id: name, uri: uriOf(name), audience: ['lakegate'] }))
  gateway = await startGateway({ server: { auth: { oidc }, tokens: { 'exchange-once': true } } })
})
afterAll(async () => {
  await gateway?.discard()
  for (const server of [issuers, inner]) {
    server?.closeAllConnections()
    server?.close()
  }
})

const now = (): number => Math.floor(Date.now() / 1000)
const claimsOf = (name: string, more: object = {}) => ({
  ...{ iss: uriOf(name), sub: 'alice', aud: 'lakegate', iat: now(), exp: now() + 600 },
  ...more,
})
const tokenOf = (name: string, more: object = {}): Promise<string> =>
  signToken({ key, claims: claimsOf(name, more) })

const send = async (headers: Readonly<Record<string, string>>) => {
  const reply = await fetch(`${gateway.origin}/management/v1/whoami`, { headers })
  const body = (await reply.json()) as { readonly id?: string; readonly error?: object }
  return { status: reply.status, body, challenge: reply.headers.get('www-authenticate') }
}
const bearer = (token: string) => send({ authorization: `Bearer ${token}` })

describe('an issuer', () => {
  test.each(['good', 'slashed'])('that is %s is believed', async (name) => {
    expect(await bearer(await tokenOf(name))).toMatchObject({ status: 200, body: { id: `${name}~alice` } })
  })

  test('with a slash at its end is the same', async () => {
    const token = await tokenOf('slashed', { iss: `${uriOf('slashed')}/`, jti: 'x' })
    expect((await bearer(token)).body.id).toBe('slashed~alice')
  })

  const hostile: readonly (readonly [string, number])[] = [
    ['huge', 503],
    ['chunked', 503],
    ['redirecting', 503],
    ['permanent', 503],
    ['markup', 503],
    ['nested', 503],
    ['silent', 503],
    ['elsewhere', 503],
    ['metadata', 503],
    ['file', 503],
    ['login', 503],
    ['impostor', 503],
    ['many', 401],
    ['leaking', 401],
  ]
  test.each(hostile)('that is %s lets nobody in: %i', async (name, status) => {
    const reply = await bearer(await tokenOf(name))
    expect([reply.status, reply.body.id]).toEqual([status, undefined])
    expect(JSON.stringify(reply.body)).not.toContain('127.0.0.1')
  })

  test('cannot send the gateway to anybody else, and its neighbours work on', async () => {
    expect(askedInside).toEqual([])
    expect(asked.every((url) => names.includes(url.split('/')[1] ?? ''))).toBe(true)
    expect((await bearer(await tokenOf('good', { sub: 'bob' }))).status).toBe(200)
  })

  test('with a key of another is not the other', async () => {
    const { body } = await bearer(await tokenOf('slashed'))
    expect(body.id).toBe('slashed~alice')
    expect((await bearer(await tokenOf('unknown'))).status).toBe(401)
  })
})

/** As it stands on the wire. */
const raw = async (lines: readonly string[]): Promise<string> => {
  const socket = connect(gateway.port, '127.0.0.1')
  const text = [
    'GET /management/v1/whoami HTTP/1.1',
    'host: 127.0.0.1',
    ...lines,
    'connection: close',
    '',
    '',
  ]
  socket.write(text.join('\r\n'), 'latin1')
  let reply = ''
  socket.on('data', (data) => (reply += String(data)))
  await once(socket, 'close')
  return reply.slice(9, 12)
}

describe('an Authorization header', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may spell %s as it likes', async (scheme) => {
    expect((await send({ authorization: `${scheme} ${await tokenOf('good')}` })).status).toBe(200)
  })

  test('may have a second space, and nothing else', async () => {
    const token = await tokenOf('good')
    expect(await raw([`authorization: Bearer  ${token}`])).toBe('200')
    for (const value of [
      ...[
        `Bearer\t${token}`,
        `Bearer ${token} x`,
        `Bearer ${token},`,
        `Bearer ${token}=`,
        `Bearer "${token}"`,
      ],
      ...[
        `Bearer: ${token}`,
        `DPoP ${token}`,
        `Token ${token}`,
        token,
        `Bearer${token}`,
        `Be\u0430rer ${token}`,
      ],
    ])
      expect([value.replace(token, ''), (await raw([`authorization: ${value}`])) === '200']).toEqual([
        value.replace(token, ''),
        false,
      ])
  })

  test('that comes twice is refused, whichever of them is good', async () => {
    const good = `authorization: Bearer ${await tokenOf('good')}`
    for (const lines of [
      [good, good],
      [good, 'Authorization: Bearer x'],
      ['AUTHORIZATION: Bearer x', good],
      [good, 'authorization: Basic eDp5'],
      [good, 'authorization:'],
    ])
      expect(await raw(lines)).toBe('401')
  })

  test('is looked for nowhere else', async () => {
    const token = await tokenOf('good')
    for (const headers of [{ 'x-authorization': `Bearer ${token}` }, { cookie: `access_token=${token}` }])
      expect((await send(headers)).status).toBe(401)
    const query = await fetch(`${gateway.origin}/management/v1/whoami?access_token=${token}`)
    expect(query.status).toBe(401)
  })
})

describe('whoever is refused', () => {
  test('learns nothing of why', async () => {
    const attempts = await Promise.all([
      ...[{ exp: now() - 100 }, { aud: 'payroll' }, { sub: '' }, { iat: now() + 500 }, { typ: 'ID' }].map(
        (more) => tokenOf('good', more),
      ),
      ...['made-up', 'None', 'a.b.c', `${'a'.repeat(15_000)}`],
      signText(key, '{"alg":"none"}', JSON.stringify(claimsOf('good'))),
      signText(key, '{"alg":"ES256","kid":"../../etc/passwd"}', JSON.stringify(claimsOf('good'))),
      tokenOf('unknown'),
    ])
    const replies = await Promise.all(attempts.map((token) => bearer(token)))
    const seen = replies.map(({ status, body, challenge }) => {
      const { 'request-id': _, ...error } = body.error as Record<string, unknown>
      return JSON.stringify({ status, error, challenge })
    })
    expect(new Set(seen).size).toBe(1)
    expect(replies[0]?.status).toBe(401)
  })

  test('is told of to the operator, by what failed, without the token', async () => {
    const token = await tokenOf('good', { exp: now() - 100, email: 'secret@a.example' })
    await bearer(token)
    const lines = gateway.output().split('\n')
    const told = lines.filter((line) => line.includes('token.refused')).map((line) => JSON.parse(line))
    expect(told).toContainEqual(
      expect.objectContaining({ provider: 'good', check: 'time', issuer: uriOf('good'), keyId: 'k1' }),
    )
    for (const secret of [token.split('.')[1], token.split('.')[2], 'secret@a.example', 'alice'])
      expect(gateway.output()).not.toContain(secret)
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
    expect(metrics).toMatch(/^lakegate_tokens_refused_total\{provider="good",check="time"\} [1-9]/m)
  })
})

describe('an exchange of tokens', () => {
  const exchange = async (token: string) => {
    const reply = await fetch(`${gateway.catalog}/v1/oauth/tokens`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
    })
    return { status: reply.status, body: (await reply.json()) as Readonly<Record<string, unknown>> }
  }

  test('takes a provider’s token, and no form of it that the provider would not stand for', async () => {
    expect((await exchange(await tokenOf('good', { jti: 'fine' }))).status).toBe(200)
    for (const more of [
      { exp: 1e300 },
      { exp: 8_640_000_000_000 },
      { iat: now() + 500 },
      { aud: 'payroll' },
      { typ: 'ID' },
    ])
      expect(await exchange(await tokenOf('good', more))).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      })
  })

  test('takes a token that lives for a thousand years: what it gives does not', async () => {
    const { status, body } = await exchange(
      await tokenOf('good', { exp: now() + 31_556_952_000, jti: 'long' }),
    )
    expect(status).toBe(200)
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(3600)
  })
})
