import { describe, expect, it } from 'vitest'
import { createMetadataCache } from '#local/metadata-cache.ts'

const bytes = (length: number): Uint8Array => new Uint8Array(length)

describe('the metadata cache', () => {
  it('reads a file once for all who ask at the same time', async () => {
    const cache = createMetadataCache({ maxBytes: 10_000 })
    let reads = 0
    const read = async (): Promise<Uint8Array> => {
      reads++
      return bytes(10)
    }
    await Promise.all([cache.fetch('w', 'l', read), cache.fetch('w', 'l', read)])
    await cache.fetch('w', 'l', read)
    expect(reads).toBe(1)
  })

  it('keeps apart stores that use one location', async () => {
    const cache = createMetadataCache({ maxBytes: 10_000 })
    cache.set('one', 'l', bytes(1))
    expect((await cache.fetch('two', 'l', async () => bytes(2))).byteLength).toBe(2)
    expect(cache.get('one', 'l')?.byteLength).toBe(1)
  })

  it('forgets the least used file beyond its bound, and never keeps one that is larger than all of it', () => {
    const cache = createMetadataCache({ maxBytes: 5_000 })
    cache.set('w', 'a', bytes(2_000))
    cache.set('w', 'b', bytes(2_000))
    cache.get('w', 'a')
    cache.set('w', 'c', bytes(2_000))
    expect(
      [cache.get('w', 'a'), cache.get('w', 'b'), cache.get('w', 'c')].map((b) => b !== undefined),
    ).toEqual([true, false, true])
    cache.set('w', 'huge', bytes(6_000))
    expect(cache.get('w', 'huge')).toBeUndefined()
  })

  it('does not keep a failure', async () => {
    const cache = createMetadataCache({ maxBytes: 5_000 })
    await expect(cache.fetch('w', 'a', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
    expect((await cache.fetch('w', 'a', async () => bytes(3))).byteLength).toBe(3)
  })
})
