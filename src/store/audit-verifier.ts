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
  later,
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

/** Blocks in order, and the months that are gone, as of one moment. */
interface Page {
  readonly blocks: readonly Block[]
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
  /** Blocks that follow those taken before. */
  take(page: Page): readonly Finding[]
  /** Entries in their spans, in order, as many at a time as there are. */
  look(rows: readonly EntryRow[]): readonly Finding[]
  /** There are no more in the spans of what was taken. */
  end(): readonly Finding[]
  /** Behind the last block: what no block seals yet. */
  lookBehind(rows: readonly EntryRow[]): readonly Finding[]
  /** The last word, once everything has been looked at: what is gone, and what has only moved. */
  settle(retired: readonly RetiredRow[]): readonly Finding[]
}

const isUnaltered = ({ digest, at, ...entry }: EntryRow): boolean =>
  digestEntry({ ...entry, at: at.toISOString() }) === digest.toString('base64')

const entryFinding = (amiss: Amiss, { id, at }: Position, message: string): Finding => ({
  ...{ amiss, entry: id, at },
  message: `entry ${id} of ${at.toISOString()} ${message}`,
})

const checkUnsealed = (row: EntryRow): readonly Finding[] =>
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

type Sealing = Pick<Block, 'number' | 'sealedAt'>

/** Places alone, whatever hangs on them: a hundred thousand entries and their blocks would be the whole memory. */
interface Loose {
  readonly gone: Map<string, Sealing>
  readonly added: Map<string, Position & { readonly block: number }>
  /** Of those that are gone: what lies behind all blocks. */
  readonly behind: Map<string, Position>
}

/** More is not remembered: what is beyond is told at once, and not looked for elsewhere. */
const mostLoose = 100_000

const placeOf = ({ tx, at, id }: Position): Position => ({ tx, at, id })

const removed = (id: string, { number, sealedAt }: Sealing): Finding => ({
  ...{ amiss: 'removed', entry: id, block: number },
  message: `entry ${id}, which block ${number} sealed on ${sealedAt.toISOString()}, is gone`,
})

const inserted = (place: Position, block: number): Finding => ({
  ...entryFinding('inserted', place, `was not there when block ${block} was sealed`),
  block,
})

const remember = <Value>(map: Map<string, Value>, id: string, value: Value): boolean =>
  map.size < mostLoose && map.set(id, value).size > 0

interface OpenBlock {
  readonly last: Position
  /** What is amiss with the block by itself. */
  readonly amiss: readonly Finding[]
  look(row: EntryRow): readonly Finding[]
  end(): readonly Finding[]
}

/** What has moved is gone at one place and added at another: both are told last. */
const openBlock = (
  { number, sealedAt }: Block,
  leaves: Buffer,
  { gone, added }: Loose,
): Pick<OpenBlock, 'look' | 'end'> => {
  const sealed = new Map(decodeLeaves(leaves).map((leaf) => [leaf.id, leaf]))
  return {
    look: (row) => {
      const leaf = sealed.get(row.id)
      sealed.delete(row.id)
      if (leaf) return checkEntry(row, leaf).map((finding) => ({ ...finding, block: number }))
      return remember(added, row.id, { ...placeOf(row), block: number }) ? [] : [inserted(row, number)]
    },
    end: () =>
      [...sealed.keys()]
        .filter((id) => !remember(gone, id, { number, sealedAt }))
        .map((id) => removed(id, { number, sealedAt })),
  }
}

/** Goes from block to block as the entries in their spans come by. */
const createWalk = (open: (block: Block) => OpenBlock) => {
  let waiting: readonly Block[] = []
  let current: OpenBlock | undefined
  const goOn = (): readonly Finding[] => {
    const [next, ...rest] = waiting
    const amiss = current?.end() ?? []
    waiting = rest
    current = next && open(next)
    return [...amiss, ...(current?.amiss ?? [])]
  }
  const passTo = (place?: Position): readonly Finding[] => {
    const amiss: Finding[] = []
    while (current && (!place || comparePositions(place, current.last) > 0)) amiss.push(...goOn())
    return amiss
  }
  return {
    take: (blocks: readonly Block[]): readonly Finding[] => {
      waiting = blocks
      return goOn()
    },
    look: (row: EntryRow): readonly Finding[] => [...passTo(row), ...(current?.look(row) ?? [])],
    end: (): readonly Finding[] => passTo(),
  }
}

const settleLoose = ({ gone, added, behind }: Loose): readonly Finding[] => {
  const lost = [...gone].map(([id, block]) => {
    const place = added.get(id) ?? behind.get(id)
    return place
      ? { ...entryFinding('reordered', place, 'was sealed at another place'), block: block.number }
      : removed(id, block)
  })
  const more = [...added.values()].filter(({ id }) => !gone.has(id))
  return [...lost, ...more.map(({ block, ...place }) => inserted(place, block))]
}

/** Of a block two may have been kept, of which one is not of this log. */
const byNumber = (kept: readonly Anchor[]): Map<number, readonly string[]> => {
  const groups = Map.groupBy(kept, ({ number }) => number)
  return new Map([...groups].map(([number, all]) => [number, all.map(({ hash }) => hash)]))
}

const lostAnchors = (anchors: ReadonlyMap<number, unknown>): readonly Finding[] =>
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

const checkAnchor = (block: Block, anchors: Map<number, readonly string[]>): readonly Finding[] => {
  const kept = anchors.get(block.number) ?? []
  anchors.delete(block.number)
  return kept.every((hash) => hash === block.hash.toString('hex'))
    ? []
    : [blockFinding('anchor', block, 'is not the one that was kept as an anchor')]
}

export const createVerifier = ({ key, anchors: kept = [] }: VerifierOptions): Verifier => {
  const anchors = byNumber(kept)
  const loose: Loose = { gone: new Map(), added: new Map(), behind: new Map() }
  const counts = { entries: 0, blocks: 0, retired: 0 }
  let previous: Verifier['previous'] = { number: 0, hash: genesis, last: beginning }

  let ours: readonly RetiredRow[] = []

  const open = (block: Block): OpenBlock => {
    const amiss = [...checkLink(block, previous), ...checkHead(block, key), ...checkAnchor(block, anchors)]
    const isRetired = ours.some(
      ({ month, retiredAt }) => month.getTime() === block.month.getTime() && retiredAt >= block.sealedAt,
    )
    if (block.leaves === null && !isRetired)
      amiss.push(blockFinding('block-altered', block, 'has lost its leaves, though its month is kept'))
    counts.blocks += 1
    counts.retired += isRetired ? 1 : 0
    const last = later(previous.last, block.last)
    previous = { number: block.number, hash: block.hash, last }
    const leaves = isRetired ? null : block.leaves
    return { last, amiss, ...openBlock(block, leaves ?? Buffer.alloc(0), loose) }
  }
  const walk = createWalk(open)

  return {
    counts,
    get previous() {
      return previous
    },
    take: ({ blocks, retired }) => {
      ours = retired.filter((row) => isOurs(row, key))
      return walk.take(blocks)
    },
    look: (rows) => {
      counts.entries += rows.length
      return rows.flatMap(walk.look)
    },
    end: walk.end,
    lookBehind: (rows) => {
      for (const row of rows) if (loose.gone.has(row.id)) loose.behind.set(row.id, placeOf(row))
      return rows.flatMap(checkUnsealed)
    },
    settle: (retired) => [...settleLoose(loose), ...lostAnchors(anchors), ...foreignMonths(retired, key)],
  }
}
