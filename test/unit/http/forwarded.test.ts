import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createForwarding, type ForwardingRules } from '#http/forwarded.ts'

const proxy = '10.0.0.1'
const client = '203.0.113.7'

const rules: ForwardingRules = { trustedProxies: ['10.0.0.0/8', 'fd00::/8'], headers: null, publicUrl: null }

interface Given {
  readonly peer?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly encrypted?: boolean
}

const requestOf = ({ peer = proxy, headers = {}, encrypted = false }: Given): IncomingMessage =>
  ({
    headers: { host: 'inside:8181', ...headers },
    socket: {
      remoteAddress: peer,
      localAddress: '127.0.0.1',
      localPort: 8181,
      ...(encrypted ? { encrypted } : {}),
    },
  }) as unknown as IncomingMessage

const address = (given: Given, more: Partial<ForwardingRules> = {}): string | undefined =>
  createForwarding({ ...rules, ...more }).addressOf(requestOf(given))
const base = (given: Given, more: Partial<ForwardingRules> = {}): string =>
  createForwarding({ ...rules, ...more }).baseOf(requestOf(given))

const everything = {
  'x-forwarded-for': client,
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'lake.example',
  'x-forwarded-prefix': '/catalogs',
  forwarded: `for=${client};proto=https;host=lake.example`,
}

describe('who is no trusted proxy', () => {
  test('is taken for nobody else, whatever it sends', () => {
    const given = {
      peer: client,
      headers: { ...everything, 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1' },
    }
    expect(address(given)).toBe(client)
    expect(base(given)).toBe('http://inside:8181')
  })

  test('is everybody where no proxies are listed', () => {
    const given = { headers: everything }
    expect([address(given, { trustedProxies: [] }), base(given, { trustedProxies: [] })]).toEqual([
      proxy,
      'http://inside:8181',
    ])
  })

  test('is believed in nothing, by property', () => {
    const header = fc.constantFrom(...Object.keys(everything))
    fc.assert(
      fc.property(fc.dictionary(header, fc.string()), fc.ipV4(), (headers, peer) => {
        fc.pre(!peer.startsWith('10.'))
        expect([address({ peer, headers }), base({ peer, headers })]).toEqual([peer, 'http://inside:8181'])
      }),
    )
  })
})

describe('the address of the client behind trusted proxies', () => {
  const rows: readonly (readonly [
    what: string,
    headers: Readonly<Record<string, string>>,
    address: string,
  ])[] = [
    ['is what the proxy appended', { 'x-forwarded-for': client }, client],
    ['is not what the client claimed before', { 'x-forwarded-for': `1.1.1.1, ${client}` }, client],
    ['is found past further proxies of ours', { 'x-forwarded-for': `1.1.1.1, ${client}, 10.2.3.4` }, client],
    ['is the farthest where all are ours', { 'x-forwarded-for': '10.9.9.9, 10.2.3.4' }, '10.9.9.9'],
    ['may carry a port', { 'x-forwarded-for': `${client}:4711` }, client],
    ['may be of the sixth version', { 'x-forwarded-for': '[2001:db8::1]:4711' }, '2001:db8::1'],
    ['is the proxy where it is hidden', { 'x-forwarded-for': 'unknown' }, proxy],
    [
      'is the last one known before one is hidden',
      { 'x-forwarded-for': '1.1.1.1, _x, 10.5.5.5' },
      '10.5.5.5',
    ],
    ['stands in Forwarded', { forwarded: `for=${client};proto=https` }, client],
    [
      'is the last one in Forwarded that is not ours',
      { forwarded: `for=1.1.1.1, For="${client}:80", for=10.2.3.4` },
      client,
    ],
    ['is quoted in Forwarded', { forwarded: 'for="[2001:db8::1]:80"' }, '2001:db8::1'],
    ['is hidden in Forwarded', { forwarded: 'for=_secret' }, proxy],
    ['is there where both say the same', { forwarded: `for=${client}`, 'x-forwarded-for': client }, client],
    ['is not taken where they disagree', { forwarded: 'for=1.1.1.1', 'x-forwarded-for': client }, proxy],
    ['is the proxy where nothing is said', {}, proxy],
  ]
  test.each(rows)('%s', (_what, headers, expected) => {
    expect(address({ headers })).toBe(expected)
  })

  test('is told by the headers that the proxies set, and by no other', () => {
    const headers = { forwarded: 'for=1.1.1.1', 'x-forwarded-for': client }
    expect(address({ headers }, { headers: 'x-forwarded' })).toBe(client)
    expect(address({ headers }, { headers: 'forwarded' })).toBe('1.1.1.1')
  })

  test('is believed from a proxy that speaks the sixth version, and from a mapped address', () => {
    const headers = { 'x-forwarded-for': client }
    expect(address({ peer: 'fd00::1', headers })).toBe(client)
    expect(address({ peer: '::ffff:10.0.0.1', headers })).toBe(client)
    expect(address({ peer: '::ffff:203.0.113.9', headers: { 'x-forwarded-for': '1.1.1.1' } })).toBe(
      '::ffff:203.0.113.9',
    )
  })
})

const piece = fc.constantFrom('for=', 'host=', 'proto=', '"', ',', ';', '\\', '1.2.3.4', 'a', '[::1]')
const heads = fc.record(
  {
    'x-forwarded-for': fc.string(),
    'x-forwarded-proto': fc.string(),
    'x-forwarded-host': fc.string(),
    'x-forwarded-prefix': fc.string(),
    forwarded: fc.array(piece).map((parts) => parts.join('')),
    host: fc.string(),
  },
  { requiredKeys: [] },
)

test('whatever proxies pass on, the address is one and links lead to a host', () => {
  fc.assert(
    fc.property(heads, (found) => {
      const headers = found as Readonly<Record<string, string>>
      expect(isIP(address({ headers }) ?? '')).not.toBe(0)
      expect(base({ headers })).toMatch(/^https?:\/\/[^/?#@\s]+(\/[\w.~-]+)*$/)
    }),
  )
})

test.each(['for=6.6.6.6;x="', 'for=6.6.6.6, x="', '"', 'for="6.6.6.6', 'for=6.6.6.6;x="\\'])(
  'a quotation that a client leaves open swallows nothing: %s',
  (forged) => {
    expect(address({ headers: { forwarded: `${forged}, for="[2001:db8::1]:80"` } })).toBe('2001:db8::1')
    expect(address({ headers: { forwarded: `${forged}, for=${client}` } })).toBe(client)
  },
)

test('the right end of a long header is what is read', () => {
  const padding = 'a="'.repeat(9_000)
  expect(address({ headers: { forwarded: `${padding},for=${client}` } })).toBe(client)
  expect(address({ headers: { forwarded: `${'for=9.9.9.9,'.repeat(2_000)}for=${client}` } })).toBe(client)
  expect(address({ headers: { forwarded: 'a'.repeat(30_000) } })).toBe(proxy)
  expect(address({ headers: { 'x-forwarded-for': `${'9.9.9.9,'.repeat(3_000)}${client}` } })).toBe(client)
})

describe('links to ourselves', () => {
  test('follow what the proxy says', () => {
    const { forwarded: _, ...headers } = everything
    expect(base({ headers })).toBe('https://lake.example/catalogs')
  })

  test('follow Forwarded, with the prefix beside it', () => {
    const headers = { forwarded: everything.forwarded, 'x-forwarded-prefix': '/a/b/' }
    expect(base({ headers })).toBe('https://lake.example/a/b')
  })

  test('follow the outermost proxy of ours, not what the client sent it', () => {
    const headers = {
      'x-forwarded-for': `1.1.1.1, ${client}, 10.2.3.4`,
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'evil.example, lake.example, inside.example',
    }
    expect(base({ headers })).toBe('https://lake.example')
  })

  test.each([
    ['a scheme', { 'x-forwarded-proto': 'javascript' }],
    ['a host', { 'x-forwarded-host': 'a b' }],
    ['a host with a path', { 'x-forwarded-host': 'evil.example/x' }],
    ['a host with a user', { 'x-forwarded-host': 'a@evil.example' }],
    ['a prefix that climbs', { 'x-forwarded-prefix': '/../x' }],
    ['a prefix that is another host', { 'x-forwarded-prefix': '//evil.example' }],
    ['a prefix that breaks out', { 'x-forwarded-prefix': '/"><script>' }],
    ['a prefix without end', { 'x-forwarded-prefix': `/${'x'.repeat(300)}` }],
  ])('ignore %s that is none', (_what, headers) => {
    expect(base({ headers: headers as Record<string, string> })).toBe('http://inside:8181')
  })

  test('say https where the listener is encrypted', () => {
    expect(base({ peer: client, encrypted: true })).toBe('https://inside:8181')
  })

  test('name where the connection ended where the client names nothing sane', () => {
    expect(base({ peer: client, headers: { host: 'a b' } })).toBe('http://127.0.0.1:8181')
  })

  test('begin with the public address where one is configured', () => {
    const publicUrl = 'https://lake.example/x/'
    expect(base({ peer: client }, { publicUrl })).toBe('https://lake.example/x')
    expect(base({ headers: everything }, { publicUrl, trustedProxies: [] })).toBe('https://lake.example/x')
  })
})

test.each(['10.0.0.0/33', 'example.com', '10.0.0.0/', '1.2.3', 'fd00::/129'])('%s is no range', (range) => {
  expect(() => createForwarding({ ...rules, trustedProxies: [range] })).toThrow(/trusted-proxies/)
})
