/** Two gateways on one store that ask who comes: by a static token, by their own keys, and by a real provider. */

import { openTestDatabase, type TestDatabase } from './database.ts'
import { type Gateway, runLakegate, startGateway } from './gateway.ts'
import { type IdentityProvider, startIdentityProvider, type TestClient } from './identity-provider.ts'

export const adminToken = 'the-token-of-the-configuration'

export const identityEnvironment = {
  LAKEGATE_KEY: Buffer.alloc(32, 3).toString('base64'),
  LAKEGATE_TOKEN: adminToken,
}

export interface IdentityReplicas extends AsyncDisposable {
  readonly gateways: readonly [Gateway, Gateway]
  readonly provider: IdentityProvider
  readonly db: TestDatabase
}

/** `settings`: further keys of `server`. */
export const startIdentityReplicas = async (
  clients: readonly TestClient[],
  settings: object = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<IdentityReplicas> => {
  await using parts = new AsyncDisposableStack()
  const db = parts.use(await openTestDatabase({ kind: 'embedded', schema: false }))
  const provider = parts.adopt(await startIdentityProvider({ clients }), (one) => one.stop())
  await runLakegate(['migrate-schema'], { ...identityEnvironment, LAKEGATE_DATABASE: db.url })
  const oidc = [{ uri: provider.issuer, audience: [provider.audience] }]
  const start = async () => {
    const server = { database: db.url, auth: { oidc }, egress: { allow: ['127.0.0.0/8'] }, ...settings }
    const env = { ...identityEnvironment, ...variables }
    return parts.adopt(await startGateway({ env, server, state: {} }), (one) => one.discard())
  }
  const gateways = [await start(), await start()] as const
  const opened = parts.move()
  return { gateways, provider, db, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** `line`: method and path below `/management/v1`. */
export const manage = async (
  gateway: Gateway,
  line: string,
  { token = adminToken, body }: { readonly token?: string; readonly body?: unknown } = {},
): Promise<{ readonly status: number; readonly text: string }> => {
  const [method = 'GET', path = ''] = line.split(' ')
  const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}
