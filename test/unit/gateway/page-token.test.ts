import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPageTokens } from '#gateway/page-token.ts'

const tokens = createPageTokens(Buffer.alloc(32, 1))
const state = { source: 'legacy', token: 'their own token', epoch: 'abc' }

describe('a page token', () => {
  test('opens to what was sealed, under the same scope', () => {
    expect(tokens.open(tokens.seal(state, 'list|w|a'), 'list|w|a')).toEqual(state)
  })

  test('opens on every replica that has the server key', () => {
    expect(createPageTokens(Buffer.alloc(32, 1)).open(tokens.seal(state, 's'), 's')).toEqual(state)
  })

  test('does not open under another scope or another key', () => {
    const token = tokens.seal(state, 'list|w|a')
    expect(() => tokens.open(token, 'list|w|b')).toThrow('Invalid page token')
    expect(() => createPageTokens(Buffer.alloc(32, 2)).open(token, 'list|w|a')).toThrow('Invalid page token')
  })

  test('shows nothing of what it holds, and differs each time', () => {
    const token = tokens.seal(state, 's')
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('legacy')
    expect(tokens.seal(state, 's')).not.toBe(token)
  })

  test('is refused whichever byte of it is changed', () => {
    const bytes = Buffer.from(tokens.seal(state, 's'), 'base64url')
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at)
      expect(() => tokens.open(changed.toString('base64url'), 's')).toThrow('Invalid page token')
    }
  })

  test('is refused where any letter of it is another, also one whose bits mean nothing', () => {
    for (const source of ['a', 'ab', 'abc']) {
      const token = tokens.seal({ ...state, source }, 's')
      for (let at = 0; at < token.length; at += 1) {
        const letter = token[at] === 'A' ? 'B' : 'A'
        const changed = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`
        expect(() => tokens.open(changed, 's')).toThrow('Invalid page token')
      }
      for (const more of ['=', ' ', '!'])
        expect(() => tokens.open(token + more, 's')).toThrow('Invalid page token')
    }
  })

  test('is refused where it is any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => tokens.open(text, 's')).toThrow('Invalid page token')
      }),
    )
  })
})
