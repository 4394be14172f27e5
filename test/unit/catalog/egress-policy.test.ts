import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEgressPolicy, plainAddress } from '../../../src/catalog/egress-policy.ts'

const strict = createEgressPolicy({ allow: [], loopback: false })

describe('egress policy', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('lets the public address %s be reached', (address) => {
    expect(strict.allows(address)).toBe(true)
  })

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.1.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:10.0.0.1',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::1',
    '2001:0:53aa:64c::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
    '2130706433',
    '0x7f.1',
  ])('refuses %s', (address) => {
    expect(strict.allows(address)).toBe(false)
  })

  it('opens loopback only where it is configured, in each spelling', () => {
    const policy = createEgressPolicy({ allow: [], loopback: true })
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect(policy.allows(address)).toBe(true)
    for (const address of ['0.0.0.0', '::', '10.0.0.1']) expect(policy.allows(address)).toBe(false)
  })

  it('opens what is allow-listed and nothing beside it', () => {
    const policy = createEgressPolicy({ allow: ['10.1.0.0/16', 'fd12::/32', '192.168.7.7'], loopback: false })
    for (const address of ['10.1.255.255', '::ffff:10.1.2.3', 'fd12::5', '192.168.7.7'])
      expect(policy.allows(address)).toBe(true)
    for (const address of ['10.2.0.0', 'fd13::5', '192.168.7.8', '127.0.0.1'])
      expect(policy.allows(address)).toBe(false)
  })

  it('opens a metadata address only where exactly that address is listed', () => {
    const wide = createEgressPolicy({ allow: ['0.0.0.0/0', '::/0'], loopback: true })
    expect(wide.allows('10.0.0.1')).toBe(true)
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', 'fd00:0ec2:0::254'])
      expect(wide.allows(address)).toBe(false)
    expect(
      createEgressPolicy({ allow: ['169.254.169.254/32'], loopback: false }).allows('169.254.169.254'),
    ).toBe(true)
  })

  it.each(['10.0.0.0/33', '10.0.0.0/', 'nonsense', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1', '10.0.0/8'])(
    'refuses the range %s when it is built',
    (range) => {
      expect(() => createEgressPolicy({ allow: [range], loopback: false })).toThrow(/Invalid egress range/)
    },
  )

  it('judges every spelling of an IPv6 address alike', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((g) => g.toString(16).padStart(4, '0').toUpperCase()).join(':')
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1)
        expect(plainAddress(long)).toBe(plainAddress(short))
        expect(strict.allows(long)).toBe(strict.allows(short))
      }),
    )
  })

  it('judges an IPv4 address and its mapped form alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(strict.allows(`::ffff:${address}`)).toBe(strict.allows(address))
      }),
    )
  })
})

describe('an address that an upstream names', () => {
  it('is judged without the allow-list: public, or loopback in development mode', () => {
    const allow = ['10.0.0.0/8', '127.0.0.1', '169.254.169.254']
    const strict = createEgressPolicy({ allow, loopback: false })
    for (const address of ['10.0.0.1', '127.0.0.1', '169.254.169.254']) {
      expect(strict.allows(address)).toBe(true)
      expect(strict.allowsForeign(address)).toBe(false)
    }
    expect(strict.allowsForeign('8.8.8.8')).toBe(true)
    const development = createEgressPolicy({ allow, loopback: true })
    expect(development.allowsForeign('127.0.0.1')).toBe(true)
    expect(development.allowsForeign('10.0.0.1')).toBe(false)
  })
})
