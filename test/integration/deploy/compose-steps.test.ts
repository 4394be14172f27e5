import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { openTestDatabase, testServers } from '../../support/database.ts'
import { freePort, runLakegate, scratchFolder } from '../../support/gateway.ts'
import { hasMinio, startMinio } from '../../support/minio.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const token = 'the-token-of-these-steps'

interface Service {
  readonly command: readonly string[]
}

/** What the containers run, on this machine: the names of other containers replaced by addresses here. */
const commandOf = async (service: string, replaced: Readonly<Record<string, string>>): Promise<string[]> => {
  const file = parse(await readFile(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true })
  const { command } = (file as { services: Record<string, Service> }).services[service]!
  return command.map((word) => replaced[word] ?? word)
}

const untilReady = async (origin: string): Promise<void> => {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(`${origin}/health/ready`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('not ready')
}

it.skipIf(!hasMinio() || !testServers.includes('debian'))(
  'runs the commands of docker-compose.yml in their order, to a warehouse that a token opens',
  async () => {
    await using stack = new AsyncDisposableStack()
    const folder = await scratchFolder()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const database = stack.use(await openTestDatabase({ kind: 'debian', schema: false }))
    const minio = await startMinio()
    stack.defer(minio.stop)
    await minio.createBucket('lake')
    const origin = `http://127.0.0.1:${await freePort()}`
    const config = path.join(folder, 'lakegate.yaml')
    const declared = await readFile(path.join(root, 'deploy/compose/lakegate.yaml'), 'utf8')
    await writeFile(config, declared.replace('http://s3:9000', minio.endpoint))
    const replaced = { '/etc/lakegate.yaml': config, 'http://gateway:8181': origin }
    const env = {
      LAKEGATE_TOKEN: token,
      LAKEGATE_KEY: 'ab'.repeat(32),
      LAKEGATE_DATABASE: database.url,
      LAKEGATE_DATA: folder,
      LAKEGATE_PORT: new URL(origin).port,
      S3_USER: minio.accessKeyId,
      S3_PASSWORD: minio.secretAccessKey,
    }
    await runLakegate(await commandOf('schema', replaced), env)
    const serve = [path.join(root, 'src/main.ts'), ...(await commandOf('gateway', replaced))]
    const gateway = spawn(process.execPath, serve, { env: { ...process.env, ...env } })
    stack.defer(async () => {
      gateway.kill('SIGTERM')
      await once(gateway, 'exit')
    })
    await untilReady(origin)
    await runLakegate(await commandOf('state', replaced), env)

    const url = `${origin}/catalog/v1/config?warehouse=default`
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  },
)
