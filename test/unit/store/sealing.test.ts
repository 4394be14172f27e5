import { describe, expect, it } from 'vitest'
import { createSealing, type SealedSecret } from '#store/sealing.ts'

const sealing = createSealing({ key: Buffer.alloc(32, 7), fingerprint: 'one' })
const scope = { purpose: 'connection', projectId: 'a' }

describe('a sealed secret', () => {
  it('opens as what was sealed, and holds nothing of it in the clear', () => {
    const sealed = sealing.seal('hunter2 ✓', scope)
    expect(sealing.open(sealed)).toBe('hunter2 ✓')
    expect(Buffer.concat([sealed.sealed, sealed.sealedKey]).includes('hunter2')).toBe(false)
  })

  it('is another one each time', () => {
    const [first, second] = [sealing.seal('x', scope), sealing.seal('x', scope)]
    expect(first.id).not.toBe(second.id)
    expect(first.sealed.equals(second.sealed)).toBe(false)
    expect(first.sealedKey.equals(second.sealedKey)).toBe(false)
  })

  const changed: readonly [string, (sealed: SealedSecret, other: SealedSecret) => Partial<SealedSecret>][] = [
    ['another id', (_, other) => ({ id: other.id })],
    ['another purpose', () => ({ purpose: 'storage-credential' })],
    ['another project', () => ({ projectId: 'b' })],
    ['no project', () => ({ projectId: null })],
    ['the inner key of another', (_, other) => ({ sealedKey: other.sealedKey })],
    ['the value of another', (_, other) => ({ sealed: other.sealed })],
    ['key and value of another', (_, { sealedKey, sealed }) => ({ sealedKey, sealed })],
    ['a shortened value', ({ sealed }) => ({ sealed: sealed.subarray(0, 20) })],
    [
      'a flipped bit',
      ({ sealed }) => ({ sealed: Buffer.from(sealed.map((byte, i) => (i === 13 ? byte ^ 1 : byte))) }),
    ],
  ]
  it.each(changed)('does not open with %s', (_name, change) => {
    const sealed = sealing.seal('hunter2', scope)
    const other = sealing.seal('other', scope)
    expect(() => sealing.open({ ...sealed, ...change(sealed, other) })).toThrow(/cannot be opened/)
  })

  it('does not open under another server key, and says which of the two is wrong', () => {
    const other = createSealing({ key: Buffer.alloc(32, 8), fingerprint: 'two' })
    expect(() => other.open(sealing.seal('x', scope))).toThrow(/another key/)
    const alike = createSealing({ key: Buffer.alloc(32, 8), fingerprint: 'one' })
    expect(() => alike.open(sealing.seal('x', scope))).toThrow(/cannot be opened/)
  })
})
