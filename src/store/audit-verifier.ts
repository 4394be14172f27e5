/** Holds entries of the audit log against the blocks that seal them, and tells what does not fit together. Pure. */
import {
  type Anchor,
  type BlockHead,
  beginning,
  comparePositions,
  decodeLeaves,
  genesis,
  hashBlock,
  type Leaf,
  type Position,
  type Retired,
  rootOf,
  sealBlock,
  sealRetired,
} from './audit-blocks.ts'
import { type AuditEntry, digestEntry } from './audit-entries.ts'

/**
 * `altered`: an entry is not as it was written. `removed`, `inserted`, `reordered`: it is gone, was added to what had
 * been sealed, or has another place. `block-…`: so with a block; `block-unsealed`, `month-unsealed`: no process of this
 * gateway has made that block, or removed that month. `anchor`: what was kept elsewhere is not this block, or it is gone.
 */
type Amiss =
  | 'altered'
  | 'removed'
  | 'inserted'
  | 'reordered'
  | 'block-altered'
  | 'block-removed'
  | 'block-unsealed'
  | 'month-unsealed'
  | 'anchor'

export interface Finding {
  readonly amiss: Amiss
  /** Id of the entry. */
  readonly entry?: string
  /** When the entry happened, as it says now. */
  readonly at?: Date
  readonly block?: number
  readonly message: string
}

export interface Block extends BlockHead {
  readonly hash: Buffer
  readonly seal: Buffer
  /** Null once retention has removed the entries. */
  readonly leaves: Buffer | null
}

export type EntryRow = Omit<AuditEntry, 'at'> & Position & { readonly digest: Buffer }

export interface RetiredRow extends Retired {
  readonly seal: Buffer
}

/** Blocks in order, the entries of their spans in order, and the months that are gone, all as of one moment. */
export interface Page {
  readonly blocks: readonly Block[]
  readonly rows: readonly EntryRow[]
  readonly retired: readonly RetiredRow[]
}

export interface VerifierOptions {
  /** Of the server, derived for this alone. Absent: seals are not looked at. */
  readonly key?: Uint8Array | undefined
  readonly anchors?: readonly Anchor[] | undefined
}

export interface Verifier {
  /** Where to read on: behind the last block. */
  readonly previous: { readonly number: number; readonly hash: Buffer; readonly last: Position }
  readonly counts: { entries: number; blocks: number; retired: number }
  take(page: Page): readonly Finding[]
  /** Ids of entries that were sealed and are not where they were. */
  gone(): readonly string[]
  /** The last word, once all blocks have been taken: which of `gone` have been found elsewhere. */
  settle(found: readonly Position[], retired: readonly RetiredRow[]): readonly Finding[]
}

const isUnaltered = ({ digest, at, ...entry }: EntryRow): boolean =>
  digestEntry({ ...entry, at: at.toISOString() }) === digest.toString('base64')

const entryFinding = (amiss: Amiss, { id, at }: Position, message: string): Finding => ({
  ...{ amiss, entry: id, at },
  message: `entry ${id} of ${at.toISOString()} ${message}`,
})

/** Of what no block seals yet. */
export const checkUnsealed = (row: EntryRow): readonly Finding[] =>
  isUnaltered(row) ? [] : [entryFinding('altered', row, 'does not have the digest of its columns')]

const checkEntry = (row: EntryRow, leaf: Leaf): readonly Finding[] => {
  const amiss = [...checkUnsealed(row)]
  if (amiss.length === 0 && !row.digest.equals(leaf.digest))
    amiss.push(entryFinding('altered', row, 'is not the one that was sealed'))
  if (row.tx !== leaf.tx) amiss.push(entryFinding('reordered', row, 'was sealed for another transaction'))
  return amiss
}

const blockFinding = (amiss: Amiss, { number }: { readonly number: number }, message: string): Finding => ({
  ...{ amiss, block: number },
  message: `block ${number} ${message}`,
})

const checkLink = ({ number, previousHash }: Block, previous: Verifier['previous']): readonly Finding[] => {
  const first = previous.number + 1
  if (number > first)
    return [blockFinding('block-removed', { number: first }, `is gone, with all before block ${number}`)]
  return previousHash.equals(previous.hash)
    ? []
    : [blockFinding('block-altered', { number }, 'does not follow the block before it')]
}

/** The block by itself. */
const checkHead = (block: Block, key: Uint8Array | undefined): readonly Finding[] => {
  const { hash, seal, leaves, root } = block
  const amiss: Finding[] = []
  if (!hashBlock(block).equals(hash))
    amiss.push(blockFinding('block-altered', block, 'does not have the hash of its columns'))
  if (leaves && !rootOf(leaves).equals(root))
    amiss.push(blockFinding('block-altered', block, 'does not have the leaves that it was made of'))
  if (key && !sealBlock(key, hash).equals(seal))
    amiss.push(blockFinding('block-unsealed', block, 'was not sealed by this server'))
  return amiss
}

const isOurs = ({ seal, ...retired }: RetiredRow, key: Uint8Array | undefined): boolean =>
  key === undefined || sealRetired(key, retired).equals(seal)

interface Loose {
  readonly gone: Map<string, { readonly leaf: Leaf; readonly block: Block }>
  readonly added: Map<string, { readonly row: EntryRow; readonly block: number }>
}

/** More is not remembered: what is beyond is told at once, and not looked for elsewhere. */
const mostLoose = 100_000

const removed = (leaf: Leaf, { number, sealedAt }: Block): Finding => ({
  ...{ amiss: 'removed', entry: leaf.id, block: number },
  message: `entry ${leaf.id}, which block ${number} sealed on ${sealedAt.toISOString()}, is gone`,
})

const inserted = (row: EntryRow, block: number): Finding => ({
  ...entryFinding('inserted', row, `was not there when block ${block} was sealed`),
  block,
})

const remember = <Value>(map: Map<string, Value>, id: string, value: Value): boolean =>
  map.size < mostLoose && map.set(id, value).size > 0

/** What has moved is gone at one place and added at another: both are told last. */
const checkRows = (rows: readonly EntryRow[], block: Block, { gone, added }: Loose): readonly Finding[] => {
  const { number, leaves } = block
  const sealed = new Map(decodeLeaves(leaves ?? Buffer.alloc(0)).map((leaf) => [leaf.id, leaf]))
  const amiss: Finding[] = []
  for (const row of rows) {
    const leaf = sealed.get(row.id)
    sealed.delete(row.id)
    if (leaf) for (const finding of checkEntry(row, leaf)) amiss.push({ ...finding, block: number })
    else if (!remember(added, row.id, { row, block: number })) amiss.push(inserted(row, number))
  }
  for (const leaf of sealed.values())
    if (!remember(gone, leaf.id, { leaf, block })) amiss.push(removed(leaf, block))
  return amiss
}

const settleLoose = ({ gone, added }: Loose, found: readonly Position[]): readonly Finding[] => {
  const moved = new Map(found.map((place) => [place.id, place]))
  const lost = [...gone.values()].map(({ leaf, block }) => {
    const place = moved.get(leaf.id)
    return place
      ? { ...entryFinding('reordered', place, 'was sealed at another place'), block: block.number }
      : removed(leaf, block)
  })
  const more = [...added.values()].filter(({ row }) => !gone.has(row.id))
  return [...lost, ...more.map(({ row, block }) => inserted(row, block))]
}

const lostAnchors = (anchors: ReadonlyMap<number, string>): readonly Finding[] =>
  [...anchors.keys()].map((number) =>
    blockFinding('anchor', { number }, 'was kept as an anchor, and is gone'),
  )

const foreignMonths = (retired: readonly RetiredRow[], key: Uint8Array | undefined): readonly Finding[] =>
  retired
    .filter((row) => !isOurs(row, key))
    .map(({ month }) => ({
      ...{ amiss: 'month-unsealed', at: month },
      message: `the month from ${month.toISOString()} on was not removed by this server`,
    }))

const checkAnchor = (block: Block, anchors: Map<number, string>): readonly Finding[] => {
  const kept = anchors.get(block.number)
  anchors.delete(block.number)
  return kept === undefined || kept === block.hash.toString('hex')
    ? []
    : [blockFinding('anchor', block, 'is not the one that was kept as an anchor')]
}

/** The first of the rows, in order, that lie behind the block. */
const endOf = (rows: readonly EntryRow[], start: number, { last }: Block): number => {
  const end = rows.findIndex((row, i) => i >= start && comparePositions(row, last) > 0)
  return end === -1 ? rows.length : end
}

export const createVerifier = ({ key, anchors: kept = [] }: VerifierOptions): Verifier => {
  const anchors = new Map(kept.map(({ number, hash }) => [number, hash]))
  const loose: Loose = { gone: new Map(), added: new Map() }
  const counts = { entries: 0, blocks: 0, retired: 0 }
  let previous: Verifier['previous'] = { number: 0, hash: genesis, last: beginning }

  const takeBlock = (block: Block, rows: readonly EntryRow[], retired: readonly RetiredRow[]) => {
    const amiss = [...checkLink(block, previous), ...checkHead(block, key), ...checkAnchor(block, anchors)]
    const isRetired = retired.some(
      ({ month, retiredAt }) => month.getTime() === block.month.getTime() && retiredAt >= block.sealedAt,
    )
    if (block.leaves === null && !isRetired)
      amiss.push(blockFinding('block-altered', block, 'has lost its leaves, though its month is kept'))
    amiss.push(...checkRows(rows, isRetired ? { ...block, leaves: null } : block, loose))
    counts.blocks += 1
    counts.retired += isRetired ? 1 : 0
    counts.entries += rows.length
    previous = block
    return amiss
  }

  return {
    counts,
    get previous() {
      return previous
    },
    take: ({ blocks, rows, retired }) => {
      const ours = retired.filter((row) => isOurs(row, key))
      let start = 0
      return blocks.flatMap((block) => {
        const end = endOf(rows, start, block)
        const amiss = takeBlock(block, rows.slice(start, end), ours)
        start = end
        return amiss
      })
    },
    gone: () => [...loose.gone.keys()],
    settle: (found, retired) => [
      ...settleLoose(loose, found),
      ...lostAnchors(anchors),
      ...foreignMonths(retired, key),
    ],
  }
}
