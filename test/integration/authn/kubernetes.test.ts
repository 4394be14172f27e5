/** A gateway inside a cluster: its API stands behind a certificate of its own, and is asked with a token from a file. */
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../../support/certificates.ts'
import { createFakeKubernetes } from '../../support/fake-kubernetes.ts'
import { type Gateway, scratchFolder, startGateway } from '../../support/gateway.ts'
import { makeKey, signToken } from '../../support/made-issuer.ts'

const username = 'system:serviceaccount:analytics:spark'
const cluster = createFakeKubernetes()
let folder: string
let api: Server
let gateway: Gateway
let asked = 0

const startApi = async (authority: Authority): Promise<Server> => {
  const { certificate, key } = await authority.issue('kube')
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    asked += 1
    const { authorization = '', 'content-type': type = '' } = request.headers
    const { status, body } = cluster.answer({
      method: request.method === 'POST' ? 'POST' : 'GET',
      url: `https://kube${request.url}`,
      headers: { authorization, 'content-type': type },
      body: await text(request),
      maxBytes: 0,
      timeoutMs: 0,
    })
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

beforeAll(async () => {
  folder = await scratchFolder()
  const authority = await createAuthority(folder)
  const strange = await createAuthority(folder, 'strange')
  api = await startApi(authority)
  const token = join(folder, 'token')
  await writeFile(token, 'reviewer-token\n')
  const uri = `https://127.0.0.1:${(api.address() as AddressInfo).port}`
  const provider = { uri, token: `file:${token}` }
  gateway = await startGateway({
    server: {
      auth: {
        kubernetes: [
          { ...provider, audience: ['lakegate'], ca: `file:${authority.files.certificate}` },
          { ...provider, id: 'other', audience: ['other'], ca: `file:${strange.files.certificate}` },
        ],
      },
    },
  })
})
afterAll(async () => {
  await gateway.discard()
  api.close()
  await rm(folder, { recursive: true, force: true })
})

const podToken = async (audience: string, uid = 'uid-1'): Promise<string> => {
  const key = await makeKey('cluster')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = { iss: 'https://kubernetes.default.svc', sub: username, aud: [audience] }
  const token = await signToken({ key, claims: { ...claims, iat: seconds, exp: seconds + 600 } })
  cluster.accounts.set(token, { username, uid, groups: [], audiences: [audience] })
  return token
}

const whoami = async (token: string): Promise<{ status: number; id: unknown }> => {
  const answer = await fetch(`${gateway.origin}/management/v1/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { id } = (await answer.json()) as { id?: unknown }
  return { status: answer.status, id }
}

describe('a pod', () => {
  test('is known by the uid of its service account, and asked about once a minute', async () => {
    const token = await podToken('lakegate')
    const before = asked
    expect(await whoami(token)).toEqual({ status: 200, id: 'kubernetes~uid-1' })
    expect(await whoami(token)).toEqual({ status: 200, id: 'kubernetes~uid-1' })
    expect(asked).toBe(before + 1)
  })

  test('whose token the cluster does not know is refused', async () => {
    const token = await podToken('lakegate')
    cluster.accounts.delete(token)
    expect((await whoami(token)).status).toBe(401)
  })

  test('cannot be judged by an API whose certificate nobody vouches for', async () => {
    expect((await whoami(await podToken('other'))).status).toBe(503)
  })
})
