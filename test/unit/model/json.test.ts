import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CatalogError, isCatalogError } from '#model/errors.ts'
import {
  encodeJson,
  type JsonLimits,
  JsonNumber,
  type JsonValue,
  parseJson,
  parseJsonInSlices,
  parseJsonObject,
  parseJsonObjectInSlices,
  RawJson,
  stringifyJson,
} from '#model/json.ts'

/** What JSON.parse would have made of it: prototypes back, numbers as doubles. */
const plain = (value: JsonValue): unknown => {
  if (value instanceof JsonNumber) return Number(value.text)
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value as Record<string, JsonValue>).map(([k, v]) => [k, plain(v)]))
}

const wellFormedJson = fc
  .jsonValue({ maxDepth: 6 })
  .filter((value) => JSON.stringify(value).isWellFormed() && !JSON.stringify(value).includes('__proto__'))
  .filter((value) => !/\\u[dD][89a-fA-F]/.test(JSON.stringify(value)))

type Ending = { readonly value: JsonValue } | { readonly refusal: CatalogError }

const refusalOf = (error: unknown): Ending => {
  if (!isCatalogError(error, 'BadRequestException')) throw error
  return { refusal: error }
}

/** Read at once, and again with a pause after each value: one outcome. */
const read = async (input: Uint8Array | string, limits?: JsonLimits): Promise<Ending> => {
  let atOnce: Ending
  try {
    atOnce = { value: parseJson(input, limits) }
  } catch (error) {
    atOnce = refusalOf(error)
  }
  const inSlices = await parseJsonInSlices(input, limits, 1).then((value) => ({ value }), refusalOf)
  expect(inSlices).toEqual(atOnce)
  return atOnce
}

const decoded = async (input: Uint8Array | string, limits?: JsonLimits): Promise<JsonValue> => {
  const ending = await read(input, limits)
  if ('refusal' in ending) throw ending.refusal
  return ending.value
}

const refused = async (input: Uint8Array | string, message: RegExp, limits?: JsonLimits): Promise<void> => {
  expect(await read(input, limits)).toEqual({
    refusal: expect.objectContaining({ message: expect.stringMatching(message) }),
  })
}

describe('where JSON.parse is right, the codec agrees with it', () => {
  test('on every value, however it is spaced', async () => {
    await fc.assert(
      fc.asyncProperty(
        wellFormedJson,
        fc.constantFrom(undefined, 1, '\t', '\r\n '),
        async (value, indent) => {
          const text = JSON.stringify(value, undefined, indent)
          expect(plain(await decoded(text))).toEqual(JSON.parse(text))
          expect(plain(await decoded(Buffer.from(text)))).toEqual(JSON.parse(text))
        },
      ),
    )
  })

  test('on strings of every length, with what must be escaped at each place', async () => {
    for (let length = 60; length < 70; length += 1)
      for (const inside of ['', '"', '\\', '\n', 'é', '日', '\\"'])
        for (const at of [0, 1, length - 1, length]) {
          const value = 'x'.repeat(at) + inside + 'x'.repeat(length - at)
          expect(await decoded(JSON.stringify([value, value]))).toEqual([value, value])
        }
  })

  test('on which texts are JSON at all, when a byte is changed', async () => {
    const mutation = fc.tuple(wellFormedJson, fc.nat(), fc.constantFrom(...'{}[]",:0-+.eE\\utfn \n\u0000'))
    const check = async ([value, at, replacement]: [unknown, number, string]): Promise<void> => {
      const text = JSON.stringify(value)
      const position = at % (text.length + 1)
      const changed = text.slice(0, position) + replacement + text.slice(position + 1)
      let expected: unknown
      try {
        expected = JSON.parse(changed)
      } catch {
        return refused(changed, /^Malformed JSON/)
      }
      const ending = await read(changed)
      if ('value' in ending) expect(plain(ending.value)).toEqual(expected)
      else expect(ending.refusal.message).toMatch(/duplicate member|surrogate|__proto__|well-formed/)
    }
    await fc.assert(fc.asyncProperty(mutation, check), { numRuns: 500 })
  })

  test('what was read is written back as the same bytes', () => {
    fc.assert(
      fc.property(wellFormedJson, (value) => {
        const text = stringifyJson(parseJson(JSON.stringify(value)))
        expect(stringifyJson(parseJson(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('numbers are kept as they were sent', () => {
  test.each([
    ['0', 0],
    ['-7', -7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9223372036854775808', -9223372036854775808n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['999999999999999', 999999999999999],
    ['-999999999999999', -999999999999999],
    ['1000000000000000', 1000000000000000],
  ])('the integer %s is decoded as %s', async (text, value) => {
    expect(await decoded(text)).toBe(value)
    expect(stringifyJson(parseJson(text))).toBe(text)
  })

  test.each(['1.0', '1e3', '-0', '1E+2', '0.10', '-1.5e-7', '1e400'])(
    '%s keeps its spelling',
    async (text) => {
      const value = await decoded(text)
      expect(value).toBeInstanceOf(JsonNumber)
      expect(stringifyJson(value)).toBe(text)
    },
  )

  test('every 64-bit integer survives', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(stringifyJson(parseJson(`[${value}]`))).toBe(`[${value}]`)
      }),
    )
  })

  test.each(['01', '+1', '.5', '1.', '1e', '--1', '0x10', 'NaN', 'Infinity', '-Infinity', '-'])(
    '%s is refused',
    (text) => refused(text, /unexpected/),
  )

  test('a number of a million digits is refused, not computed', () =>
    refused('9'.repeat(1_000_000), /too long/))
})

describe('hostile text is refused', () => {
  test.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', '', /unexpected end/],
    ['white space only', ' \n', /unexpected end/],
    ['a byte-order mark', '\ufeff{}', /unexpected character at 0/],
    ['a byte-order mark in bytes', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), /unexpected character at 0/],
    ['a trailing comma in an array', '[1,]', /unexpected/],
    ['a trailing comma in an object', '{"a":1,}', /unexpected/],
    ['a comma alone', '[,]', /unexpected/],
    ['two values', '{} {}', /unexpected character at 3/],
    ['single quotes', "{'a':1}", /unexpected/],
    ['a comment', '{/* */}', /unexpected/],
    ['a name without quotes', '{a:1}', /unexpected/],
    ['a line break in a string', '"a\nb"', /unexpected/],
    ['a NUL in a string', '"a\u0000b"', /unexpected/],
    ['an unknown escape', '"\\x41"', /bad string/],
    ['a short unicode escape', '"\\u12"', /bad string/],
    ['an escaped quote at the end', '"\\"', /unexpected end/],
    ['a lone surrogate by escape', '"\\ud800"', /surrogate/],
    ['a lone surrogate as text', '"\ud800"', /well-formed/],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /UTF-8/],
    ['a surrogate encoded in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
    ['a duplicate member', '{"a":1,"a":2}', /duplicate member "a"/],
    ['a duplicate member by escape', '{"a":1,"\\u0061":2}', /duplicate member "a"/],
    ['a __proto__ member', '{"__proto__":{}}', /__proto__/],
    ['a __proto__ member by escape', '{"\\u005f_proto__":{}}', /__proto__/],
    ['mismatched brackets', '[}', /unexpected/],
    ['deep arrays', '['.repeat(100_000), /deeper than 256/],
    ['deep objects', '{"a":'.repeat(100_000), /deeper than 256/],
  ])('%s', (_name, input, message) => refused(input, message))

  test('every truncation of a document', async () => {
    const text = '{"a":[1,2.5,"x\\u0041",true,null],"b":{"c":-1e3}}'
    for (let end = 0; end < text.length; end++) await refused(text.slice(0, end), /^Malformed JSON/)
  })

  test('whatever bytes come, the answer is a value or a refusal', async () => {
    // `read` fails on anything else.
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => void (await read(bytes))),
    )
  })
})

describe('limits hold', () => {
  test('of bytes', async () => {
    expect(await decoded('[1]', { maxBytes: 3 })).toEqual([1])
    await refused('[10]', /larger than 3 bytes/, { maxBytes: 3 })
    await refused('"é"', /larger/, { maxBytes: 3 })
  })
  test('of depth', async () => {
    expect(await decoded('[[1]]', { maxDepth: 2 })).toEqual([[1]])
    await refused('[[[1]]]', /deeper than 2/, { maxDepth: 2 })
  })
  test('of members, in all', async () => {
    expect(await decoded('[1,[2]]', { maxMembers: 3 })).toEqual([1, [2]])
    await refused('[1,[2,3]]', /too many members/, { maxMembers: 3 })
    await refused('{"a":1,"b":2}', /too many members/, { maxMembers: 1 })
  })
})

describe('a large text', () => {
  const long = (inside: string): string => `${'x\\n'.repeat(30_000)}${inside}${'\\u00e9y'.repeat(30_000)}`

  test('may be one string, or one name, with escapes all over', async () => {
    for (const inside of ['', '\\ud83d\\ude00', 'x'.repeat(100_000), '\\\\'.repeat(70_000)]) {
      const text = `{"${long(inside)}":["${long(inside)}"]}`
      expect(JSON.stringify(await decoded(text))).toBe(JSON.stringify(JSON.parse(text)))
    }
  })

  test.each([
    ['an unknown escape', '\\x', /bad string at 1$/],
    ['half an escape', '\\u00', /bad string at 1$/],
    ['a lone surrogate', '\\ud83d', /lone surrogate in the string at 1$/],
    ['a line break', '\n', /unexpected character at 90002$/],
    ['a quote', '"', /unexpected character at 90003$/],
  ])('with %s in a long string is refused like a small one', (_name, inside, message) =>
    refused(`["${long(inside)}"]`, message),
  )

  test('is refused where a long string has no end', async () => {
    for (let end = 200_000; end < 200_008; end++)
      await refused(`["${long('').slice(0, end)}`, /unexpected end of input$/)
  })

  test('is read in slices, between which others have their turn', async () => {
    const text = `[${'{"name":"column","id":1000},'.repeat(20_000)}0]`
    let turns = 0
    let reading = true
    const others = (): void => {
      turns += 1
      if (reading) setImmediate(others)
    }
    others()
    const value = await parseJsonInSlices(text)
    reading = false
    expect(value).toEqual(parseJson(text))
    expect(turns).toBeGreaterThan(text.length / (128 * 1024))
  })

  test('is required to be an object like a small one', async () => {
    const large = Buffer.from(`["${'x'.repeat(300_000)}"]`)
    for (const bytes of [Buffer.from('[]'), large])
      await expect(parseJsonObjectInSlices(bytes)).rejects.toThrow(/object is required/)
    const object = Buffer.from(`{"a":"${'x'.repeat(300_000)}"}`)
    expect(await parseJsonObjectInSlices(object)).toEqual(parseJsonObject(object))
  })
})

describe('decoded objects', () => {
  test('have no prototype, so no name reaches one', () => {
    const object = parseJsonObject('{"constructor":1,"toString":2,"a":{}}')
    expect(Object.getPrototypeOf(object)).toBeNull()
    expect(object['hasOwnProperty']).toBeUndefined()
    expect(object['constructor']).toBe(1)
  })
  test('are required where an object is asked for', () => {
    for (const text of ['[]', 'null', '1', '"a"', '1.0'])
      expect(() => parseJsonObject(text)).toThrow(/object is required/)
  })
})

describe('writing', () => {
  test('raw JSON stands as it is, also between other members', () => {
    const raw = new RawJson(Buffer.from('{ "x" : 1.0 }'))
    expect(stringifyJson({ a: raw, b: [raw, 1n], c: 'é"' })).toBe(
      '{"a":{ "x" : 1.0 },"b":[{ "x" : 1.0 },1],"c":"é\\""}',
    )
    expect(encodeJson(raw)).toBe(raw.bytes)
  })
  test('empty containers', () => expect(stringifyJson({ a: [], b: {} })).toBe('{"a":[],"b":{}}'))
  test('what JSON has no word for is a defect of the caller', () => {
    expect(() => encodeJson(Number.NaN)).toThrow(TypeError)
    expect(() => encodeJson({ a: undefined } as unknown as JsonValue)).toThrow(TypeError)
  })
})
