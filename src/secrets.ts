/** Secrets behind references, and the server key. */
import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { CatalogError } from '#model/errors.ts'
import { sealedIdOf } from '#model/secret.ts'
import type { SealedSecret, SealingKey, SecretScope } from '#store/sealing.ts'
import { authSecrets } from './auth-check.ts'
import { type Environment, isDevelopment, type ServerConfig } from './config.ts'

export type SecretResolver = (reference: string) => Promise<string>

/** A URL as it stands, or the one behind a reference. */
export const resolveUrl = (text: string, secret: SecretResolver): Promise<string> | string =>
  /^(env|file):/.test(text) ? secret(text) : text

/** A resolver for what has one purpose in one project: it opens no sealed secret of another. */
export type ScopedSecrets = (scope: SecretScope, drafts?: readonly SealedSecret[]) => SecretResolver

const unresolved = (reference: string, cause?: unknown): CatalogError =>
  new CatalogError('BadRequestException', `Cannot resolve the secret ${reference}`, { cause })

const maxSecretBytes = 64 * 1024

/** References come from whoever may configure a connection: a pipe or an endless device must not hold this process. */
const readSecretFile = async (path: string): Promise<string> => {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = await handle.stat()
  if (!found.isFile() || found.size > maxSecretBytes) throw new Error('not a file of a secret')
  return await handle.readFile('utf8')
}

/** `env:NAME` or `file:/path`; read on every call, so that a rotated secret is taken up. Never cached, never logged. */
export const createSecretResolver =
  (environment: Environment): SecretResolver =>
  async (reference) => {
    const [, scheme, name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
    if (scheme === undefined)
      throw new CatalogError('BadRequestException', 'A secret must be a reference: env:NAME or file:/path')
    const value =
      scheme === 'env'
        ? environment[name]
        : await readSecretFile(name).catch((cause: unknown) => {
            throw unresolved(reference, cause)
          })
    const trimmed = value?.replace(/\r?\n$/, '')
    if (trimmed === undefined || trimmed === '') throw unresolved(reference)
    return trimmed
  }

/** One spelling a file. */
const plainReference = (reference: string): string =>
  reference.startsWith('file:') ? `file:${resolve(reference.slice('file:'.length))}` : reference

/**
 * What connections and storage profiles may refer to: anything but the server's own secrets, or whoever may make
 * a connection could have them sent to an upstream of his own.
 */
export const withoutOwnSecrets = (secret: SecretResolver, server: ServerConfig): SecretResolver => {
  const { token, key, database, databaseDirectUrl, edge, auth, policy, redis } = server
  const named = [
    ...[token, key, database, databaseDirectUrl, edge.tls?.key, ...authSecrets(auth)],
    ...[policy.external?.token, policy.openfga?.token, redis?.url, redis?.password],
  ]
  const own = new Set(named.filter((reference) => reference !== undefined).map(plainReference))
  const folder = `${resolve(server.data)}${sep}`
  return async (reference) => {
    const file = reference.startsWith('file:') ? resolve(reference.slice('file:'.length)) : ''
    if (own.has(plainReference(reference)) || file.startsWith(folder))
      throw new CatalogError('BadRequestException', `The reference ${reference} is the server's own secret`)
    return secret(reference)
  }
}

/** `secret:<uuid>` is opened from the store; every other reference is resolved as before. */
export const withSealed =
  (secret: SecretResolver, open: (id: string) => Promise<string>): SecretResolver =>
  (reference) => {
    const id = sealedIdOf(reference)
    return id === undefined ? secret(reference) : open(id)
  }

/** Without a static token the gateway has one that nobody learns: it is its own first client. None in development. */
export const openToken = async (
  server: ServerConfig,
  secret: SecretResolver,
): Promise<string | undefined> => {
  if (server.token !== undefined) return secret(server.token)
  return isDevelopment(server) ? undefined : randomBytes(32).toString('base64url')
}

export const keyBytes = 32

export const decodeKey = (text: string): Buffer => {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, /^[0-9a-fA-F]{64}$/.test(trimmed) ? 'hex' : 'base64')
  if (bytes.length !== keyBytes)
    throw new CatalogError('BadRequestException', 'The server key must be 32 bytes, as hex or base64')
  return bytes
}

/** Racing first starts agree: the file appears whole, once, and the loser reads the winner's. */
const createKeyFile = async (folder: string, path: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${randomBytes(keyBytes).toString('base64')}\n`, { mode: 0o600, flush: true })
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Where the key lies that nobody has configured. */
export const keyPath = (folder: string): string => join(folder, 'server.key')

/** The configured key, else the one in the data folder, which is made (mode 0600) by the first start. */
export const openServerKey = async (server: ServerConfig, secret: SecretResolver): Promise<Buffer> => {
  if (server.key !== undefined) return decodeKey(await secret(server.key))
  const path = keyPath(server.data)
  const read = (): Promise<string | undefined> =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  const present = await read()
  if (present !== undefined) return decodeKey(present)
  await createKeyFile(server.data, path)
  return decodeKey((await read()) ?? '')
}

/** Tells keys apart without telling anything of them. Kept in the `server` row. */
export const fingerprintOf = (key: Uint8Array): string =>
  createHash('sha256').update('lakegate server key').update(key).digest('hex').slice(0, 32)

/** 32 bytes for one use: whoever learns them learns nothing of the server key or of its other uses. */
export const derivedKey = (key: Uint8Array, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', `lakegate ${use}`, 32))

export const sealingKeyOf = (key: Uint8Array): SealingKey => ({
  key: derivedKey(key, 'secrets'),
  fingerprint: fingerprintOf(key),
})
