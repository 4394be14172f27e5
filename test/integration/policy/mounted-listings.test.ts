/** Listings of an upstream that pages as none should, for somebody who may see little of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  answerError,
  answerJson,
  type Behaviour,
  type HostileUpstream,
  startHostileUpstream,
} from '../../support/hostile-upstream.ts'
import { json, type Lake, openLake } from '../../support/lake.ts'
import { answerTable } from '../../support/relay-bench.ts'

let lake: Lake
let upstream: HostileUpstream

interface UpstreamPage {
  readonly names: readonly string[]
  readonly next?: string
}
/** The page of tables at a token. */
type Pages = (token: string, size: number) => UpstreamPage

const behave = (pages: Pages): void => {
  const list: Behaviour = (call, response) => {
    const { searchParams } = new URL(call.url, upstream.uri)
    const { names, next } = pages(searchParams.get('pageToken') ?? '', Number(searchParams.get('pageSize')))
    const identifiers = names.map((name) => ({ namespace: ['sales'], name }))
    answerJson({ identifiers, ...(next === undefined ? {} : { 'next-page-token': next }) })(call, response)
  }
  const namespace = answerJson({ namespace: ['sales'], properties: {} })
  const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
  upstream.behave((call, response) => {
    const path = new URL(call.url, upstream.uri).pathname
    const isTable = path.includes('/tables/')
    ;(path.endsWith('/tables')
      ? list
      : isTable
        ? answerTable()
        : path.endsWith('/sales')
          ? namespace
          : nothing)(call, response)
  })
}

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, i) => `t${from + i}`)
/** As many names a page as are asked for, and always more of them. */
const endless: Pages = (token, size) => {
  const from = Number(token)
  return { names: numbered(from, size), next: String(from + size) }
}

beforeAll(async () => {
  ;[lake, upstream] = await Promise.all([openLake(['bob', 'ann']), startHostileUpstream()])
  behave(() => ({ names: [] }))
  await lake.mount('far', { uri: upstream.uri })
  const namespace = ['far', 'sales']
  await lake.grant(await lake.pathOf({ kind: 'table', namespace, name: 't57' }), 'select', 'bob')
  await lake.grant(await lake.pathOf({ kind: 'namespace', namespace }), 'describe', 'ann')
}, 120_000)
afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
})
beforeEach(() => upstream.forget())

const list = async (as: string, query = '') => {
  const answer = await lake.ask(`GET /namespaces/far%1Fsales/tables${query}`, { as })
  expect(answer.status, answer.text).toBe(200)
  const { identifiers, 'next-page-token': next } = json<{
    identifiers: readonly { name: string }[]
    'next-page-token'?: string | null
  }>(answer)
  const names = identifiers.map(({ name }) => name)
  return { names, next: next ?? undefined, partial: answer.headers.get('lakegate-partial') }
}
/** Follows the tokens to their end, or for so many pages. */
const follow = async (as: string, size: number, most: number) => {
  const names: string[] = []
  let page = await list(as, `?pageToken=&pageSize=${size}`)
  names.push(...page.names)
  let pages = 1
  for (; page.next !== undefined && pages < most; pages += 1) {
    page = await list(as, `?pageToken=${encodeURIComponent(page.next)}&pageSize=${size}`)
    names.push(...page.names)
  }
  return { names, pages, next: page.next, partial: page.partial }
}
const askedFor = () =>
  upstream.calls.flatMap(({ url }) => {
    const { pathname, searchParams } = new URL(url, upstream.uri)
    return pathname.endsWith('/tables') ? [Number(searchParams.get('pageSize'))] : []
  })
const asked = () => askedFor().length
const candidates = () => askedFor().reduce((sum, size) => sum + size, 0)

describe('a page of an upstream that never ends', () => {
  test('looks at ten times its size, and comes back short with a token', async () => {
    behave(endless)
    const first = await list('bob', '?pageToken=&pageSize=5')
    expect([first.names, first.next !== undefined, first.partial]).toEqual([[], true, null])
    expect([asked(), candidates()]).toEqual([10, 50])
    upstream.forget()
    const second = await list('bob', `?pageToken=${encodeURIComponent(first.next ?? '')}&pageSize=5`)
    expect([second.names, second.next !== undefined]).toEqual([['t57'], true])
    expect(candidates()).toBeLessThanOrEqual(50)
  })

  test('does so too where its pages are empty', async () => {
    behave((token) => ({ names: [], next: String(Number(token) + 1) }))
    for (const as of ['bob', 'ann']) {
      upstream.forget()
      const { names, next } = await list(as, '?pageToken=&pageSize=5')
      expect([names, next !== undefined, asked()]).toEqual([[], true, 10])
    }
  })

  test('is asked for once where the upstream gives all it has at once', async () => {
    behave((token) => (token === '' ? { names: numbered(0, 10_000), next: 'more' } : { names: [] }))
    const { names } = await follow('bob', 5, 3)
    expect([names, asked()]).toEqual([['t57'], 1])
  })
})

describe('a listing of an upstream whose tokens come again', () => {
  test.each([1, 2, 5])('every %s pages ends, and says that it is not whole', async (circle) => {
    behave((token, size) => {
      const page = Number(token)
      return { names: numbered(page * size, size), next: String(page < 8 + circle - 1 ? page + 1 : 8) }
    })
    const { names, pages, next, partial } = await follow('bob', 10, 100)
    expect(pages).toBeLessThan(100)
    expect([next, partial]).toEqual([undefined, expect.stringMatching(/^far; .*page token is absurd/)])
    expect(names).toContain('t57')
    expect(names.filter((name) => name !== 't57')).toEqual([])
    upstream.forget()
    const whole = await list('ann')
    expect(whole.partial).toMatch(/^far; /)
    expect(asked()).toBeLessThanOrEqual(32)
  })
})

test('a listing that ends early tells of nobody’s tables why', async () => {
  behave((token, size) => (token === '' ? endless('0', size) : { names: ['hidden'], next: token }))
  const { partial, names } = await list('bob')
  expect(partial).toMatch(/^far; /)
  expect(partial).not.toMatch(/hidden|t\d|127\.0\.0\.1/)
  expect(names).toEqual(['t57'])
})
