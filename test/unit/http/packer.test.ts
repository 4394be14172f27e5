import { describe, expect, test } from 'vitest'
import type { Coding } from '#http/compression.ts'
import { createPacker } from '#http/packer.ts'

/** Counts what it is given; "packs" by putting a sign in front. */
const counting = (name: Coding['name'] = 'gzip') => {
  const packed: string[] = []
  const coding: Coding = {
    name,
    whole: async (bytes) => {
      packed.push(Buffer.from(bytes).toString())
      return Buffer.concat([Buffer.from(`${name}:`), bytes])
    },
    stream: () => {
      throw new Error('not asked for')
    },
  }
  return { coding, packed }
}

const text = async (bytes: Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString()
const bytes = (value: string): Buffer => Buffer.from(value)
const document = bytes('the whole document')

describe('a packer', () => {
  test('packs a document once, however often it is sent', async () => {
    const { pack } = createPacker()
    const { coding, packed } = counting()
    for (const _ of [1, 2, 3])
      expect(await text(pack([bytes('{'), document, bytes('}')], coding))).toBe('gzip:{the whole document}')
    expect(packed).toHaveLength(1)
  })

  test('packs it anew inside of another envelope', async () => {
    const { pack } = createPacker()
    const { coding } = counting()
    await pack([bytes('{'), document, bytes('}')], coding)
    expect(await text(pack([bytes('['), document, bytes(']')], coding))).toBe('gzip:[the whole document]')
    expect(await text(pack([document, bytes(']')], coding))).toBe('gzip:the whole document]')
  })

  test('keeps what each coding made apart', async () => {
    const { pack } = createPacker()
    await pack([bytes('{'), document], counting('gzip').coding)
    expect(await text(pack([bytes('{'), document], counting('br').coding))).toBe('br:{the whole document')
  })

  test('takes equal bytes at another place for another document', async () => {
    const { pack } = createPacker()
    const { coding, packed } = counting()
    await pack([bytes('{'), document], coding)
    await pack([bytes('{'), Buffer.from(document)], coding)
    expect(packed).toHaveLength(2)
  })

  test('keeps nothing of an answer that wraps no document', async () => {
    const { pack } = createPacker()
    const { coding, packed } = counting()
    for (const _ of [1, 2]) await pack([document], coding)
    expect(packed).toHaveLength(2)
  })

  test('keeps no failure', async () => {
    const { pack } = createPacker()
    const failing: Coding = { ...counting().coding, whole: () => Promise.reject(new Error('no memory')) }
    await expect(pack([bytes('{'), document], failing)).rejects.toThrow('no memory')
    expect(await text(pack([bytes('{'), document], counting().coding))).toBe('gzip:{the whole document')
  })
})
