import { describe, expect, it } from 'vitest'
import { newCall } from '../../contract/catalog/kit.ts'
import { answerError, answerRaw, type Behaviour } from '../../support/hostile-upstream.ts'
import {
  all,
  answerTable,
  bytesOf,
  envelope,
  failureOf,
  id,
  metadata,
  useRelayBench,
} from '../../support/relay-bench.ts'

const bench = useRelayBench()

/** Answers 304 to its own tag, and the document with the tag otherwise. */
const tagged =
  (state: { tag: string; snapshots: string[] }): Behaviour =>
  (call, response) =>
    (call.headers['if-none-match'] === state.tag
      ? answerRaw(304, '')
      : answerTable(state.snapshots, { etag: state.tag }))(call, response)

const load = async (name = 't'): Promise<string> =>
  bytesOf(await bench.catalog.tables.load(newCall(), { namespace: ['db'], name }, all))

describe('a kept document', () => {
  it('is asked about each time, with the tag of the upstream, and answered from memory while it stands', async () => {
    const state = { tag: '"a"', snapshots: ['1'] }
    bench.upstream.behave(tagged(state))
    expect([await load(), await load(), await load()]).toEqual(Array(3).fill(metadata(['1'])))
    expect(bench.upstream.calls.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"a"',
      '"a"',
    ])
    state.tag = '"b"'
    state.snapshots = ['2']
    expect([await load(), await load()]).toEqual(Array(2).fill(metadata(['2'])))
    expect(bench.upstream.calls.at(-1)?.headers['if-none-match']).toBe('"b"')
  })

  it('answers a caller that holds its version with not-modified', async () => {
    bench.upstream.behave(tagged({ tag: '"a"', snapshots: [] }))
    const loaded = await bench.catalog.tables.load(newCall(), id, all)
    if (loaded === 'not-modified') throw new Error('not modified without a version')
    expect(await bench.catalog.tables.load(newCall(), id, { ...all, unlessVersion: loaded.version })).toBe(
      'not-modified',
    )
    const stale = await bench.catalog.tables.load(newCall(), id, { ...all, unlessVersion: 'etag:"older"' })
    expect(bytesOf(stale)).toBe(metadata())
  })

  it('of one mode is not taken for the other', async () => {
    bench.upstream.behave((call, response) => {
      const document = call.url.includes('snapshots=refs') ? metadata(['1']) : metadata(['1', '2'])
      ;(call.headers['if-none-match'] === '"same"'
        ? answerRaw(304, '')
        : answerRaw(200, envelope(document), { etag: '"same"' }))(call, response)
    })
    const refs = { snapshots: 'refs' } as const
    for (let i = 0; i < 2; i += 1) {
      expect(bytesOf(await bench.catalog.tables.load(newCall(), id, refs))).toBe(metadata(['1']))
      expect(bytesOf(await bench.catalog.tables.load(newCall(), id, all))).toBe(metadata(['1', '2']))
    }
  })

  it('cannot be replaced by another table that claims its tag, uuid and location', async () => {
    bench.upstream.behave((call, response) => {
      const mine = metadata().replace('"odd": 1.0', '"odd":"hostile"')
      ;(call.headers['if-none-match'] === '"same"'
        ? answerRaw(304, '')
        : answerRaw(200, envelope(call.url.endsWith('/hostile') ? mine : metadata()), { etag: '"same"' }))(
        call,
        response,
      )
    })
    for (let i = 0; i < 2; i += 1) {
      expect(await load('hostile')).toContain('hostile')
      expect(await load()).toBe(metadata())
    }
  })

  it('is forgotten with its table', async () => {
    const state = { tag: '"a"', snapshots: ['1'] }
    bench.upstream.behave(tagged(state))
    await load()
    bench.upstream.behave(answerError(404, 'NoSuchTableException', 'gone'))
    expect((await failureOf(load())).type).toBe('NoSuchTableException')
    bench.upstream.behave(tagged(state))
    await load()
    expect(bench.upstream.calls.at(-1)?.headers['if-none-match']).toBeUndefined()
  })

  it('is never an answer while the upstream is out', async () => {
    bench.upstream.behave(tagged({ tag: '"a"', snapshots: ['1'] }))
    await load()
    bench.upstream.behave(answerRaw(500, ''))
    expect((await failureOf(load())).type).toBe('BadGatewayException')
  })
})

describe('loads at the same time', () => {
  it('share a request, but none that was sent before they came', async () => {
    let version = 0
    bench.upstream.behave((call, response) => {
      const now = String(version)
      setTimeout(() => answerTable([now])(call, response), 20)
    })
    const seen = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, i))
        version += 1
        const atLeast = version
        return { atLeast, got: Number(/"snapshot-id": (\d+)/.exec(await load())?.[1]) }
      }),
    )
    for (const { atLeast, got } of seen) expect(got).toBeGreaterThanOrEqual(atLeast)
    expect(bench.upstream.calls.length).toBeLessThan(30)
  })

  it('stop the request when all who wait for it are gone', async () => {
    const closed = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    bench.upstream.behave((_call, response) => {
      response.once('close', () => closed.resolve())
      arrived.resolve()
    })
    const caller = new AbortController()
    const gone = failureOf(bench.catalog.tables.load(newCall({ signal: caller.signal }), id, all))
    await arrived.promise
    caller.abort()
    expect((await gone).type).toBe('RequestTimeoutException')
    await closed.promise
  })
})
