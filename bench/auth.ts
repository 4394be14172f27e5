/** What it costs to know who asks: a cached token against a cold verification, an authenticated load against an anonymous one. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { People } from '#authn/identity.ts'
import { createOidcProvider } from '#authn/oidc.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import { type IdentityProvider, startIdentityProvider } from '../test/support/identity-provider.ts'
import { issuerUri, makeIssuer, makeKey, signToken } from '../test/support/made-issuer.ts'
import { type Load, sideBySide } from './load.ts'
import type { Subject } from './process.ts'
import { printFigures, type Verdict } from './report.ts'
import { startGateway } from './services.ts'
import { createNamespace, createRequest, createTable, tablesUrl, target } from './tables.ts'

export interface AuthSetup {
  readonly folder: string
  readonly port: number
  readonly verifications: number
  readonly requests: number
}

const ns = ['bench']
/** Many short ones: a noisy second hurts one round of both. */
const rounds = 9
const adminToken = 'bench-admin-token'

/** CPU microseconds that one call takes, user and system. */
const cpuOf = async (count: number, call: () => unknown): Promise<number> => {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) {
    const answer = call()
    if (answer instanceof Promise) await answer
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const openVerification = async () => {
  const key = await makeKey('k1', 'RS256')
  const issuer = makeIssuer([key])
  const seconds = Math.floor(Date.now() / 1000)
  const token = await signToken({
    key,
    claims: { exp: seconds + 3600, iat: seconds, groups: ['writers', 'readers'] },
  })
  const tools = { now: Date.now, elapsed: () => performance.now() }
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], rolesClaim: 'groups' },
    { ...tools, fetch: issuer.fetch, report: () => {} },
  )
  const principal = { kind: 'user', id: 'oidc~alice' } as const
  const people: People = { admit: () => principal }
  const authenticator = createProviderAuthenticator({ providers: [provider], people, ...tools })
  const sent = { authorization: `Bearer ${token}`, origin: undefined, host: undefined }
  return { authenticator, authenticate: () => authenticator.authenticate(sent) }
}

/** RS256 is the signature that is cheapest to verify, so the hardest to be twenty times cheaper than. */
const cachedAgainstCold = async (verifications: number): Promise<Verdict> => {
  const { authenticator, authenticate } = await openVerification()
  const cold = (count: number) =>
    cpuOf(count, () => {
      authenticator.clear()
      return authenticate()
    })
  const cached = (count: number) => cpuOf(count, authenticate)
  const rounds: { readonly cold: number; readonly cached: number }[] = []
  await cold(verifications)
  await cached(verifications * 20)
  for (let round = 0; round < 5; round++)
    rounds.push({ cold: await cold(verifications), cached: await cached(verifications * 20) })
  const [, , median] = rounds.toSorted((a, b) => a.cached / a.cold - b.cached / b.cold)
  const { cold: whole, cached: kept } = median as (typeof rounds)[number]
  console.log(
    `\nA token: ${whole.toFixed(1)} µs of CPU to verify (RS256), ${kept.toFixed(2)} µs when it is known.`,
  )
  return { what: 'cached token / cold verification', measured: kept / whole, limit: 1 / 20, unit: '×' }
}

const admit = async (origin: string, id: string): Promise<void> => {
  const authorization = `Bearer ${adminToken}`
  const project = await fetch(`${origin}/management/v1/project`, { headers: { authorization } })
  const { 'project-id': projectId } = (await project.json()) as { 'project-id'?: string }
  const answer = await fetch(`${origin}/management/v1/project/${projectId}/members`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ members: [{ type: 'user', id }] }),
  })
  if (!answer.ok) throw new Error(`no member: ${answer.status} ${await answer.text()}`)
}

interface Prepared {
  readonly subject: Subject
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const withTable = async (subject: Subject, headers: Readonly<Record<string, string>>): Promise<Prepared> => {
  const local = await target(`${subject.url}/catalog`, headers)
  await createNamespace(local, ns)
  await createTable(local, ns, createRequest('small', 10_000))
  return { subject, headers, path: `${new URL(tablesUrl(local, ns)).pathname}/small` }
}

const openAnonymous = async ({ folder, port }: AuthSetup): Promise<Prepared> => {
  const own = join(folder, 'anonymous')
  mkdirSync(own, { recursive: true, mode: 0o755 })
  return withTable(await startGateway({ name: 'anonymous', folder: own, port, database: 'embedded' }), {})
}

const openAuthenticated = async (
  { folder, port }: AuthSetup,
  provider: IdentityProvider,
): Promise<Prepared> => {
  const own = join(folder, 'authenticated')
  mkdirSync(own, { recursive: true, mode: 0o755 })
  const server = `  token: env:BENCH_TOKEN
  auth:
    oidc: [{ uri: "${provider.issuer}", audience: [lakegate], roles-claim: groups }]
`
  const subject = await startGateway({
    ...{ name: 'authenticated', folder: own, port: port + 1, database: 'embedded', server },
    env: { BENCH_TOKEN: adminToken },
  })
  const headers = { authorization: `Bearer ${await provider.token()}` }
  await fetch(`${subject.url}/catalog/v1/config`, { headers })
  await admit(subject.url, 'oidc~engine')
  return withTable(subject, headers)
}

const authenticatedLoads = async (setup: AuthSetup): Promise<Verdict[]> => {
  const provider = await startIdentityProvider({ lifetimeSeconds: 7200 })
  const anonymous = await openAnonymous(setup)
  const authenticated = await openAuthenticated(setup, provider)
  const loadOf = (name: string, { subject, path, headers }: Prepared): Load => ({
    ...{ name, subject, path, headers },
    requests: setup.requests,
  })
  try {
    const figures = await sideBySide(
      [loadOf('anonymous', anonymous), loadOf('authenticated', authenticated)],
      rounds,
    )
    printFigures('Local warm load of 10 KB, with and without a token', figures, 'anonymous')
    const [without, withToken] = figures.map(({ cpuMsPerRequest }) => cpuMsPerRequest)
    return [
      {
        what: 'authenticated load, CPU / anonymous',
        measured: (withToken ?? Number.NaN) / (without ?? Number.NaN),
        limit: 1.15,
        unit: '×',
      },
      {
        what: 'failed authenticated requests',
        measured: figures.reduce((sum, { failures }) => sum + failures, 0),
        limit: 0,
        unit: '',
      },
    ]
  } finally {
    for (const { subject } of [anonymous, authenticated]) await subject.stop()
    await provider.stop()
  }
}

export const benchAuth = async (setup: AuthSetup): Promise<Verdict[]> => [
  await cachedAgainstCold(setup.verifications),
  ...(await authenticatedLoads(setup)),
]
