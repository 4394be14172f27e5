/** Page tokens are sealed: opaque to clients, bound to the listing that issued them, and refused when altered. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { ListState } from '#catalog/mounts-list.ts'
import { CatalogError } from '#model/errors.ts'

export interface PageTokens {
  /** `scope` names the listing and its asker; a token opens under the same scope only. */
  seal(state: ListState, scope: string): string
  /** BadRequest for anything that `seal` did not make under this scope. */
  open(token: string, scope: string): ListState
}

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

const invalid = (cause?: unknown): CatalogError =>
  new CatalogError('BadRequestException', 'Invalid page token', cause === undefined ? {} : { cause })

const unseal = (key: Buffer, token: string, scope: string): string => {
  const bytes = Buffer.from(token, 'base64url')
  // Decoding passes over what is no base64url, and over bits that mean nothing: then it is not what was issued.
  if (bytes.length <= ivBytes + tagBytes || bytes.toString('base64url') !== token) throw invalid()
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes))
  decipher.setAAD(Buffer.from(scope))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const text = decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8')
    return text + decipher.final('utf8')
  } catch (cause) {
    throw invalid(cause)
  }
}

/** `serverKey`: the 32 bytes that all replicas share; tokens use a key derived from it. */
export const createPageTokens = (serverKey: Uint8Array): PageTokens => {
  const key = Buffer.from(hkdfSync('sha256', serverKey, '', 'lakegate page token', 32))
  return {
    seal: (state, scope) => {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv(algorithm, key, iv)
      cipher.setAAD(Buffer.from(scope))
      const sealed = [iv, cipher.update(JSON.stringify(state)), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    // What opens was written by `seal`, so its form needs no second check.
    open: (token, scope) => JSON.parse(unseal(key, token, scope)) as ListState,
  }
}
