/** Which addresses a request that leaves may reach: public ones, and private ones only where configured. */
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { CatalogError } from '#model/errors.ts'

export interface EgressPolicyInput {
  /** CIDR ranges or single addresses that are allowed although they are not public. */
  readonly allow: readonly string[]
  /** True lets 127.0.0.0/8 and ::1 be reached (development mode). */
  readonly loopback: boolean
}

export interface EgressPolicy {
  /** True where the address (no name) may be connected to. Anything that is no address is refused. */
  allows(address: string): boolean
  /** For an address that an upstream named: the public ones, and loopback in development mode. */
  allowsForeign(address: string): boolean
}

/** Not reachable over the public internet (IANA special-purpose registries), or of this machine. */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** Where clouds answer any process with the machine's credentials: only an entry of exactly this address opens one. */
const metadata = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
])

const invalid = (range: string): CatalogError =>
  new CatalogError('BadRequestException', `Invalid egress range: ${range}`)

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined =>
  isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined

const addRange = (list: BlockList, range: string): void => {
  const [address = '', bits, ...more] = range.split('/')
  const family = familyOf(address)
  const widest = family === 'ipv4' ? 32 : 128
  const size = bits === undefined ? widest : Number(bits)
  if (!family || more.length > 0 || !/^\d{0,3}$/.test(bits ?? '') || bits === '' || size > widest)
    throw invalid(range)
  list.addSubnet(address, size, family)
}

const listOf = (ranges: readonly string[]): BlockList => {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return list
}

/** The eight groups of an IPv6 address, as the URL parser of WHATWG spells it (lower case, compressed). */
const groupsOf = (address: string): readonly number[] => {
  const [head = '', tail] = address.split('::')
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16))
  const before = read(head)
  const after = tail === undefined ? [] : read(tail)
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** ::ffff:0:0/96 and 64:ff9b::/96 are other spellings of an IPv4 address, and are judged as that. */
const embedded = (groups: readonly number[]): string | undefined => {
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:65535' && prefix !== '100:65435:0:0:0:0') return undefined
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** One spelling an address: no zone, compressed, IPv4 where it is one in disguise. Undefined for anything else. */
export const plainAddress = (address: string): string | undefined => {
  const [bare = ''] = address.split('%')
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return undefined
  const spelled = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  return embedded(groupsOf(spelled)) ?? spelled
}

const createTest = (input: EgressPolicyInput): EgressPolicy['allows'] => {
  const denied = listOf(special)
  const allowed = listOf([...input.allow, ...(input.loopback ? ['127.0.0.0/8', '::1'] : [])])
  const exact = new Set(input.allow.map((range) => plainAddress(range.replace(/\/(32|128)$/, ''))))
  return (address) => {
    const plain = plainAddress(address)
    const family = plain === undefined ? undefined : familyOf(plain)
    if (plain === undefined || family === undefined) return false
    if (metadata.has(plain)) return exact.has(plain)
    return allowed.check(plain, family) || !denied.check(plain, family)
  }
}

/** BadRequest when a range of the allow-list cannot be read. */
export const createEgressPolicy = (input: EgressPolicyInput): EgressPolicy => ({
  allows: createTest(input),
  allowsForeign: createTest({ ...input, allow: [] }),
})
