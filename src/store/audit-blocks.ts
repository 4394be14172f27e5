/**
 * The form of the blocks that seal the audit log. A leaf stands for one entry: its transaction, id and digest. A block
 * names its leaves by their hash, its span, and the block before it; its seal is made with a key that only processes of
 * the gateway have, so that whoever can merely write to the database cannot make blocks anew.
 */
import { createHmac, hash } from 'node:crypto'

/** A place in the order in which entries are sealed. `tx` is decimal text. */
export interface Position {
  readonly tx: string
  readonly at: Date
  readonly id: string
}

export interface Leaf {
  readonly tx: string
  readonly id: string
  readonly digest: Buffer
}

/** What the hash of a block covers. */
export interface BlockHead {
  readonly number: number
  readonly previousHash: Buffer
  readonly entries: number
  /** `rootOf` its leaves. */
  readonly root: Buffer
  /** Its first moment, in UTC: the entries of one block lie in one partition. */
  readonly month: Date
  /** The last of its entries; the first one comes after the last of the block before. */
  readonly last: Position
  readonly sealedAt: Date
}

export interface Retired {
  readonly month: Date
  readonly retiredAt: Date
  readonly entries: number
}

/** What the first block follows. */
export const genesis = Buffer.alloc(32)
export const beginning: Position = { tx: '0', at: new Date(0), id: '00000000-0000-0000-0000-000000000000' }

const txBytes = 8
const idBytes = 16
const digestBytes = 32
const leafBytes = txBytes + idBytes + digestBytes

const encodeLeaf = ({ tx, id, digest }: Leaf): Buffer => {
  const bytes = Buffer.alloc(leafBytes)
  bytes.writeBigUInt64BE(BigInt(tx))
  bytes.write(id.replaceAll('-', ''), txBytes, 'hex')
  digest.copy(bytes, txBytes + idBytes)
  return bytes
}

export const encodeLeaves = (leaves: readonly Leaf[]): Buffer => Buffer.concat(leaves.map(encodeLeaf))

const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** What is no whole leaf at the end is left out: its root does not fit then anyway. */
export const decodeLeaves = (bytes: Buffer): readonly Leaf[] =>
  Array.from({ length: Math.floor(bytes.byteLength / leafBytes) }, (_, i) => {
    const leaf = bytes.subarray(i * leafBytes, (i + 1) * leafBytes)
    return {
      tx: String(leaf.readBigUInt64BE()),
      id: uuidOf(leaf.toString('hex', txBytes, txBytes + idBytes)),
      digest: leaf.subarray(txBytes + idBytes),
    }
  })

const sha256 = (data: string | Uint8Array): Buffer => hash('sha256', data, 'buffer')

export const rootOf = (leaves: Buffer): Buffer => sha256(leaves)

/** A text of JSON: no two different heads read the same. */
export const hashBlock = ({
  number,
  previousHash,
  entries,
  root,
  month,
  last,
  sealedAt,
}: BlockHead): Buffer =>
  sha256(
    JSON.stringify([
      'lakegate audit block',
      ...[number, previousHash.toString('hex'), entries, root.toString('hex'), month.toISOString()],
      ...[last.tx, last.at.toISOString(), last.id, sealedAt.toISOString()],
    ]),
  )

const hmac = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  createHmac('sha256', key).update(data).digest()

/** `key`: of the server, derived for this alone. */
export const sealBlock = (key: Uint8Array, blockHash: Buffer): Buffer => hmac(key, blockHash)

export const sealRetired = (key: Uint8Array, { month, retiredAt, entries }: Retired): Buffer =>
  hmac(key, JSON.stringify(['lakegate audit retired', month.toISOString(), retiredAt.toISOString(), entries]))

/** Below 0 where `one` comes first. */
export const comparePositions = (one: Position, other: Position): number => {
  if (one.tx !== other.tx) return BigInt(one.tx) < BigInt(other.tx) ? -1 : 1
  if (one.at.getTime() !== other.at.getTime()) return one.at.getTime() - other.at.getTime()
  if (one.id === other.id) return 0
  return one.id < other.id ? -1 : 1
}

export const later = <Place extends Position>(one: Place, other: Place): Place =>
  comparePositions(one, other) < 0 ? other : one

/** A block as it can be kept elsewhere. */
export interface Anchor {
  readonly number: number
  /** In hexadecimal digits. */
  readonly hash: string
}

/** `number:hash`; undefined for anything else. */
export const parseAnchor = (text: string): Anchor | undefined => {
  const [, number, found] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  return number === undefined || found === undefined
    ? undefined
    : { number: Number(number), hash: found.toLowerCase() }
}

export const formatAnchor = ({ number, hash: found }: Anchor): string => `${number}:${found}`
