import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withIdentifier, withIdentifiers, withNamespace } from '../../../connectors/iceberg-rest/splice.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const id = { namespace: ['db'], name: 'neu"\u00e9' }

describe('splicing', () => {
  it('replaces the identifier and keeps every other byte, spelling and blank', () => {
    const before = '{ "requirements" : [ {"z":1.0,"y":9007199254740993} ],\n "identifier":'
    const after = ' ,"updates":[{"identifier":{"name":"inner"}}] , "x" : 1e3 }'
    const body = Buffer.from(`${before}{"namespace":["m","db"],"name":"t","extra":[1]}${after}`)
    expect(text(withIdentifier(body, id))).toBe(`${before}${JSON.stringify(id)}${after}`)
  })

  it.each(['{"updates":[]}', '{"identifier":null,"updates":[]}', '{}'])('leaves %s as it is', (body) => {
    expect(text(withIdentifier(Buffer.from(body), id))).toBe(body)
  })

  it('replaces the namespace of a create request', () => {
    const body = Buffer.from('{"properties":{"namespace":"x"},"namespace":["m","a"]}')
    expect(text(withNamespace(body, ['a']))).toBe('{"properties":{"namespace":"x"},"namespace":["a"]}')
  })

  it('gives each change of a transaction its own identifier', () => {
    const names = fc.array(
      fc.record({ namespace: fc.array(fc.string(), { minLength: 1 }), name: fc.string() }),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
    fc.assert(
      fc.property(names, fc.jsonValue(), (ids, more) => {
        const changes = ids.map((_, i) => ({
          more,
          identifier: { namespace: ['m', String(i)], name: 'old' },
          updates: [{ identifier: more }],
        }))
        const body = Buffer.from(JSON.stringify({ more, 'table-changes': changes }))
        const spliced = JSON.parse(text(withIdentifiers(body, ids)))
        const expected = changes.map((change, i) => ({ ...change, identifier: ids[i] }))
        expect(spliced).toEqual(JSON.parse(JSON.stringify({ more, 'table-changes': expected })))
      }),
    )
  })

  it('refuses a transaction whose changes are not those it was told of', () => {
    const body = Buffer.from('{"table-changes":[{"identifier":{"namespace":["a"],"name":"b"}}]}')
    expect(() => withIdentifiers(body, [])).toThrow(/table-changes/)
  })
})
