/** Request bodies gone wrong: valid ones with a part replaced, dropped, repeated or cut. */
import type { Random } from '../twin/random.ts'

const oddities: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1.0',
  '-0',
  '1e400',
  '9223372036854775808',
  '99999999999999999999999999',
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u001f"',
  '"../../etc/passwd"',
  '"file:///etc/passwd"',
  '"http://169.254.169.254/latest"',
  '"\u202e"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"":""}',
  `"${'x'.repeat(300)}"`,
  '-9223372036854775808',
  '4294967296',
]

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A placeholder that survives `JSON.stringify`, to be replaced by text that JSON.stringify would not write. */
const mark = (text: string): string => `\u2603${Buffer.from(text).toString('hex')}\u2603`
const unmark = (text: string): string =>
  text.replaceAll(/"\u2603([0-9a-f]*)\u2603"/g, (_, hex: string) => Buffer.from(hex, 'hex').toString())

const replaceIn = (random: Random, value: Json): Json => {
  if (typeof value !== 'object' || value === null || random.chance(1 / 4)) return mark(random.pick(oddities))
  if (Array.isArray(value)) {
    if (value.length === 0) return [mark(random.pick(oddities))]
    const at = random.int(value.length)
    return value.map((item: Json, i) => (i === at ? replaceIn(random, item) : item))
  }
  const entries = Object.entries(value)
  if (entries.length === 0)
    return { [random.pick(['name', 'x', '', '__proto__'])]: mark(random.pick(oddities)) }
  const at = random.int(entries.length)
  if (random.chance(1 / 4)) return Object.fromEntries(entries.filter((_, i) => i !== at))
  return Object.fromEntries(entries.map(([key, item], i) => [key, i === at ? replaceIn(random, item) : item]))
}

const garbage = (random: Random): string => {
  const length = random.int(60)
  return Array.from({ length }, () => String.fromCharCode(random.int(256))).join('')
}

const deep = (random: Random): string => {
  const levels = random.int(5000)
  return random.pick(['[', '{"a":']).repeat(levels)
}

/** A body near the given one: mostly JSON, often wrong. */
export const spoil = (random: Random, body: unknown): string => {
  const text = JSON.stringify(body ?? {})
  switch (random.int(10)) {
    case 0:
      return text
    case 1:
      return text.slice(0, random.int(text.length + 1))
    case 2:
      return garbage(random)
    case 3:
      return deep(random)
    case 4:
      return text.replace('{', '{"name":"twice",')
    default: {
      let value = body as Json
      for (let times = 1 + random.int(3); times > 0; times -= 1) value = replaceIn(random, value ?? {})
      return unmark(JSON.stringify(value))
    }
  }
}
