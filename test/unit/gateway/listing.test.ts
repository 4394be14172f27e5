import { describe, expect, test } from 'vitest'
import type { Listing, ListRequest } from '#catalog/mounts-list.ts'
import { type ListAnswer, listPage, type PageQuery } from '#gateway/listing.ts'
import { createPageTokens } from '#gateway/page-token.ts'

const rules = { tokens: createPageTokens(Buffer.alloc(32)), strict: false }

/** Pages whose states count upward; `pageAt` says what each holds. */
const walk = (query: PageQuery, pageAt: (n: number) => Listing<number>) => {
  const asked: ListRequest[] = []
  const ask = async (request: ListRequest): Promise<Listing<number>> => {
    asked.push(request)
    return pageAt(Number(request.state?.token ?? 0))
  }
  const answer: Promise<ListAnswer<number>> = listPage(rules, {
    query,
    scope: 's',
    ask,
    filter: async (items) => items.filter((item) => item >= 0),
  })
  return { answer, asked }
}

const next = (n: number) => ({ source: 'local', token: String(n), epoch: 'e' })
const endless = (items: readonly number[]) => (n: number) => ({ items, partial: [], next: next(n + 1) })

describe('a listing', () => {
  test('without a token collects page after page', async () => {
    const { answer, asked } = walk({}, (n) => ({
      items: [n],
      partial: [],
      ...(n < 4 ? { next: next(n + 1) } : {}),
    }))
    expect(await answer).toEqual({ items: [0, 1, 2, 3, 4], partial: [] })
    expect(asked).toHaveLength(5)
  })

  test('without a token still ends where a source never does, with a token to go on from', async () => {
    const { answer, asked } = walk({}, endless([]))
    expect((await answer).next).toBeTypeOf('string')
    expect(asked).toHaveLength(1000)
  })

  test('with a token asks once where something is to be seen', async () => {
    const { answer, asked } = walk({ token: '', size: 7 }, endless([1, 2]))
    expect(await answer).toMatchObject({ items: [1, 2], next: expect.any(String) })
    expect(asked).toEqual([{ size: 7 }])
  })

  test('comes back empty with a token after ten pages of which nothing may be seen', async () => {
    const { answer, asked } = walk({ token: '', size: 5 }, endless([-1]))
    expect(await answer).toMatchObject({ items: [], next: expect.any(String) })
    expect(asked).toHaveLength(10)
  })

  test('goes on exactly where its token says', async () => {
    const first = await walk({ token: '', size: 1 }, endless([1])).answer
    const { asked } = walk({ token: first.next ?? '', size: 1 }, endless([1]))
    expect(asked).toEqual([{ size: 1, state: next(1) }])
  })

  test('never asks for more than a thousand at once', () => {
    expect(walk({ token: '', size: 50_000 }, endless([1])).asked).toEqual([{ size: 1000 }])
  })
})
