/** What every object store must do; one short test file per implementation calls it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetadataFiles } from '#storage/metadata-files.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { rejection } from '../support/rejection.ts'

export interface StorageUnderTest extends AsyncDisposable {
  readonly store: ObjectStore
  /** An allowed location without a trailing slash, empty at first. */
  readonly root: string
  /** A location of the same scheme that is not allowed. */
  readonly outside: string
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const maxBytes = 1_000_000

export const describeStorage = (name: string, open: () => Promise<StorageUnderTest>): void => {
  describe(`object store: ${name}`, () => {
    let test: StorageUnderTest
    let store: ObjectStore
    beforeAll(async () => {
      test = await open()
      store = test.store
    })
    afterAll(async () => {
      await store?.[Symbol.asyncDispose]()
      await test?.[Symbol.asyncDispose]()
    })
    const at = (path: string): string => `${test.root}/${path}`

    it('reads back what was written', async () => {
      await store.writeIfAbsent(at('read/a.json'), bytesOf('{"a":1}'))
      expect(Buffer.from(await store.read(at('read/a.json'), { maxBytes })).toString()).toBe('{"a":1}')
    })

    it('keeps bytes as they are, none at all included', async () => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 256)
      await store.writeIfAbsent(at('read/binary'), bytes)
      await store.writeIfAbsent(at('read/empty'), new Uint8Array())
      expect(Buffer.compare(await store.read(at('read/binary'), { maxBytes }), bytes)).toBe(0)
      expect((await store.read(at('read/empty'), { maxBytes })).byteLength).toBe(0)
    })

    it('takes names with spaces, percent signs, equals signs and letters of any script', async () => {
      for (const path of ['odd/a b.json', 'odd/p=1%20x/y', 'odd/ünïcödé/表', 'odd/q\'u"o*te+@:~']) {
        await store.writeIfAbsent(at(path), bytesOf(path))
        expect(Buffer.from(await store.read(at(path), { maxBytes })).toString()).toBe(path)
      }
    })

    it('answers a missing object with NotFound and the text that clients know', async () => {
      for (const path of ['missing', 'missing/deep/a.json', 'read']) {
        const error = await rejection(store.read(at(path), { maxBytes }))
        expect(error).toMatchObject({
          type: 'NotFoundException',
          message: `Failed to open input stream for file: ${at(path)}`,
        })
      }
    })

    it('refuses to read more than the limit, and reads exactly the limit', async () => {
      await store.writeIfAbsent(at('limit/ten'), bytesOf('0123456789'))
      expect((await store.read(at('limit/ten'), { maxBytes: 10 })).byteLength).toBe(10)
      const error = await rejection(store.read(at('limit/ten'), { maxBytes: 9 }))
      expect(error).toMatchObject({ type: 'BadRequestException' })
    })

    it('never replaces what is there', async () => {
      await store.writeIfAbsent(at('once/a'), bytesOf('first'))
      const error = await rejection(store.writeIfAbsent(at('once/a'), bytesOf('second')))
      expect(error).toMatchObject({ type: 'AlreadyExistsException' })
      expect(Buffer.from(await store.read(at('once/a'), { maxBytes })).toString()).toBe('first')
    })

    it('lets one of many racing writers win, whole', async () => {
      const writers = Array.from({ length: 12 }, (_, i) => `${i}`.repeat(10_000))
      const outcomes = await Promise.allSettled(
        writers.map((text) => store.writeIfAbsent(at('race/a'), bytesOf(text))),
      )
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [writers[i]] : []))
      expect(winners).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ type: 'AlreadyExistsException' })
      expect(Buffer.from(await store.read(at('race/a'), { maxBytes })).toString()).toBe(winners[0])
    })

    it('tells whether an object exists; a folder is none', async () => {
      await store.writeIfAbsent(at('exists/a/b'), bytesOf('x'))
      expect(await store.exists(at('exists/a/b'))).toBe(true)
      expect(await store.exists(at('exists/a'))).toBe(false)
      expect(await store.exists(at('exists/a/c'))).toBe(false)
      expect(await store.exists(at('exists/a/b/c'))).toBe(false)
    })

    it('deletes, and deleting what is absent succeeds', async () => {
      await store.writeIfAbsent(at('delete/a'), bytesOf('x'))
      await store.writeIfAbsent(at('delete/ab'), bytesOf('x'))
      await store.delete(at('delete/a'))
      await store.delete(at('delete/a'))
      await store.delete(at('delete/never/was'))
      expect(await store.exists(at('delete/a'))).toBe(false)
      expect(await store.exists(at('delete/ab'))).toBe(true)
    })

    it('writes again where something was deleted', async () => {
      await store.writeIfAbsent(at('again/a'), bytesOf('x'))
      await store.delete(at('again/a'))
      await store.writeIfAbsent(at('again/a'), bytesOf('y'))
      expect(Buffer.from(await store.read(at('again/a'), { maxBytes })).toString()).toBe('y')
    })

    it('lists every object below a prefix taken as a folder', async () => {
      const inside = ['list/t1/a', 'list/t1/b/c', 'list/t1/b/d e']
      for (const path of [...inside, 'list/t10/x', 'list/t1x'])
        await store.writeIfAbsent(at(path), bytesOf('xyz'))
      for (const prefix of ['list/t1', 'list/t1/']) {
        const found = await Array.fromAsync(store.list(at(prefix)))
        const texts = await Promise.all(found.map((object) => store.exists(object.location)))
        expect(texts).toEqual([true, true, true])
        expect(found.map((object) => object.location.split('/list/')[1]).sort()).toEqual(
          inside.map((path) => path.slice('list/'.length)),
        )
        for (const object of found) {
          expect(object.bytes).toBe(3)
          expect(Math.abs(object.modifiedAt - Date.now())).toBeLessThan(600_000)
        }
      }
    })

    it('takes files into a folder that was made, once or twice, and lists no folder as an object', async () => {
      await store.makeFolder(at('made/of/folders'))
      await store.makeFolder(at('made/of/folders/'))
      expect(await Array.fromAsync(store.list(at('made')))).toEqual([])
      await store.writeIfAbsent(at('made/of/folders/a'), bytesOf('x'))
      expect(await Array.fromAsync(store.list(at('made')))).toHaveLength(1)
    })

    it('lists nothing below what is not there', async () => {
      expect(await Array.fromAsync(store.list(at('nothing/here')))).toEqual([])
    })

    it('touches nothing outside its roots', async () => {
      const calls = [
        store.read(test.outside, { maxBytes }),
        store.writeIfAbsent(test.outside, bytesOf('x')),
        store.delete(test.outside),
        store.exists(test.outside),
        store.makeFolder(test.outside),
        store.read(`${test.root}-sibling/a`, { maxBytes }),
        store.read(at('../a'), { maxBytes }),
        store.read(at('%2e%2e/a'), { maxBytes }),
        store.writeIfAbsent(at('a//b'), bytesOf('x')),
        (async () => Array.fromAsync(store.list(test.outside)))(),
        store.read('gopher://x/y', { maxBytes }),
      ]
      for (const call of calls) expect(await rejection(call)).toMatchObject({ type: 'BadRequestException' })
    })

    it('does nothing once aborted', async () => {
      const signal = AbortSignal.abort(new Error('gone'))
      const calls = [
        store.read(at('read/a.json'), { maxBytes, signal }),
        store.writeIfAbsent(at('abort/a'), bytesOf('x'), signal),
        store.delete(at('read/a.json'), signal),
      ]
      for (const error of await Promise.all(calls.map(rejection)))
        expect(error).toMatchObject({ message: 'gone' })
      expect(await store.exists(at('abort/a'))).toBe(false)
      expect(await store.exists(at('read/a.json'))).toBe(true)
    })

    it('holds compressed and plain metadata files', async () => {
      const files = createMetadataFiles(store)
      for (const name of ['1.metadata.json', '2.gz.metadata.json', '3.metadata.json.gz']) {
        await files.writeIfAbsent(at(`metadata/${name}`), bytesOf('{"format-version":2}'))
        const text = Buffer.from(await files.read(at(`metadata/${name}`))).toString()
        expect(text).toBe('{"format-version":2}')
        const raw = await store.read(at(`metadata/${name}`), { maxBytes })
        expect(raw[0]).toBe(name.includes('gz') ? 0x1f : 0x7b)
      }
    })
  })
}
