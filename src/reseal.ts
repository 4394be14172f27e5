/** `lakegate reseal-secrets`: the store gets another server key. No gateway runs meanwhile. */
import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { CatalogError } from '#model/errors.ts'
import { resealSecrets } from '#store/resealing.ts'
import type { ServerConfig } from './config.ts'
import { type DatabaseCall, openPrepared } from './database-commands.ts'
import {
  createSecretResolver,
  decodeKey,
  keyBytes,
  keyPath,
  openServerKey,
  type SecretResolver,
  sealingKeyOf,
} from './secrets.ts'

interface NextKey {
  readonly key: Buffer
  /** Puts it where the gateway will look for it. */
  install(): Promise<void>
}

const readNext = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

/** Beside the key in use, until the store has it: whoever is interrupted says the same again. */
const stageNext = async ({ data }: ServerConfig, given: Buffer | undefined): Promise<NextKey> => {
  const path = `${keyPath(data)}.next`
  const staged = given === undefined ? await readNext(path) : undefined
  const key = staged === undefined ? (given ?? randomBytes(keyBytes)) : decodeKey(staged)
  await writeFile(path, `${key.toString('base64')}\n`, { mode: 0o600, flush: true })
  return { key, install: () => rename(path, keyPath(data)) }
}

/** A configured key stays where it is configured: whoever configures it changes it there. */
const chooseNext = async (
  server: ServerConfig,
  secret: SecretResolver,
  reference: string | undefined,
): Promise<NextKey> => {
  const given = reference === undefined ? undefined : decodeKey(await secret(reference))
  if (server.key === undefined) return stageNext(server, given)
  if (given !== undefined) return { key: given, install: async () => {} }
  throw new CatalogError('BadRequestException', 'Say which key comes next: --new-key env:NAME or file:/path')
}

export const reseal = async (call: DatabaseCall, newKey: string | undefined): Promise<void> => {
  const { server } = call.config
  const secret = createSecretResolver(call.environment)
  await using parts = new AsyncDisposableStack()
  const database = await openPrepared(call, parts)
  const present = await openServerKey(server, secret)
  const next = await chooseNext(server, secret, newKey)
  const change = { from: sealingKeyOf(present), to: sealingKeyOf(next.key) }
  const count = await database.transaction((tx) => resealSecrets(tx, change))
  await next.install()
  call.print(
    count === undefined
      ? 'The store has this key already.'
      : `Sealed ${count} secrets under the new key. The gateway starts with it and with no other.`,
  )
}
