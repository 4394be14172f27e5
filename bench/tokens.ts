/** What a token costs that is asked for once a query: beside the least that it could cost, an answer and a signature. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Load, sideBySide } from './load.ts'
import { type Subject, startSubject } from './process.ts'
import { printFigures, type Verdict } from './report.ts'
import { startGateway } from './services.ts'

export interface TokensSetup {
  readonly folder: string
  readonly port: number
  readonly requests: number
}

const adminToken = 'bench-admin-token'
const path = '/catalog/v1/oauth/tokens'

const manage = async (
  origin: string,
  place: string,
  body: object,
): Promise<Readonly<Record<string, string>>> => {
  const answer = await fetch(`${origin}/management/v1${place}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${place}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Readonly<Record<string, string>>
}

const openGateway = async ({ folder, port }: TokensSetup): Promise<Subject> => {
  const own = join(folder, 'tokens')
  mkdirSync(own, { recursive: true, mode: 0o755 })
  return startGateway({
    ...{ name: 'tokens', folder: own, port, database: 'embedded' },
    server: '  token: env:BENCH_TOKEN\n',
    env: { BENCH_TOKEN: adminToken },
  })
}

/** The form that a client sends, as its clients send it. */
const createForm = async (origin: string): Promise<string> => {
  const { id = '' } = await manage(origin, '/service-account', { name: 'engine' })
  const { key = '' } = await manage(origin, `/service-account/${id}/key`, {
    name: 'k',
    kind: 'client-secret',
  })
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: key, scope: 'catalog' }
  return new URLSearchParams(form).toString()
}

const openBare = (name: string, port: number, kind: 'signed' | 'plain'): Promise<Subject> =>
  startSubject({
    name,
    command: [process.execPath, 'bench/subjects/bare-signature.ts', String(port), kind],
    url: `http://127.0.0.1:${port}`,
    probe: `http://127.0.0.1:${port}/`,
  })

export const benchTokens = async (setup: TokensSetup): Promise<Verdict[]> => {
  const gateway = await openGateway(setup)
  const plain = await openBare('bare Fastify', setup.port + 1, 'plain')
  const signed = await openBare('bare Fastify and a signature', setup.port + 2, 'signed')
  const body = await createForm(gateway.url)
  const loadOf = (name: string, subject: Subject): Load => ({
    ...{ name, subject, path, requests: setup.requests, method: 'POST', body },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  try {
    const figures = await sideBySide(
      [loadOf('bare Fastify', plain), loadOf('with a signature', signed), loadOf('token endpoint', gateway)],
      5,
    )
    printFigures('A token by client credentials, 16 connections', figures, 'with a signature')
    const [, least, own] = figures.map(({ cpuMsPerRequest }) => cpuMsPerRequest)
    return [
      {
        what: 'token endpoint, CPU / bare answer and signature',
        measured: (own ?? Number.NaN) / (least ?? Number.NaN),
        limit: 1.5,
        unit: '×',
      },
      {
        what: 'failed token requests',
        measured: figures.reduce((sum, { failures }) => sum + failures, 0),
        limit: 0,
        unit: '',
      },
    ]
  } finally {
    for (const subject of [gateway, plain, signed]) await subject.stop()
  }
}
