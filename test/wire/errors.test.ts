/** Errors as clients see them: one table, one form, nothing internal. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf } from '#http/answer.ts'
import { answerError } from '#http/error-answer.ts'
import { CatalogError, type ErrorType, errorTable } from '#model/errors.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { call, fill, newTable } from '../support/wire.ts'

const bodyOf = ({ body = [] }: ReturnType<typeof answerError>): unknown =>
  JSON.parse(Buffer.concat(body.map(bytesOf)).toString())

describe('the renderer', () => {
  test.each(Object.entries(errorTable))(
    'gives %s the status %i, in the header and in the body',
    (type, status) => {
      const answer = answerError(new CatalogError(type as ErrorType, 'text'), 'r1')
      expect(answer.status).toBe(status)
      expect(bodyOf(answer)).toEqual({ error: { message: 'text', type, code: status, 'request-id': 'r1' } })
    },
  )

  test.each(Object.entries(errorTable).filter(([, status]) => status === 429 || status === 503))(
    'says with %s when to come back',
    (type) => {
      const plain = answerError(new CatalogError(type as ErrorType, ''), 'r')
      expect(plain.headers).toContainEqual(['Retry-After', '1'])
      const told = answerError(new CatalogError(type as ErrorType, '', { retryAfterSeconds: 2.5 }), 'r')
      expect(told.headers).toContainEqual(['Retry-After', '3'])
    },
  )

  test.each([
    new Error('select * from secrets'),
    'a string',
    undefined,
    new TypeError('x is not a function'),
  ])('shows nothing of %s but the id under which it is logged', (thrown) => {
    const answer = answerError(thrown, 'r42')
    expect(bodyOf(answer)).toEqual({
      error: {
        message: 'Internal error; the log has it as r42',
        type: 'InternalServerErrorException',
        code: 500,
        'request-id': 'r42',
      },
    })
  })
})

describe('the server', () => {
  const catalog = createMemoryCatalog()
  let gateway: MemoryGateway
  beforeAll(async () => {
    const { namespaces } = catalog
    const load: typeof namespaces.load = async (context, namespace) => {
      if (namespace[0] === 'a') throw new Error('password=hunter2')
      return namespaces.load(context, namespace)
    }
    const broken = { ...catalog, namespaces: { ...namespaces, load } }
    gateway = await startMemoryGateway({ local: broken, limits: { maxBodyBytes: 4096 } })
    await fill(gateway)
  })
  afterAll(() => gateway.stop())

  test('hides what broke inside, logs it under the request id, and returns that id', async () => {
    const reply = await call(gateway, 'GET /namespaces/a', { headers: { 'x-request-id': 'mine-1' } })
    expect(reply.status).toBe(500)
    expect(reply.text).not.toContain('hunter2')
    expect(reply.text).toContain('mine-1')
    expect(gateway.logged).toContainEqual(
      expect.objectContaining({
        requestId: 'mine-1',
        error: expect.objectContaining({ message: 'password=hunter2' }),
      }),
    )
  })

  test.each([
    ['an unknown path', 'GET /nothing', 404, 'NotFoundException'],
    ['a path above the face', 'GET http://HOST/', 404, 'NotFoundException'],
    ['a template that has no endpoint', 'GET /tables/rename/x', 404, 'NotFoundException'],
    ['a method that the path lacks', 'PUT /namespaces', 405, 'MethodNotAllowedException'],
    ['a method that nobody has', 'PROPFIND /namespaces', 405, 'MethodNotAllowedException'],
    ['an unknown prefix', 'GET http://HOST/catalog/v1/nope/namespaces', 404, 'NoSuchWarehouseException'],
    [
      'an unknown warehouse',
      'GET http://HOST/catalog/v1/config?warehouse=no',
      404,
      'NoSuchWarehouseException',
    ],
    ['a namespace of engines', 'GET /namespaces/system', 404, 'NoSuchNamespaceException'],
    ['a table of engines', 'GET /namespaces/information_schema/tables/tables', 404, 'NoSuchTableException'],
    ['a broken percent sequence', 'GET /namespaces/%zz', 400, 'BadRequestException'],
    ['text that is not UTF-8', 'GET /namespaces/%ff%fe', 400, 'BadRequestException'],
    ['an empty level', 'GET /namespaces/a%1F', 400, 'BadRequestException'],
    ['a control character', 'GET /namespaces/a%00b', 400, 'BadRequestException'],
    ['the separator in a name', 'GET /namespaces/a/tables/x%1Fy', 400, 'BadRequestException'],
    ['a page size of nothing', 'GET /namespaces?pageSize=0', 400, 'BadRequestException'],
    ['a page size in words', 'GET /namespaces?pageSize=many', 400, 'BadRequestException'],
    ['a parameter given twice', 'GET /namespaces?parent=a&parent=b', 400, 'BadRequestException'],
    ['a page token of nobody', 'GET /namespaces?pageToken=abcdefgh', 400, 'BadRequestException'],
  ])('answers %s in the form of the specification', async (...row) => {
    const [, line, status, type] = row
    const reply = await call(gateway, line.replace('HOST', `127.0.0.1:${gateway.port}`))
    expect(reply.status).toBe(status)
    expect(reply.json).toMatchObject({ error: { type, code: status, message: expect.any(String) } })
    expect(reply.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  })

  test('names the methods that a path has', async () => {
    const reply = await call(gateway, 'PATCH /namespaces/a')
    expect(reply.headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD'])
    const listing = await call(gateway, 'PATCH /namespaces/a/tables')
    expect(listing.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
  })

  test.each([
    ['no JSON', '{', 400],
    ['an array', '[]', 400],
    ['nothing', '', 400],
    ['a name given twice', '{"name":"x","name":"y"}', 400],
    ['__proto__', '{"__proto__":{}}', 400],
    ['no name', '{"schema":{}}', 400],
    ['an empty name', JSON.stringify(newTable('')), 400],
    ['a name that is too long', JSON.stringify(newTable('x'.repeat(300))), 400],
    ['a name that is no string', '{"name":7}', 400],
    ['nesting without end', `{"name":${'['.repeat(2000)}`, 400],
    ['more than the limit', JSON.stringify({ name: 'x'.repeat(5000) }), 413],
  ])('refuses a body with %s and changes nothing', async (_, body, status) => {
    const before = (await call(gateway, 'GET /namespaces/a/tables')).text
    const reply = await call(gateway, 'POST /namespaces/a/tables', {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(status)
    expect(reply.json).toMatchObject({ error: { code: status } })
    expect((await call(gateway, 'GET /namespaces/a/tables')).text).toBe(before)
  })

  test.each([
    ['another media type', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['an encoding', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('refuses a body with %s', async (_, headers) => {
    const reply = await call(gateway, 'POST /namespaces', { body: '{"namespace":["x"]}', headers })
    expect(reply.status).toBe(415)
  })

  test('refuses a commit whose identifier is not that of its path', async () => {
    const body = { identifier: { namespace: ['a'], name: 'other' }, requirements: [], updates: [] }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', { body })).status).toBe(400)
    const same = { ...body, identifier: { namespace: ['a'], name: 't' } }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', { body: same })).status).toBe(200)
  })

  test.each([
    ['no changes', { 'table-changes': [] }],
    ['no list', {}],
    [
      'one table twice',
      {
        'table-changes': [1, 2].map(() => ({ identifier: { namespace: ['a'], name: 't' }, updates: [] })),
      },
    ],
    ['a change without identifier', { 'table-changes': [{ updates: [] }] }],
    [
      'a table without namespace',
      { 'table-changes': [{ identifier: { namespace: [], name: 't' }, updates: [] }] },
    ],
  ])('refuses a transaction with %s', async (_, body) => {
    expect((await call(gateway, 'POST /transactions/commit', { body })).status).toBe(400)
  })

  test('refuses a request that has passed this gateway before', async () => {
    const reply = await call(gateway, 'GET /namespaces', { headers: { 'lakegate-hops': 'other.1, test.1' } })
    expect(reply.status).toBe(400)
    expect(reply.text).toContain('Loop detected')
  })
})
