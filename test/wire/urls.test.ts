/** Names in URLs, as each client spells them; and the bytes of answers, as each client reads them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MemoryGateway, startMemoryGateway, warehouseId } from '../support/memory-gateway.ts'
import { call, exchange, fill, newTable, wireText } from '../support/wire.ts'

let gateway: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway({ mode: 'development' })
  await fill(gateway)
})
afterAll(() => gateway.stop())

const awkward: readonly (readonly string[])[] = [
  ['plain'],
  ['with space'],
  ['with+plus'],
  ['with/slash'],
  ['with.dot'],
  ['with%percent'],
  ['with%20literal'],
  ['ümläut', '名前'],
  ['a?b#c&d=e'],
  ['quote"\'`'],
  ['..', '.'],
  ['with%2Fencoded', 'deep.er', 'x y+z'],
]

/** Percent-encodes each level, as most clients do. */
const asPercent = (levels: readonly string[]): string => levels.map(encodeURIComponent).join('%1F')
/** Java: form encoding, a space is a plus. */
const asForm = (levels: readonly string[]): string =>
  levels.map((level) => encodeURIComponent(level).replaceAll('%20', '+')).join('%1F')
/** Lower-case hex digits are as good. */
const asLower = (levels: readonly string[]): string =>
  asPercent(levels).replaceAll(/%[0-9A-F]{2}/g, (one) => one.toLowerCase())
/** Clients of the reference server: the separator is an encoded dot, a dot in a name is bare. */
const asDots = (levels: readonly string[]): string => levels.map(encodeURIComponent).join('%2E')

const statusOf = (response: string): number => Number(response.split(' ')[1])

/** Raw, since every URL library normalises something. */
const raw = async (method: string, path: string): Promise<string> =>
  exchange(gateway.port, wireText(`${method} /catalog/v1/${warehouseId}${path}`))

describe.each(awkward.map((levels) => [levels.join(' | '), levels] as const))(
  'the namespace %s',
  (_, levels) => {
    beforeAll(async () => {
      for (let n = 1; n <= levels.length; n += 1)
        await call(gateway, 'POST /namespaces', { body: { namespace: levels.slice(0, n), properties: {} } })
      await call(gateway, `POST /namespaces/${asPercent(levels)}/tables`, {
        body: newTable(levels.at(-1) ?? ''),
      })
    })

    test.each([
      ['percent-encoded', asPercent],
      ['form-encoded', asForm],
      ['in lower case', asLower],
    ])('is found %s', async (__, encode) => {
      const answer = await raw('GET', `/namespaces/${encode(levels)}`)
      expect(statusOf(answer)).toBe(200)
      expect(answer).toContain(JSON.stringify(levels))
    })

    test('is found with the separator of the reference server', async () => {
      if (levels.length === 1) return
      expect(statusOf(await raw('HEAD', `/namespaces/${asDots(levels)}`))).toBe(204)
    })

    test('holds a table of its own name, found by every method', async () => {
      const path = `/namespaces/${asForm(levels)}/tables/${asForm([levels.at(-1) ?? ''])}`
      expect(statusOf(await raw('HEAD', path))).toBe(204)
      expect(statusOf(await raw('GET', path))).toBe(200)
      expect(statusOf(await raw('GET', `${path}/`))).toBe(200)
    })

    test('is listed under its parent, whichever way the parent is encoded', async () => {
      const parent = levels.slice(0, -1)
      const java = encodeURIComponent(parent.join('\u001f'))
      const pyiceberg = encodeURIComponent(parent.map(encodeURIComponent).join('\u001f'))
      for (const query of [java, pyiceberg]) {
        const reply = await call(gateway, `GET /namespaces?parent=${query}`)
        expect((reply.json as { namespaces: unknown }).namespaces).toContainEqual(levels)
      }
    })
  },
)

describe('the path', () => {
  test.each([
    `/catalog/v1/${warehouseId}/namespaces`,
    `/catalog/v1/${warehouseId.toUpperCase()}/namespaces`,
    // Clients on iceberg-rust's transport encode the dashes too.
    `/catalog/v1/${warehouseId.replaceAll('-', '%2D')}/namespaces`,
    `/catalog/v1/${warehouseId}/namespaces/`,
    `//catalog/v1/${warehouseId}/namespaces?`,
    '/catalog/v1/namespaces',
    `http://elsewhere/catalog/v1/${warehouseId}/namespaces`,
  ])('%s is the list of namespaces', async (path) => {
    const answer = await exchange(gateway.port, wireText(`GET ${path}`))
    expect(answer).toContain('["a"]')
  })

  test('without a prefix needs a default warehouse', async () => {
    const without = await startMemoryGateway({ defaultWarehouse: false })
    const reply = await call(without, `GET ${without.origin}/catalog/v1/namespaces`)
    expect(reply.json).toMatchObject({ error: { type: 'NoSuchWarehouseException', code: 404 } })
    await without.stop()
  })
})

describe('HEAD', () => {
  test.each(['/namespaces', '/namespaces/a/tables', '/namespaces/a/views'])(
    'of %s is GET without its body',
    async (path) => {
      const answer = await raw('HEAD', path)
      expect(statusOf(answer)).toBe(200)
      expect(answer).toMatch(/\r\n\r\n$/)
    },
  )
  test('of what is missing has a status and no body', async () => {
    expect(await raw('HEAD', '/namespaces/none')).toMatch(/^HTTP\/1.1 404 .*\r\n\r\n$/s)
  })
})

describe('the bytes of an answer', () => {
  test('spell ETag as the reference client reads it, case-sensitively', async () => {
    const answer = await raw('GET', '/namespaces/a/tables/t')
    expect(answer).toMatch(/\r\nETag: W\/"[^"]+"\r\n/)
  })

  test('carry the request id that was sent, where it is harmless', async () => {
    const send = (id: string): Promise<string> =>
      exchange(gateway.port, wireText('GET /catalog/v1/config', [`x-request-id: ${id}`]))
    expect(await send('trace-1.2:3_4')).toContain('\r\nX-Request-Id: trace-1.2:3_4\r\n')
    for (const bad of ['two words', 'x'.repeat(129), '<script>', 'a\tb'])
      expect(await send(bad)).toMatch(/\r\nX-Request-Id: [0-9a-f-]{36}\r\n/)
  })

  test('say that this is development mode', async () => {
    expect(await raw('GET', '/namespaces')).toContain('\r\nLakegate-Mode: development\r\n')
  })

  test('have no body and no length where there is nothing to say', async () => {
    const answer = await exchange(
      gateway.port,
      wireText(`POST /catalog/v1/${warehouseId}/namespaces/a/tables/t/metrics`, [], '{}'),
    )
    expect(answer).toMatch(/^HTTP\/1.1 204 .*\r\n\r\n$/s)
    expect(answer).not.toMatch(/content-length/i)
  })
})

describe('what is no HTTP', () => {
  test.each([
    ['words', 'hello there\r\n\r\n', 400],
    ['a TLS hello', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400],
    ['a header without name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['endless headers', `GET / HTTP/1.1\r\nHost: a\r\n${'x: y\r\n'.repeat(20_000)}\r\n`, 431],
  ])('(%s) is answered in the same form, and the connection ends', async (_, bytes, status) => {
    const answer = await exchange(gateway.port, Buffer.from(bytes, 'latin1'))
    expect(statusOf(answer)).toBe(status)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ error: { code: status } })
  })

  test('leaves the server as it was', async () => {
    expect((await call(gateway, 'GET /namespaces')).status).toBe(200)
    expect(gateway.logged).toEqual([])
  })
})
