/**
 * Keys of service accounts: `lg_` (signs a request by itself) or `lgs_` (a client secret), 256 random bits in base64url,
 * and six characters of checksum, by which scanners of repositories tell a key from what only looks like one.
 */
import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type KeyKind = 'api-key' | 'client-secret'

export interface NewKey {
  /** Shown once. */
  readonly text: string
  /** SHA-256 of the text; with 256 random bits in it, no slow hash would make it safer. */
  readonly hash: Buffer
  /** Prefix and first four characters: enough to tell keys apart. */
  readonly hint: string
}

const prefixes: Readonly<Record<KeyKind, string>> = { 'api-key': 'lg_', 'client-secret': 'lgs_' }
const form = /^(lgs?_)([A-Za-z0-9_-]{43})([0-9A-Za-z]{6})$/
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const checksum = (text: string): string => {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

export const hashKey = (text: string): Buffer => hash('sha256', text, 'buffer')

export const createKey = (kind: KeyKind): NewKey => {
  const body = prefixes[kind] + randomBytes(32).toString('base64url')
  const text = body + checksum(body)
  return { text, hash: hashKey(text), hint: body.slice(0, prefixes[kind].length + 4) }
}

/** Whether it claims to be one; no other token begins like this. */
export const isLikeKey = (token: string): boolean => token.startsWith('lg_') || token.startsWith('lgs_')

/** The kind of what has the form and the checksum of a key; undefined for anything else. */
export const kindOfKey = (token: string): KeyKind | undefined => {
  const [, prefix, body, digits] = form.exec(token) ?? []
  if (prefix === undefined || checksum(`${prefix}${body}`) !== digits) return undefined
  return prefix === prefixes['api-key'] ? 'api-key' : 'client-secret'
}
