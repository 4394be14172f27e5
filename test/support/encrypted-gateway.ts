/** One more gateway on the store of a lake, with a certificate, that asks its clients for theirs. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, type Certificate, createAuthority } from './certificates.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { identityEnvironment } from './identity-replicas.ts'
import type { Lake } from './lake.ts'

/** Before the gateway is there: its configuration may name certificates. */
export interface Certificates {
  readonly authority: Authority
  readonly gateway: Certificate
  readonly engine: Certificate
}

/** In a folder of the lake; the engine's is named as it. */
export const makeCertificates = async ({ here }: Lake, engine: string): Promise<Certificates> => {
  const folder = join(here.folder, 'certificates')
  await mkdir(folder)
  const authority = await createAuthority(folder)
  return { authority, gateway: await authority.issue('gateway'), engine: await authority.issue(engine) }
}

export const startEncryptedGateway = async (
  { replicas: { provider, db } }: Lake,
  { authority, gateway }: Certificates,
  engines: readonly object[],
): Promise<Gateway> =>
  startGateway({
    env: identityEnvironment,
    state: {},
    server: {
      ...{ database: db.url, egress: { allow: ['127.0.0.0/8'] }, 'trusted-engines': engines },
      auth: { oidc: [{ uri: provider.issuer, audience: [provider.audience] }] },
      tls: {
        certificate: `file:${gateway.files.certificate}`,
        key: `file:${gateway.files.key}`,
        'client-ca': `file:${authority.files.certificate}`,
        'client-certificates': 'optional',
      },
    },
  })
