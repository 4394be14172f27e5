/** Point reads that share queries without ever seeing the past. */
import { describe, expect, it } from 'vitest'
import { createLookups } from '#local/lookups.ts'
import type { RelationName, RelationState } from '#store/entries.ts'

const stateOf = ({ ns, name }: RelationName, version = 0): RelationState => ({
  contentId: `${ns}/${name}`,
  kind: 'table',
  pointer: version,
  own: true,
  metadataLocation: `file:/${name}/${version}`,
  location: `file:/${name}`,
  uuid: 'u',
  policyEpoch: 1,
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Queries that end when the test says so. */
const createQueries = () => {
  const sent: {
    names: readonly RelationName[]
    end: (states: readonly (RelationState | undefined)[]) => void
    fail: (error: Error) => void
  }[] = []
  const find = (names: readonly RelationName[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly (RelationState | undefined)[]>()
    sent.push({ names, end: resolve, fail: reject })
    return promise
  }
  return { sent, find }
}

describe('lookups', () => {
  it('asked together go in one query, each answered with its own', async () => {
    const { sent, find } = createQueries()
    const lookups = createLookups(find)
    const answers = Promise.all(['a', 'b', 'a'].map((name) => lookups.find({ ns: 'n', name })))
    await turn()
    expect(sent.map((query) => query.names.map(({ name }) => name))).toEqual([['a', 'b']])
    sent[0]!.end([stateOf({ ns: 'n', name: 'a' }), undefined])
    expect((await answers).map((state) => state?.metadataLocation)).toEqual([
      'file:/a/0',
      undefined,
      'file:/a/0',
    ])
  })

  it('never join a query that has been sent: it may not see what they must see', async () => {
    const { sent, find } = createQueries()
    const lookups = createLookups(find)
    const name = { ns: 'n', name: 'a' }
    const before = lookups.find(name)
    await turn()
    const after = lookups.find(name)
    await turn()
    expect(sent).toHaveLength(1)
    sent[0]!.end([stateOf(name, 1)])
    expect((await before)?.pointer).toBe(1)
    await turn()
    expect(sent).toHaveLength(2)
    sent[1]!.end([stateOf(name, 2)])
    expect((await after)?.pointer).toBe(2)
  })

  it('do not wait for ever behind a query that hangs', async () => {
    let now = 0
    const { sent, find } = createQueries()
    const lookups = createLookups(find, { monotonic: () => now, patienceMs: 20 })
    void lookups.find({ ns: 'n', name: 'a' })
    await turn()
    const second = lookups.find({ ns: 'n', name: 'b' })
    await turn()
    expect(sent).toHaveLength(1)
    now = 21
    void lookups.find({ ns: 'n', name: 'b' })
    await turn()
    expect(sent).toHaveLength(2)
    sent[1]!.end([stateOf({ ns: 'n', name: 'b' })])
    expect((await second)?.metadataLocation).toBe('file:/b/0')
  })

  it('fail together with their query, and the next ones are asked anew', async () => {
    const { sent, find } = createQueries()
    const lookups = createLookups(find)
    const failing = lookups.find({ ns: 'n', name: 'a' })
    await turn()
    sent[0]!.fail(new Error('the database is away'))
    await expect(failing).rejects.toThrow('the database is away')
    const next = lookups.find({ ns: 'n', name: 'a' })
    await turn()
    sent[1]!.end([undefined])
    expect(await next).toBeUndefined()
  })

  it('are split where a query would name too many', async () => {
    const { sent, find } = createQueries()
    const lookups = createLookups(find, { maxBatch: 2 })
    const answers = Promise.all(['a', 'b', 'c'].map((name) => lookups.find({ ns: 'n', name })))
    await turn()
    expect(sent.map((query) => query.names.length)).toEqual([2])
    sent[0]!.end([undefined, undefined])
    await turn()
    await turn()
    expect(sent.map((query) => query.names.length)).toEqual([2, 1])
    sent[1]!.end([undefined])
    expect(await answers).toEqual([undefined, undefined, undefined])
  })
})
