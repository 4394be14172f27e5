/** Listings over several sources, page by page, while names come and go and not all may be seen. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMountTable } from '#catalog/mounts.ts'
import { type ListAnswer, listPage } from '#gateway/listing.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import type { Namespace } from '#model/identifier.ts'
import { createMemoryCatalog } from '../../support/memory-catalog.ts'
import { call as context } from '../../support/mounted-catalogs.ts'

const rules = { tokens: createPageTokens(Buffer.alloc(32)), strict: false }
const body = { bytes: new Uint8Array(0), json: {} }
const name = fc.stringMatching(/^[a-f]{1,3}$/)

/** Even ones may be seen. */
const isVisible = (text: string): boolean => text.length % 2 === 0

const openTree = async (names: readonly string[], mounted: readonly string[]) => {
  const local = createMemoryCatalog()
  const toggle = async (one: string): Promise<void> => {
    const present = await local.namespaces.exists(context, [one]).then(
      () => true,
      () => false,
    )
    if (present) await local.namespaces.drop(context, [one])
    else await local.namespaces.create(context, [one], body)
  }
  for (const one of names) await toggle(one)
  const mounts = mounted.map((one) => ({ namespace: [one], connection: one, catalog: createMemoryCatalog() }))
  return { table: createMountTable({ local, mounts }), toggle }
}

type Tree = Awaited<ReturnType<typeof openTree>>

const pageOf = ({ table }: Tree, size: number, token: string): Promise<ListAnswer<Namespace>> =>
  listPage(rules, {
    query: { token, size },
    scope: 's',
    sight: 'some',
    ask: (request) => table.listNamespaces(context, [], request),
    filter: async (items) => items.filter(([first = '']) => isVisible(first)),
  })

const walk = async (tree: Tree, size: number, between: readonly string[]): Promise<readonly string[]> => {
  const seen: string[] = []
  const coming = [...between]
  for (let token = ''; ; ) {
    const page = await pageOf(tree, size, token)
    expect(page.items.length).toBeLessThanOrEqual(size)
    seen.push(...page.items.map(([first = '']) => first))
    if (page.next === undefined) return seen
    token = page.next
    const change = coming.shift()
    if (change !== undefined) await tree.toggle(change)
  }
}

const given = {
  names: fc.uniqueArray(name, { maxLength: 25 }),
  mounted: fc.uniqueArray(fc.stringMatching(/^[x-z]{1,2}$/), { maxLength: 4 }),
  size: fc.integer({ min: 1, max: 7 }),
}

test('the pages together are what may be seen, each name once, whatever their size', () =>
  fc.assert(
    fc.asyncProperty(fc.record(given), async ({ names, mounted, size }) => {
      const seen = await walk(await openTree(names, mounted), size, [])
      expect(seen.toSorted()).toEqual([...names, ...mounted].filter(isVisible).sort())
    }),
  ))

test('a name that is there throughout is listed once, whatever comes and goes between the pages', () =>
  fc.assert(
    fc.asyncProperty(fc.record({ ...given, between: fc.array(name) }), async (tree) => {
      const { names, mounted, size, between } = tree
      const seen = await walk(await openTree(names, mounted), size, between)
      const stayed = names.filter((one) => !between.includes(one))
      expect(seen).toEqual(expect.arrayContaining([...stayed, ...mounted].filter(isVisible)))
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.every(isVisible)).toBe(true)
    }),
  ))
