import { describe, expect, it } from 'vitest'
import type { DoubtfulChange } from '../../../src/catalog/catalog.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import { answerError, answerRaw, type Behaviour, cutConnection } from '../../support/hostile-upstream.ts'
import { answerTable, failureOf, id, useRelayBench } from '../../support/relay-bench.ts'

const bench = useRelayBench()
const other = { namespace: ['db'], name: 'u' }
const done = { outcome: { kind: 'done' } }
const gone = answerError(404, 'NoSuchTableException', 'gone')

const look = async (change: Partial<DoubtfulChange> & { readonly operation: string }) =>
  bench.catalog.landed?.(newCall(), { identifiers: [id], addedSnapshotIds: [], marks: [], ...change })

/** Answers each table as told; others are missing. */
const tables =
  (known: Readonly<Record<string, Behaviour>>): Behaviour =>
  (call, response) =>
    (known[new URL(call.url, bench.upstream.uri).pathname.split('/').at(-1) ?? ''] ?? gone)(call, response)

describe('a look after a change of unknown end', () => {
  it('finds a commit by all of its snapshots', async () => {
    bench.upstream.behave(answerTable(['5', '9007199254740993']))
    const commit = { operation: 'updateTable' }
    expect(await look({ ...commit, addedSnapshotIds: ['9007199254740993', '5'] })).toEqual({
      outcome: { kind: 'metadata', metadataLocation: 's3://b/t/metadata/1.json' },
      uuid: 'u-1',
    })
    expect(await look({ ...commit, addedSnapshotIds: ['9007199254740992'] })).toBe('unseen')
    expect(await look({ ...commit, addedSnapshotIds: ['5', '6'] })).toBe('unseen')
    expect(bench.upstream.calls.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('finds a transaction by one of its snapshots in one of its tables', async () => {
    bench.upstream.behave(tables({ u: answerTable(['5']) }))
    const transaction = { operation: 'commitTransaction', identifiers: [id, other] }
    expect(await look({ ...transaction, addedSnapshotIds: ['5', '6'] })).toEqual(done)
    expect(await look({ ...transaction, addedSnapshotIds: ['7'] })).toBe('unseen')
  })

  it('finds a drop where nothing is there, and a rename where the other name is', async () => {
    bench.upstream.behave(tables({ t: answerTable() }))
    expect(await look({ operation: 'dropTable' })).toBe('unseen')
    expect(await look({ operation: 'dropTable', identifiers: [other] })).toEqual(done)
    const rename = { operation: 'renameTable' }
    expect(await look({ ...rename, identifiers: [other, id] })).toEqual({ ...done, uuid: 'u-1' })
    expect(await look({ ...rename, identifiers: [id, other] })).toBe('unseen')
    bench.upstream.behave(answerTable())
    expect(await look({ ...rename, identifiers: [id, other] })).toBe('unseen')
  })

  it('finds what was created where all of it has the uuid that it was given', async () => {
    bench.upstream.behave(tables({ t: answerTable(), u: answerTable() }))
    const [t, u] = [
      { id, uuid: 'u-1' },
      { id: other, uuid: 'u-1' },
    ]
    expect(await look({ operation: 'updateTable', marks: [t] })).toMatchObject({ uuid: 'u-1' })
    expect(await look({ operation: 'updateTable', marks: [{ id, uuid: 'u-2' }] })).toBe('unseen')
    const transaction = { operation: 'commitTransaction', identifiers: [id, other] }
    expect(await look({ ...transaction, marks: [t, u] })).toEqual(done)
    expect(await look({ ...transaction, marks: [t, { id: other, uuid: 'u-2' }] })).toBe('unseen')
    bench.upstream.behave(tables({ t: answerTable() }))
    expect(await look({ ...transaction, marks: [t, u] })).toBe('unseen')
  })

  it('finds what was registered by its file', async () => {
    bench.upstream.behave(answerTable())
    const register = (metadataLocation: string) =>
      look({ operation: 'registerTable', marks: [{ id, metadataLocation }] })
    expect(await register('s3://b/t/metadata/1.json')).toMatchObject({ uuid: 'u-1' })
    expect(await register('s3://b/t/metadata/2.json')).toBe('unseen')
  })

  it.each(['createTable', 'registerTable', 'unregisterTable', 'createView', 'replaceView', 'updateTable'])(
    'tells nothing of %s without a snapshot, and does not ask',
    async (operation) => {
      bench.upstream.behave(answerTable(['5']))
      expect(await look({ operation })).toBe('untellable')
      expect(bench.upstream.calls).toEqual([])
    },
  )

  it.each([
    ['a cut connection', cutConnection],
    ['a 503', answerRaw(503, '')],
  ])('that ends in %s shows nothing, and says so', async (_, behaviour) => {
    bench.upstream.behave(behaviour)
    for (const operation of ['dropTable', 'renameTable']) {
      const work = bench.catalog.landed?.(newCall(), {
        operation,
        identifiers: [id, other],
        addedSnapshotIds: [],
        marks: [],
      })
      const error = await failureOf(Promise.resolve(work))
      expect(error.status).toBeGreaterThanOrEqual(502)
    }
  })
})
