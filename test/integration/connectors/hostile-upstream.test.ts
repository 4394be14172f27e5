import { describe, expect, it } from 'vitest'
import { icebergRest } from '../../../connectors/iceberg-rest/index.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import {
  answerEndless,
  answerError,
  answerHtml,
  answerJson,
  answerNever,
  answerRaw,
  answerTruncated,
  type Behaviour,
  cutConnection,
} from '../../support/hostile-upstream.ts'
import {
  all,
  answerTable,
  bytesOf,
  envelope,
  failureOf,
  id,
  metadata,
  useRelayBench,
} from '../../support/relay-bench.ts'

const bench = useRelayBench()

describe('an upstream that answers nonsense', () => {
  const nonsense: Readonly<Record<string, Behaviour>> = {
    'a web page': answerHtml(200),
    'a web page as an error': answerHtml(500),
    'a proxy without a route': answerHtml(404),
    'a web page as a conflict': answerHtml(409),
    'truncated JSON': answerTruncated(envelope(metadata())),
    'JSON that ends early': answerRaw(200, envelope(metadata()).slice(0, -2)),
    'nothing at all': answerRaw(200, ''),
    'a list': answerRaw(200, '[]'),
    'an envelope without metadata': answerRaw(200, '{"metadata-location":"x"}'),
    'metadata that is text': answerRaw(200, '{"metadata-location":"x","metadata":"y"}'),
    'a document with a member twice': answerRaw(200, envelope('{"a":1,"a":2}')),
    'bytes that are no text': answerRaw(200, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    'a redirect': answerRaw(302, '', { location: 'http://127.0.0.1:1/canary-location' }),
    'an error without a body': answerRaw(500, ''),
    'an error that is overloaded': answerError(
      503,
      'ServiceUnavailableException',
      'canary-internal 10.0.0.7',
    ),
    silence: answerNever,
    'a cut connection': cutConnection,
  }

  it.each(Object.entries(nonsense))(
    '(%s) is an upstream that is out, named without its address',
    async (_, behaviour) => {
      bench.upstream.behave(behaviour)
      const error = await failureOf(bench.catalog.tables.load(newCall(), id, all))
      expect(['BadGatewayException', 'ServiceUnavailableException']).toContain(error.type)
      expect(error.message).toContain('Connection upstream')
      expect(error.message).not.toMatch(/127\.0\.0\.1|canary|https?:/)
    },
  )

  it('(an endless answer) is cut off, and its memory is free again', async () => {
    const patient = await bench.open({ 'read-timeout-ms': 60_000 })
    bench.upstream.behave(answerEndless)
    const error = await failureOf(patient.tables.load(newCall(), id, all))
    expect(error.message).toContain('larger than')
  }, 60_000)

  it.each([
    ['a web page', answerHtml(200)],
    ['nothing', answerRaw(200, '')],
    ['a list of other things', answerJson({ identifiers: 7 })],
    ['a token that never ends', answerJson({ identifiers: [], 'next-page-token': ''.padEnd(9000, 'x') })],
    ['a token that is no text', answerJson({ identifiers: [], 'next-page-token': { a: 1 } })],
  ])('(%s) as a list is refused', async (_, behaviour) => {
    bench.upstream.behave(behaviour)
    const error = await failureOf(bench.catalog.tables.list(newCall(), ['db'], { size: 10 }))
    expect(error.type).toBe('BadGatewayException')
  })

  it('(a page without end) is cut off long before a document would be', async () => {
    const patient = await bench.open({ 'read-timeout-ms': 60_000 })
    bench.upstream.behave(answerEndless)
    const error = await failureOf(patient.tables.list(newCall(), ['db'], { size: 10 }))
    expect(error.message).toContain(`larger than ${32 * 1024 * 1024} bytes`)
  }, 60_000)

  it.each([2, 3, 7])(
    '(page tokens that come again every %s pages) are not followed for ever',
    async (circle) => {
      bench.upstream.behave((call, response) => {
        const at = Number(new URL(call.url, bench.upstream.uri).searchParams.get('pageToken'))
        const next = at < 10 + circle - 1 ? at + 1 : 10
        answerJson({ identifiers: [], 'next-page-token': String(next) })(call, response)
      })
      const follow = async (): Promise<void> => {
        let token: string | undefined
        do {
          const page = { size: 10, ...(token === undefined ? {} : { token }) }
          token = (await bench.catalog.tables.list(newCall(), ['db'], page)).next
        } while (token !== undefined)
      }
      expect((await failureOf(follow())).message).toContain('page token')
      expect(bench.upstream.calls.length).toBeLessThanOrEqual(32)
    },
  )

  it('(the same page token again) does not send the caller round in circles', async () => {
    bench.upstream.behave(answerJson({ identifiers: [], 'next-page-token': 'again' }))
    const { next } = await bench.catalog.tables.list(newCall(), ['db'], { size: 10 })
    const error = await failureOf(
      bench.catalog.tables.list(newCall(), ['db'], { size: 10, token: String(next) }),
    )
    expect(error.type).toBe('BadGatewayException')
  })

  it.each([
    ['a web page', answerHtml(200)],
    ['an impossible prefix', answerJson({ defaults: {}, overrides: { prefix: '../../admin' } })],
    ['an encoded way out', answerJson({ defaults: {}, overrides: { prefix: 'a/%2e%2e/b' } })],
    ['a prefix with a query', answerJson({ defaults: {}, overrides: { prefix: 'a?b' } })],
    ['an address that is none', answerJson({ defaults: {}, overrides: { uri: 'file:///etc' } })],
    ['an address with a password', answerJson({ defaults: {}, overrides: { uri: 'http://a:b@127.0.0.1/' } })],
    ['a separator that is none', answerJson({ defaults: {}, overrides: { 'namespace-separator': '/' } })],
  ])('(%s) as its configuration is refused, and asked again next time', async (_, behaviour) => {
    bench.upstream.configure(behaviour)
    bench.upstream.behave(answerTable())
    const error = await failureOf(bench.catalog.tables.load(newCall(), id, all))
    expect(error.type).toBe('BadGatewayException')
    expect(bench.upstream.calls).toEqual([])
    bench.upstream.configure(answerJson({ defaults: {}, overrides: {} }))
    expect(bytesOf(await bench.catalog.tables.load(newCall(), id, all))).toBe(metadata())
  })

  it('is not followed to an address that is not allowed', async () => {
    bench.upstream.configure(answerJson({ defaults: {}, overrides: { uri: 'http://169.254.169.254/' } }))
    const error = await failureOf(bench.catalog.tables.load(newCall(), id, all))
    expect(error.message).toBe('Connection upstream: the address is not allowed by the egress policy')
  })

  it('is followed to another host as a stranger, and within its own as before', async () => {
    const { port } = new URL(bench.upstream.uri)
    bench.upstream.behave(answerTable())
    for (const [uri, foreign] of [
      [`http://localhost:${port}/moved`, true],
      [`${bench.upstream.uri}/moved`, undefined],
    ] as const) {
      bench.upstream.configure(answerJson({ defaults: {}, overrides: { uri } }))
      const catalog = await bench.open()
      await catalog.tables.load(newCall(), id, all).catch(() => {})
      const [asked, loaded] = bench.tools.exchanges.slice(-2).map(({ request }) => request)
      expect(asked?.foreign).toBeUndefined()
      expect(loaded?.url).toBe(`${uri}/v1/namespaces/db/tables/t`)
      expect(loaded?.foreign).toBe(foreign)
    }
  })

  it('leaves out names that are none and namespaces that were not asked for', async () => {
    bench.upstream.behave(
      answerJson({
        identifiers: [
          { namespace: ['other'], name: 'a' },
          { name: 7 },
          null,
          { namespace: [], name: '' },
          { name: 'b' },
        ],
      }),
    )
    expect((await bench.catalog.tables.list(newCall(), ['db'], { size: 10 })).items).toEqual([
      { namespace: ['db'], name: 'a' },
      { namespace: ['db'], name: 'b' },
    ])
    bench.upstream.behave(
      answerJson({ namespaces: [['db', 'x'], ['db'], ['q', 'x'], 'db', ['db', 'x', 'y'], ['db', '']] }),
    )
    expect((await bench.catalog.namespaces.list(newCall(), ['db'], { size: 10 })).items).toEqual([
      ['db', 'x'],
    ])
  })
})

describe('the configuration of a connection', () => {
  it.each([
    [{ uri: 'ftp://x' }],
    [{ uri: 'http://user:pass@x' }],
    [{ uri: 'http://x?token=canary' }],
    [{ uri: 'http://x', unknown: 1 }],
    [{ uri: 'http://x', auth: { kind: 'bearer', token: 'canary-literal' } }],
    [{ uri: 'http://x', auth: { kind: 'oauth2', 'client-id': 'a', 'client-secret': 'canary-literal' } }],
    [{ uri: 'http://x', auth: { kind: 'none', token: 'env:A' } }],
    [{}],
    [null],
  ])('is refused where it does not fit, without repeating it: %j', async (config) => {
    const error = await failureOf(icebergRest.open(config, bench.tools.tools))
    expect(error.type).toBe('BadRequestException')
    expect(error.message).not.toContain('canary')
  })
})
