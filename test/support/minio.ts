/** A MinIO server on an empty folder: an S3 store that enforces conditional writes and credentials. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort } from './gateway.ts'
import { noteSecret } from './leaks/record.ts'

export interface Minio {
  readonly endpoint: string
  /** `<bucket>.<domain>` with the endpoint's port is served as that bucket. */
  readonly domain: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  createBucket(name: string): Promise<void>
  /** Ends the process and deletes its data. */
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const cacheDir = process.env['LAKEGATE_CACHE'] ?? path.resolve(import.meta.dirname, '../../.cache')
const binary = path.join(cacheDir, 'bin/minio')
const domain = 'store.test'
const accessKeyId = 'rootuser'
const secretAccessKey = 'rootsecret1'

/** A build takes minutes, so a suite may ask first; where `LAKEGATE_REQUIRE_S3` is set it is always there. */
export const hasMinio = (): boolean => existsSync(binary) || process.env['LAKEGATE_REQUIRE_S3'] !== undefined

const build = (): Promise<unknown> =>
  promisify(execFile)(path.join(import.meta.dirname, 'minio-build.sh'), [path.dirname(binary)])

const untilReady = async (endpoint: string, child: ChildProcess): Promise<void> => {
  const signal = AbortSignal.timeout(startTimeoutMs)
  while (child.exitCode === null) {
    const answer = await fetch(`${endpoint}/minio/health/ready`, { signal }).catch(() => undefined)
    if (answer?.ok) return
    await delay(50, undefined, { signal })
  }
  throw new Error('MinIO did not start')
}

/** Builds the server on first use (Go 1.24 or newer; some minutes), then starts one with its own empty state. */
export const startMinio = async (): Promise<Minio> => {
  if (!existsSync(binary)) await build()
  const port = await freePort()
  const folder = await mkdtemp(path.join(tmpdir(), 'minio-'))
  const env = {
    ...process.env,
    MINIO_ROOT_USER: accessKeyId,
    MINIO_ROOT_PASSWORD: secretAccessKey,
    MINIO_DOMAIN: domain,
    MINIO_BROWSER: 'off',
    MINIO_UPDATE: 'off',
  }
  const args = ['server', '--quiet', '--address', `127.0.0.1:${port}`, folder]
  const child = spawn(binary, args, { env, stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  const stop = async (): Promise<void> => {
    client.destroy()
    const exited = child.exitCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  noteSecret('storage key', secretAccessKey)
  await untilReady(endpoint, child).catch(async (error) => {
    await stop()
    throw error
  })
  return {
    endpoint,
    domain,
    accessKeyId,
    secretAccessKey,
    createBucket: async (name) => {
      await client.send(new CreateBucketCommand({ Bucket: name }))
    },
    stop,
  }
}
