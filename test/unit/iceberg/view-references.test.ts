import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { namesIn, refersTo } from '../../../src/iceberg/view-references.ts'
import { type JsonObject, parseJsonObject } from '../../../src/model/json.ts'

const dotted = (sql: string, dialect = 'trino') => namesIn(sql, dialect).map((path) => path.join('.'))

interface Made {
  readonly sql: string
  readonly dialect?: string
  readonly catalog?: string
  readonly namespace?: readonly string[]
}

const view = ({ sql, dialect = 'trino', catalog, namespace = ['sales'] }: Made): JsonObject =>
  parseJsonObject(
    JSON.stringify({
      'current-version-id': 2,
      versions: [
        { 'version-id': 1, 'default-namespace': ['sales'], representations: [{ sql: 'table old', dialect }] },
        {
          ...{ 'version-id': 2, 'default-namespace': namespace, 'default-catalog': catalog },
          representations: [{ type: 'sql', sql, dialect }],
        },
      ],
    }),
  )
const orders = { names: [['sales', 'orders']], inCatalog: (name: string) => name !== 'other' }
const refers = (made: Made) => refersTo(view(made), orders)

describe('the names in a query', () => {
  test.each([
    ['select a.b from sales.orders o', ['select', 'a.b', 'from', 'sales.orders', 'o']],
    ['from "Sa""les" . /* here */ "Orders"', ['from', 'sa"les.orders']],
    ["from x where y = 'sales.orders' -- sales.orders", ['from', 'x', 'where', 'y']],
    ["'it''s' a", ['a']],
    ['f(a).b', ['f', 'a', 'b']],
    ['"open', ['open']],
    ["'open a", []],
    ['/* open a', []],
  ])('%s', (sql, names) => {
    expect(dotted(sql)).toEqual(names)
  })

  test('have strings of their own in Spark', () => {
    expect(dotted("from `a``b`.c where d = 'x\\' e' and f = \"g\"", 'spark')).toEqual([
      ...['from', 'a`b.c', 'where', 'd', 'and', 'f'],
    ])
    expect(dotted("a '\\", 'spark')).toEqual(['a'])
  })

  test('are found in whatever stands around them, in a moment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('trino', 'spark'), (sql, dialect) => {
        expect(dotted(`sales.orders ${sql}`, dialect)[0]).toBe('sales.orders')
      }),
    )
    for (const one of ["'", "\\'", '"', '`', '/*', '--', '.', '$'])
      for (const dialect of ['trino', 'spark']) namesIn(one.repeat(100_000), dialect)
  })
})

describe('a view refers to', () => {
  test.each([
    ['what it names whole', 'select * from sales.orders'],
    ['what is where it was made', 'select * from ORDERS'],
    ['what it names with a catalog', 'select * from lake."sales".orders'],
    ['a table whose history it reads', 'select * from "orders$snapshots"'],
    ['one of several', 'select * from a join b on true, orders'],
  ])('%s', (_, sql) => {
    expect(refers({ sql })).toBe(true)
  })

  test('what a metadata table in Spark is of', () => {
    expect(refers({ sql: 'select * from sales.orders.snapshots', dialect: 'spark' })).toBe(true)
  })

  test('levels that an engine writes as one', () => {
    const referred = { ...orders, names: [['a', 'b', 't']] }
    const made = view({ sql: 'select * from t', namespace: ['a.b'] })
    expect(refersTo(made, referred)).toBe(true)
    expect(refersTo(view({ sql: 'select * from "a.b".t' }), referred)).toBe(true)
  })

  test.each([
    ['another name', 'select * from sales.returns'],
    ['the name elsewhere', 'select * from staff.orders'],
    ['the name in text', "select 'orders' from sales.returns -- orders"],
    ['the name in another catalog', 'select * from other.sales.orders'],
    ['an older version', 'select * from returns'],
    ['the name as a part of another', 'select * from sales.orders_of_old, myorders'],
    ['the name as a level', 'select * from orders.sales'],
  ])('nothing by %s', (_, sql) => {
    expect(refers({ sql })).toBe(false)
  })

  test('nothing where another catalog is meant by default', () => {
    expect(refers({ sql: 'select * from sales.orders', catalog: 'other' })).toBe(false)
    expect(refers({ sql: 'select * from orders', catalog: 'other' })).toBe(false)
    expect(refers({ sql: 'select * from lake.sales.orders', catalog: 'other' })).toBe(true)
  })

  test('nothing by names that were looked at for ever', () => {
    const namespace = Array.from({ length: 200_000 }, () => 'level')
    expect(refers({ sql: 'a '.repeat(60_000), namespace })).toBe(false)
    expect(refers({ sql: `${'a '.repeat(60_000)} sales.orders`, namespace })).toBe(true)
  })

  test('no more than fits in one long query, in however many dialects', () => {
    const one = { sql: `${'a '.repeat(30_000)} sales.orders`, dialect: 'trino' }
    const made = (queries: number): JsonObject =>
      parseJsonObject(
        JSON.stringify({
          'current-version-id': 1,
          versions: [{ 'version-id': 1, representations: Array.from({ length: queries }, () => one) }],
        }),
      )
    expect(refersTo(made(2), orders)).toBe(true)
    expect(refersTo(made(3), orders)).toBe(false)
  })

  test('nothing where there is no such thing as its current version', () => {
    for (const text of ['{}', '{"current-version-id":1,"versions":[7,{}]}', '{"versions":{}}'])
      expect(refersTo(parseJsonObject(text), orders)).toBe(false)
  })
})
