import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  changeItems,
  decodeMember,
  decodeSpan,
  encodeMembers,
  indexDocument,
  indexDocumentInSteps,
  indexMember,
  joinChunks,
  memberItems,
  memberItemsInSteps,
  memberSpan,
  RawChunks,
  type Replacement,
  replaceMembers,
  spanBytes,
} from '#model/document.ts'
import { isCatalogError } from '#model/errors.ts'
import { parseJson, RawJson, stringifyJson } from '#model/json.ts'

const document = (text: string) => indexDocument(Buffer.from(text))
const text = (chunks: readonly Uint8Array[]): string => Buffer.from(joinChunks(chunks)).toString()
const rewrite = (source: string, changes: Record<string, Replacement>): string =>
  text(replaceMembers(document(source), new Map(Object.entries(changes))))

const names = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== '__proto__')
const jsonObject = fc
  .dictionary(names, fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }), { maxKeys: 8 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const indents = fc.constantFrom(undefined, 2, '\t')

describe('the index agrees with the codec', () => {
  test('on the names, order and values of members', () => {
    fc.assert(
      fc.property(jsonObject, indents, (object, indent) => {
        const source = JSON.stringify(object, undefined, indent)
        const index = document(source)
        expect([...index.members.keys()]).toEqual(Object.keys(object))
        for (const name of Object.keys(object))
          expect(decodeMember(index, name)).toEqual(parseJson(JSON.stringify(object[name])))
      }),
    )
  })

  test('on the items of an array, at once and in steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })),
        indents,
        async (items, indent) => {
          fc.pre(!JSON.stringify(items).includes('__proto__'))
          const source = Buffer.from(JSON.stringify({ items }, undefined, indent))
          const index = await indexDocumentInSteps(source)
          const spans = memberItems(index, 'items')
          expect(spans.map((span) => decodeSpan(index, span))).toEqual(
            items.map((item) => parseJson(JSON.stringify(item))),
          )
          expect(await memberItemsInSteps(index, 'items')).toEqual(spans)
        },
      ),
    )
  })

  test('it keeps the order of integer-like names, which JavaScript objects lose', () => {
    expect([...document('{"b":1,"7":2,"1":3}').members.keys()]).toEqual(['b', '7', '1'])
  })
})

describe('a rewrite', () => {
  test('changes what is named and nothing else', () => {
    fc.assert(
      fc.property(
        fc.tuple(jsonObject, jsonObject, indents),
        fc.func(fc.boolean()),
        ([object, extra, indent], chosen) => {
          const expected: Record<string, unknown> = { ...object }
          const changes = new Map<string, Replacement>()
          for (const [name, value] of Object.entries(extra)) {
            changes.set(name, parseJson(JSON.stringify(value)))
            expected[name] = value
          }
          for (const name of Object.keys(object)) {
            if (!chosen(name)) continue
            changes.set(name, undefined)
            delete expected[name]
          }
          const index = document(JSON.stringify(object, undefined, indent))
          expect(JSON.parse(text(replaceMembers(index, changes)))).toEqual(
            JSON.parse(JSON.stringify(expected)),
          )
        },
      ),
    )
  })

  test('copies untouched members byte for byte', () => {
    expect(rewrite('{ "a" : 1.0 , "b":{"x" : 1e3},\n"c":9007199254740993 }', { b: 2 })).toBe(
      '{"a" : 1.0,"b":2,"c":9007199254740993}',
    )
  })

  test('replaces in place, removes, and appends in the order given', () => {
    expect(rewrite('{"a":1,"b":2,"c":3}', { z: 9, b: 'x', a: undefined, y: null })).toBe(
      '{"b":"x","c":3,"z":9,"y":null}',
    )
  })

  test('leaves no comma behind when the last or the only member goes', () => {
    expect(rewrite('{"a":1,"b":2}', { b: undefined })).toBe('{"a":1}')
    expect(rewrite('{"a":1}', { a: undefined })).toBe('{}')
    expect(rewrite('{}', { a: undefined, b: 1 })).toBe('{"b":1}')
  })

  test('shares memory with the document', () => {
    const bytes = Buffer.from(JSON.stringify({ a: 'x'.repeat(1000), b: 1 }))
    const chunks = replaceMembers(indexDocument(bytes), new Map([['b', 2]]))
    expect(chunks.some((chunk) => chunk.byteLength > 1000 && chunk.buffer === bytes.buffer)).toBe(true)
  })

  test('keeps chosen items of an array with their bytes and appends new ones', () => {
    const index = document('{"s":[ {"id": 1.0}, {"id":2},{"id":3} ,{"id":4}]}')
    const kept = changeItems(index, memberItems(index, 's'), { keep: (i) => i !== 1, append: [{ id: 5n }] })
    expect(text(replaceMembers(index, new Map([['s', kept]])))).toBe(
      '{"s":[{"id": 1.0},{"id":3} ,{"id":4},{"id":5}]}',
    )
    expect(text(changeItems(index, [], {}).chunks)).toBe('[]')
  })
})

test('entries of an object member are indexed over the same bytes', () => {
  const index = document('{"p":{"k":"v","\\u0061":1},"n":null}')
  const properties = indexMember(index, 'p')
  expect(properties && [...properties.members.keys()]).toEqual(['k', 'a'])
  expect(properties && text(replaceMembers(properties, new Map([['k', 'w']])))).toBe('{"k":"w","\\u0061":1}')
  expect(indexMember(index, 'n')).toBeUndefined()
  expect(indexMember(index, 'absent')).toBeUndefined()
  expect(memberItems(index, 'n')).toEqual([])
})

test('an envelope is built around raw bytes', () => {
  const raw = new RawChunks([Buffer.from('{"a":'), Buffer.from('1.0}')])
  expect(
    text(
      encodeMembers([
        ['l', 'x'],
        ['m', raw],
        ['gone', undefined],
        ['r', new RawJson(Buffer.from('[]'))],
      ]),
    ),
  ).toBe('{"l":"x","m":{"a":1.0},"r":[]}')
})

describe('malformed documents are refused', () => {
  const refused = (source: Uint8Array | string, message: RegExp): void => {
    const bytes = typeof source === 'string' ? Buffer.from(source) : source
    expect(() => indexDocument(bytes)).toThrow(message)
  }

  test.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', '', /unexpected end/],
    ['an array', '[]', /unexpected byte at 0/],
    ['HTML', '<html></html>', /unexpected byte at 0/],
    ['a byte-order mark', '\ufeff{}', /unexpected byte at 0/],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      /UTF-8/,
    ],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /UTF-8/],
    ['a trailing comma', '{"a":1,}', /unexpected/],
    ['text behind the end', '{"a":1}x', /unexpected byte at 7/],
    ['a duplicate member', '{"a":1,"a":2}', /duplicate/],
    ['a duplicate member by escape', '{"a":1,"\\u0061":2}', /duplicate/],
    ['mismatched brackets', '{"a":[}]}', /unexpected/],
    ['a word that is none', '{"a":nul}', /unexpected/],
    ['NaN', '{"a":NaN}', /unexpected/],
    ['a name that is no string', '{a:1}', /unexpected/],
    ['deep nesting', `{"a":${'['.repeat(300)}${']'.repeat(300)}}`, /deeper than 256/],
    ['a long name', `{"${'x'.repeat(70_000)}":1}`, /too long/],
    ['a long name of escapes', `{"${'\\"'.repeat(3_000_000)}":1}`, /too long/],
    ['a number without an end', `{"a":${'1'.repeat(5000)}}`, /unexpected/],
  ])('%s', (_name, source, message) => refused(source, message))

  test('at every truncation', () => {
    const source = '{"a":[1,{"x":"\\"]"}],"b":{"c":-1e3},"d":true}'
    for (let end = 0; end < source.length; end++) refused(source.slice(0, end), /Malformed JSON document/)
  })

  test('whatever is malformed within a value shows when that value is decoded', () => {
    const index = document('{"a":[1 2],"b":3}')
    expect(decodeMember(index, 'b')).toBe(3)
    expect(() => decodeMember(index, 'a')).toThrow(/Malformed JSON/)
    expect(() => memberItems(index, 'a')).toThrow(/unexpected/)
  })

  test('whatever bytes come, the answer is an index or a refusal', () => {
    const almost = fc.string({ unit: fc.constantFrom(...'{}[]":,\\u1e-a tn\u00e9') })
    fc.assert(
      fc.property(almost, (source) => {
        try {
          const index = document(`{"a":${source}}`)
          for (const name of index.members.keys()) spanBytes(index, memberSpan(index, name)!)
        } catch (error) {
          expect(isCatalogError(error, 'ValidationException')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a document of many steps', () => {
  const filler = Array.from({ length: 60_000 }, (_, i) => ({ id: i, s: `é"\\${'y'.repeat(i % 80)}` }))
  const source = Buffer.from(JSON.stringify({ long: 'ü\\"'.repeat(1_000_000), filler, last: 1 }))

  test('is indexed in steps exactly as at once', async () => {
    const index = await indexDocumentInSteps(source)
    expect([...index.members.values()]).toEqual([...indexDocument(source).members.values()])
    expect(await memberItemsInSteps(index, 'filler')).toHaveLength(filler.length)
    expect(decodeMember(index, 'filler')).toEqual(parseJson(JSON.stringify(filler)))
    expect(stringifyJson(decodeMember(index, 'last')!)).toBe('1')
  })

  test('gives the event loop its turns meanwhile', async () => {
    let turns = 0
    let running = true
    const count = (): void => {
      turns++
      if (running) setImmediate(count)
    }
    setImmediate(count)
    await indexDocumentInSteps(source)
    running = false
    expect(turns).toBeGreaterThan(source.byteLength / (2 << 20))
  })
})
