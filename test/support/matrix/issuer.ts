/** An issuer on loopback whose tokens say whatever a test wants them to. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { makeKey } from '../made-issuer.ts'

export interface Issuer extends AsyncDisposable {
  readonly uri: string
  token(subject: string, claims?: Readonly<Record<string, unknown>>): Promise<string>
}

export const startIssuer = async (): Promise<Issuer> => {
  const key = await makeKey('of-the-issuer')
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    const uri = `http://127.0.0.1:${port}`
    const keys = request.url === '/jwks'
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(keys ? { keys: [key.jwk] } : { issuer: uri, jwks_uri: `${uri}/jwks` }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    uri,
    token: (sub, claims = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const all = { iss: uri, aud: 'lakegate', iat: now, exp: now + 3600, sub, ...claims }
      const header = { alg: key.algorithm, kid: key.kid }
      return new SignJWT(all).setProtectedHeader(header).sign(key.privateKey)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
