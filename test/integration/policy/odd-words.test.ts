/** Words that mean something to JavaScript, to a database or to a calendar, and to us nothing at all. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'

let lake: Lake
let path: string
beforeAll(async () => {
  lake = await openLake(['bob'])
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  await lake.makeTable(['sales'], 'orders')
  path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'orders' })
  const tag = { name: 'network', 'value-kind': 'free-text', scope: ['table'] }
  await lake.make('POST /management/v1/tag-definition', tag)
  await lake.make(`PUT /management/v1/${path}/tags/network`, { value: 'private' })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const statusOf = async (line: string, body?: object, as?: string): Promise<number> => {
  const [method = '', target = ''] = line.split(' ')
  const asking = { ...(body === undefined ? {} : { body }), ...(as === undefined ? {} : { as }) }
  return (await lake.ask(`${method} /management/v1/${target}`, asking)).status
}
const orders = () => ({ 'warehouse-id': lake.warehouse, namespace: ['sales'] })

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is no action', async (action) => {
  const operation = { table: { action, ...orders(), table: 'orders' } }
  expect(await statusOf('POST permissions/check', { operation })).toBe(400)
  await lake.grant(path, 'describe', 'bob')
  expect(await statusOf('POST permissions/check', { operation }, 'bob')).toBe(400)
})

describe('an explanation', () => {
  const explain = (more: object) =>
    statusOf('POST decisions/explain', {
      ...{ principal: { user: 'oidc~bob' }, action: 'read' },
      ...{ object: { type: 'table', ...orders(), name: 'orders' }, ...more },
    })

  test('is given of whoever cannot be known', async () => {
    for (const principal of [{ user: 'x\u0000y' }, { user: 'x~y', groups: ['a\u0000~b', 'none'] }])
      expect(await explain({ principal }), JSON.stringify(principal)).toBe(200)
    expect(await explain({ principal: { 'service-account': '\u0000' } })).toBe(200)
  })

  test('is not given of a second that is none', async () => {
    expect(await explain({ context: { time: '2026-06-30T23:59:59Z' } })).toBe(200)
    expect(await explain({ context: { time: '2026-06-30T23:59:60Z' } })).toBe(400)
  })
})

test.each(['principal', 'requestId', 'operation', 'warehouse', 'resource', 'resourceKind'])(
  'the audit log is searched for what no %s is',
  async (member) => {
    expect(await statusOf(`GET audit?${member}=%00`)).toBe(200)
  },
)

describe('a row filter', () => {
  const put = (value: string) =>
    lake.ask(`PUT /management/v1/${path}/read-restriction`, {
      body: `{"row-filter":{"type":"eq","term":"x","value":${value}}}`,
    })

  test('keeps numbers as they are written', async () => {
    for (const value of ['9007199254740993', '1.10', '-0.0', '1e400']) {
      const answer = await put(value)
      expect([answer.status, answer.text.includes(`"value":${value}}`)], answer.text).toEqual([200, true])
    }
  })

  test('compares with values and nothing else', async () => {
    for (const value of ['{"toString":1}', '[1]', 'null'])
      expect(json<{ error: { type: string } }>(await put(value)).error.type).toBe('BadRequestException')
  })
})
