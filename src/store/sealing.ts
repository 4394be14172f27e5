/**
 * Seals secrets for the store: each under a random key of its own, which is sealed under a key that only the processes
 * know. Id, purpose and project are bound into both seals, so that no row can stand in for another.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'

/** Who may open a secret: what asks for another purpose, or from another project, does not find it. */
export interface SecretScope {
  /** E.g. `connection`, `storage-credential`, `signing-key`. */
  readonly purpose: string
  /** Null for the server's own. */
  readonly projectId: string | null
}

export interface SealedSecret extends SecretScope {
  readonly id: string
  readonly keyFingerprint: string
  readonly sealedKey: Buffer
  readonly sealed: Buffer
}

export interface Sealing {
  seal(value: string, scope: SecretScope): SealedSecret
  /** Throws where it was sealed under another key, for another scope, or has been altered. */
  open(secret: SealedSecret): string
}

export interface SealingKey {
  /** 32 bytes, derived from the server key for this alone. */
  readonly key: Uint8Array
  /** Of the server key. */
  readonly fingerprint: string
}

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

const encrypt = (key: Uint8Array, plain: Uint8Array, bound: Buffer): Buffer => {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  cipher.setAAD(bound)
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

const decrypt = (key: Uint8Array, sealed: Buffer, bound: Buffer): Buffer => {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(bound)
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(ivBytes, -tagBytes)), decipher.final()])
}

/** As JSON: no two different bindings read the same. */
const bindingOf = (part: 'key' | 'value', id: string, { purpose, projectId }: SecretScope): Buffer =>
  Buffer.from(JSON.stringify([part, id, purpose, projectId]))

/** The same secret under another key: the value itself is looked at, and not sealed again. Throws as `open` does. */
export const createResealing = (
  from: SealingKey,
  to: SealingKey,
): ((secret: SealedSecret) => SealedSecret) => {
  const { open } = createSealing(from)
  return (secret) => {
    open(secret)
    const bound = bindingOf('key', secret.id, secret)
    const sealedKey = encrypt(to.key, decrypt(from.key, secret.sealedKey, bound), bound)
    return { ...secret, keyFingerprint: to.fingerprint, sealedKey }
  }
}

export const createSealing = ({ key, fingerprint }: SealingKey): Sealing => ({
  seal: (value, { purpose, projectId }) => {
    const id = randomUUID()
    const scope = { purpose, projectId }
    const inner = randomBytes(32)
    return {
      ...{ id, ...scope, keyFingerprint: fingerprint },
      sealedKey: encrypt(key, inner, bindingOf('key', id, scope)),
      sealed: encrypt(inner, Buffer.from(value), bindingOf('value', id, scope)),
    }
  },
  open: (secret) => {
    if (secret.keyFingerprint !== fingerprint)
      throw new Error(`secret ${secret.id} is sealed under another key`)
    try {
      const inner = decrypt(key, secret.sealedKey, bindingOf('key', secret.id, secret))
      return decrypt(inner, secret.sealed, bindingOf('value', secret.id, secret)).toString('utf8')
    } catch (cause) {
      throw new Error(`secret ${secret.id} cannot be opened: it was altered, or is of another purpose`, {
        cause,
      })
    }
  },
})
