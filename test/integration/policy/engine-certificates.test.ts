/** An engine that can send no token signs in by its client certificate, for what Trino's access control asks alone. */
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificate, createAuthority } from '../../support/certificates.ts'
import {
  type Certificates,
  makeCertificates,
  startEncryptedGateway,
} from '../../support/encrypted-gateway.ts'
import type { Gateway } from '../../support/gateway.ts'
import { type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
let certificates: Certificates
let pinned: Certificate
let gateway: Gateway
const parts = new AsyncDisposableStack()

const fingerprintOf = ({ certificate }: Certificate): string =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')

beforeAll(async () => {
  lake = parts.use(await openLake(['alice', 'trino', 'other']))
  certificates = await makeCertificates(lake, 'trino')
  pinned = await certificates.authority.issue('pinned')
  gateway = parts.adopt(
    await startEncryptedGateway(lake, certificates, [
      {
        ...{ name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' },
        ...{ catalogs: { iceberg: 'lake' }, certificates: ['cn:trino'] },
      },
      {
        ...{ name: 'other', identities: ['oidc~other'] },
        certificates: [`sha256:${new X509Certificate(pinned.certificate).fingerprint256}`],
      },
    ]),
    (one) => one.discard(),
  )
}, 120_000)
afterAll(() => parts.disposeAsync())

interface Showing {
  readonly shown?: Certificate
  readonly headers?: Readonly<Record<string, string>>
}

const ask = async (line: string, { shown, headers = {} }: Showing, body?: object) => {
  const [method = '', path = ''] = line.split(' ')
  const agent = new Agent({
    ca: certificates.authority.certificate,
    ...(shown ? { cert: shown.certificate, key: shown.key } : {}),
  })
  const type = { 'content-type': 'application/json' }
  const sent = request(gateway.origin + path, { method, agent, headers: { ...type, ...headers } })
  sent.end(body && JSON.stringify(body))
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode as number, text: await text(answer) }
}

const question = (user: string) => ({
  input: { context: { identity: { user, groups: [] } }, action: { operation: 'ExecuteQuery' } },
})
const allow = (showing: Showing, user = 'alice') =>
  ask('POST /opa/v1/data/trino/allow', showing, question(user))

describe('a trusted engine', () => {
  test('is known by the name in its certificate, or by the fingerprint of it', async () => {
    expect(await allow({ shown: certificates.engine })).toEqual({ status: 200, text: '{"result":true}' })
    expect(await allow({ shown: pinned })).toEqual({ status: 200, text: '{"result":true}' })
    expect(fingerprintOf(pinned)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is nobody by it where tokens are sent', async () => {
    const shown = certificates.engine
    const user = { 'x-trino-user': 'alice' }
    const lines = [
      ...['GET /catalog/v1/config?warehouse=lake', 'GET /management/v1/whoami'],
      `GET /catalog/v1/${lake.warehouse}/namespaces`,
    ]
    for (const line of lines) expect((await ask(line, { shown, headers: user })).status, line).toBe(401)
    expect((await ask('POST /management/v1/permissions/check', { shown }, { checks: [] })).status).toBe(401)
  })

  test('whose request has a token is judged by that', async () => {
    const shown = certificates.engine
    const bearing = async (token: string) => allow({ shown, headers: { authorization: `Bearer ${token}` } })
    expect((await bearing('nonsense')).status).toBe(401)
    expect((await bearing(await lake.replicas.provider.token('alice'))).status).toBe(403)
    expect((await bearing(await lake.replicas.provider.token('trino'))).status).toBe(200)
  })

  test('asks in the name of nobody else by the header', async () => {
    const headers = { 'x-trino-user': 'alice' }
    expect((await allow({ shown: certificates.engine, headers })).status).toBe(403)
  })

  test('that was turned away is so with its certificate', async () => {
    await lake.make('POST /management/v1/user/oidc~other/deactivate')
    await expect.poll(async () => (await allow({ shown: pinned })).status, { timeout: 20_000 }).toBe(401)
  })
})

describe('nobody is an engine', () => {
  test('with a certificate of the authority that is no engine’s, or with none', async () => {
    const someone = await certificates.authority.issue('trino2')
    expect((await allow({ shown: someone })).status).toBe(401)
    expect((await allow({})).status).toBe(401)
  })

  test('with a certificate of another authority that has the name', async () => {
    const stranger = await createAuthority(lake.here.folder, 'stranger')
    await expect(allow({ shown: await stranger.issue('trino') })).rejects.toThrow()
  })

  test('by headers that tell of a certificate', async () => {
    const told = `Subject="CN=trino";Hash=${fingerprintOf(certificates.engine)}`
    for (const header of ['x-forwarded-client-cert', 'x-client-cert', 'x-ssl-client-s-dn', 'client-cert'])
      expect((await allow({ headers: { [header]: told } })).status, header).toBe(401)
  })
})
