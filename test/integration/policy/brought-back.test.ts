/**
 * Content that goes and comes back with its id, elsewhere: grants are the content's, what was inherited is the place's.
 * Nothing does so yet through the API; the rows are moved as a recovery of dropped content has to move them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
beforeAll(async () => {
  lake = await openLake(['bob', 'carol'])
  for (const namespace of [['sales'], ['other']]) await lake.make('POST /namespaces', { namespace })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const hide = `
  update entry_head h set pointer = null from entry_head was
  where h.ns = 'sales' and h.name = 'orders' and was.ctid = h.ctid
  returning h.line_id, h.space, h.seq, h.content_id, h.kind, was.pointer`

const bringBack = `
  insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer)
  values ($1, 'other', $2, 'orders_again', $3, $4, $5, $6)`

test('a table that is brought back elsewhere keeps its grants, and what was inherited there is gone', async () => {
  const loads = (place: string) =>
    Promise.all(
      ['bob', 'carol'].map(async (as) => (await lake.ask(`GET /namespaces/${place}`, { as })).status),
    )
  await lake.makeTable(['sales'], 'orders')
  await lake.grant(
    await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'orders' }),
    'select',
    'bob',
  )
  await lake.grant(await lake.pathOf({ kind: 'namespace', namespace: ['sales'] }), 'select', 'carol')
  expect(await loads('sales/tables/orders')).toEqual([200, 200])

  const { database } = lake.replicas.db
  const [row] = await database.query<Record<string, string>>(hide, [])
  expect(await loads('sales/tables/orders')).toEqual([404, 404])

  const { line_id, space, seq, content_id, kind, pointer } = row ?? {}
  await database.execute(bringBack, [line_id, space, seq, content_id, kind, pointer])
  expect(await loads('other/tables/orders_again')).toEqual([200, 404])
  expect(await loads('sales/tables/orders')).toEqual([404, 404])
})
