/** A whole gateway behind its own certificate: it starts, is spoken to, and takes up a renewed one. */
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { type RunningServer, serve } from '../../../src/serve.ts'
import { watchTls } from '../../../src/tls.ts'
import { type Authority, type Certificate, createAuthority } from '../../support/certificates.ts'
import { freePort, runLakegate, scratchFolder } from '../../support/gateway.ts'
import { recordedLogs } from '../../support/leaks/logs.ts'

let folder: string
let authority: Authority
let own: Certificate
let client: Certificate

beforeAll(async () => {
  folder = await scratchFolder()
  authority = await createAuthority(folder)
  own = await authority.issue('server')
  client = await authority.issue('client')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const start = async (): Promise<RunningServer> => {
  const environment = {
    LAKEGATE_DATA: join(folder, 'data'),
    LAKEGATE_PORT: String(await freePort()),
    LAKEGATE_TLS_CERTIFICATE: `file:${own.files.certificate}`,
    LAKEGATE_TLS_KEY: `file:${own.files.key}`,
    LAKEGATE_TLS_CLIENT_CA: `file:${authority.files.certificate}`,
  }
  return serve({ config: await loadConfig({}, environment), environment, logs: recordedLogs })
}

const ask = async (origin: string, agent: Agent): Promise<number | undefined> => {
  const sent = request(`${origin}/catalog/v1/config`, { agent }).end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  return answer.statusCode
}

const insideFolders = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('lakegate-inside-'))

test('a first start needs no certificate of its own client, and leaves no second way in', async () => {
  const before = await insideFolders()
  const running = await start()
  try {
    expect(running.origin).toMatch(/^https:/)
    expect(running.firstStart).toBe(true)
    const { certificate: cert, key } = client
    expect(await ask(running.origin, new Agent({ ca: authority.certificate, cert, key }))).toBe(200)
    await expect(ask(running.origin, new Agent({ ca: authority.certificate }))).rejects.toThrow()
    expect((await insideFolders()).filter((name) => !before.includes(name))).toEqual([])
  } finally {
    await running.stop()
  }
})

test('a file that has been renewed is taken up, and a broken one is not', async () => {
  const files = new Map([
    ['file:/crt', own.certificate],
    ['file:/key', own.key],
  ])
  const config = {
    certificate: 'file:/crt',
    key: 'file:/key',
    clientCa: undefined,
    clientCertificates: 'required',
  } as const
  const renewed: string[] = []
  const failed: unknown[] = []
  using _watch = watchTls({
    config,
    secret: async (reference) => files.get(reference) ?? '',
    current: { certificate: own.certificate, key: own.key },
    renew: ({ certificate }) => renewed.push(certificate),
    onFailure: (error) => failed.push(error),
    everyMs: 10,
  })
  files.set('file:/crt', client.certificate)
  await expect.poll(() => failed.length).toBeGreaterThan(1)
  expect(renewed).toEqual([])
  files.set('file:/key', client.key)
  await expect.poll(() => renewed).toEqual([client.certificate])
})

test('a certificate without its key does not start', async () => {
  const broken = join(folder, 'broken.key')
  await writeFile(broken, client.key)
  const environment = {
    LAKEGATE_DATA: join(folder, 'broken'),
    LAKEGATE_PORT: '0',
    LAKEGATE_TLS_CERTIFICATE: `file:${own.files.certificate}`,
    LAKEGATE_TLS_KEY: `file:${broken}`,
  }
  const config = await loadConfig({}, environment)
  await expect(serve({ config, environment, logs: recordedLogs })).rejects.toThrow(/server\.tls/)
})

test('the command line shows its certificate to a gateway that wants one', async () => {
  const running = await start()
  try {
    const env = { NODE_EXTRA_CA_CERTS: authority.files.certificate }
    const { certificate, key } = client.files
    const shown = ['--cert', certificate, '--key', key]
    const { stdout } = await runLakegate(['info', '--server', running.origin, ...shown], env)
    expect(stdout).toContain('server id')
    await expect(runLakegate(['info', '--server', running.origin], env)).rejects.toThrow(/No answer/)
  } finally {
    await running.stop()
  }
}, 60_000)
