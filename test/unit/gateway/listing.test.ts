import { describe, expect, test } from 'vitest'
import type { Sight } from '#authz/authorizer.ts'
import type { Listing, ListRequest } from '#catalog/mounts-list.ts'
import { type ListAnswer, listingScope, listPage, type PageQuery } from '#gateway/listing.ts'
import { createPageTokens } from '#gateway/page-token.ts'

const rules = { tokens: createPageTokens(Buffer.alloc(32)), strict: false }

/** Pages whose states count upward; `pageAt` says what each holds. */
const walk = (query: PageQuery, pageAt: (n: number) => Listing<number>, sight: Sight = 'some') => {
  const asked: ListRequest[] = []
  const ask = async (request: ListRequest): Promise<Listing<number>> => {
    asked.push(request)
    return pageAt(Number(request.state?.token ?? 0))
  }
  const answer: Promise<ListAnswer<number>> = listPage(rules, {
    query,
    scope: 's',
    sight,
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

  test('is filled up to the half where something was left out, and never beyond its size', async () => {
    const { answer, asked } = walk({ token: '', size: 8 }, endless([1, -1, -1]))
    expect((await answer).items).toEqual([1, 1, 1, 1])
    expect(asked.map(({ size }) => size)).toEqual([8, 7, 6, 5])
  })

  test('examines ten pages of candidates and no more, however few of them may be seen', async () => {
    const { answer, asked } = walk({ token: '', size: 8 }, (n) =>
      (n === 0 ? endless([1, -1]) : endless([-1]))(n),
    )
    expect(await answer).toMatchObject({ items: [1], next: expect.any(String) })
    expect(asked.reduce((sum, { size }) => sum + size, 0)).toBe(80)
  })

  test('counts what a source has looked at, where that is more than it was asked for', async () => {
    const grantees = { principal: 'alice', roles: new Set<string>() }
    const page = { ...endless([])(0), examined: 80 }
    const { answer, asked } = walk({ token: '', size: 8 }, () => page, grantees)
    expect(await answer).toMatchObject({ items: [], next: expect.any(String) })
    expect(asked).toHaveLength(1)
  })

  test('asks nobody about items of which each may be seen', async () => {
    const { answer } = walk({ token: '', size: 3 }, endless([-1, -2]), 'everything')
    expect((await answer).items).toEqual([-1, -2])
  })

  test('lets a source look at the grants where nothing else can be seen, and asks about each item still', async () => {
    const grantees = { principal: 'alice', roles: new Set<string>() }
    const { answer, asked } = walk({ token: '', size: 3 }, () => ({ items: [-1, 2], partial: [] }), grantees)
    expect(await answer).toEqual({ items: [2], partial: [] })
    expect(asked).toEqual([{ size: 3, granted: grantees }])
  })

  test('has tokens of its own for each asker, and for each role that one acts with', () => {
    const scopes = [
      listingScope('listTables', ['w', 'a'], { kind: 'user', id: 'alice' }),
      listingScope('listTables', ['w', 'a'], { kind: 'user', id: 'bob' }),
      listingScope('listTables', ['w', 'a'], { kind: 'user', id: 'alice', assumedRole: 'r' }),
      listingScope('listTables', ['w', 'a', 'alice'], { kind: 'user', id: 'r' }),
      listingScope('listViews', ['w', 'a'], { kind: 'user', id: 'alice' }),
    ]
    expect(new Set(scopes).size).toBe(scopes.length)
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
