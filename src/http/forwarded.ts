/** What proxies that we trust say of a request: from where it came, and under which address it reached them. */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { CatalogError } from '#model/errors.ts'

export interface Forwarding {
  /** Of the client: the nearest sender that is no proxy of ours. Never what somebody else claims. */
  addressOf(request: IncomingMessage): string | undefined
  /** Under which the client reaches us, e.g. `https://lake.example/catalogs`: without a slash at its end. */
  baseOf(request: IncomingMessage): string
}

export interface ForwardingRules {
  /** CIDR ranges or single addresses. */
  readonly trustedProxies: readonly string[]
  /** Which headers the proxies set; null: whichever are there, and none where both are and disagree. */
  readonly headers: 'x-forwarded' | 'forwarded' | null
  /** Our address as it is known outside; stands for whatever a request says. */
  readonly publicUrl: string | null
}

/** What the trusted proxies together say. */
interface Said {
  readonly address: string | undefined
  readonly scheme: string | undefined
  readonly host: string | undefined
  readonly prefix: string | undefined
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const invalid = (range: string): CatalogError =>
  new CatalogError('BadRequestException', `server.trusted-proxies: not an address or CIDR range: ${range}`)

const addRange = (list: BlockList, range: string): void => {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
  if (isIP(address) === 0) throw invalid(range)
  const family = familyOf(address)
  const longest = family === 'ipv4' ? 32 : 128
  const length = bits === undefined ? longest : Number(bits)
  if (length > longest) throw invalid(range)
  list.addSubnet(address, length, family)
}

/** BadRequest where a range is none. */
const trustOf = (ranges: readonly string[]): ((address: string | undefined) => boolean) => {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return (address) => address !== undefined && isIP(address) !== 0 && list.check(address, familyOf(address))
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value

/** A client may have written any number of senders; ours stand at the right, and are few. */
const mostSenders = 16
const longestElement = 512

const itemsOf = (header: string | undefined): readonly string[] =>
  header === undefined
    ? []
    : header
        .split(',')
        .slice(-mostSenders)
        .map((item) => item.trim())

/** `1.2.3.4`, `1.2.3.4:80`, `[::1]:80` or `::1`; undefined for hidden and unknown senders (RFC 7239, 6). */
const addressIn = (node: string | undefined): string | undefined => {
  if (node === undefined) return undefined
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/.exec(node) ?? []
  const address = bracketed ?? plain ?? node
  return isIP(address) === 0 ? undefined : address
}

interface Walk {
  readonly address: string | undefined
  /** How many of the senders from the right are proxies of ours, not counting the peer. */
  readonly proxies: number
}

/** From the right, as each proxy appends whom it was asked by: the first who is not ours is the client. */
const walk = (
  senders: readonly (string | undefined)[],
  peer: string | undefined,
  trusted: (address: string | undefined) => boolean,
): Walk => {
  let address = peer
  for (let proxies = 0; proxies < senders.length; proxies += 1) {
    const sender = senders[senders.length - 1 - proxies]
    if (sender === undefined) return { address, proxies }
    address = sender
    if (!trusted(sender)) return { address, proxies }
  }
  return { address, proxies: Math.max(0, senders.length - 1) }
}

/** What the outermost proxy of ours said; one that stands further in may have said it for all. */
const nthFromRight = (items: readonly string[], n: number): string | undefined =>
  items[Math.max(0, items.length - 1 - n)]

/** What an element of `Forwarded` is made of: names in any letter case, values plain or quoted (RFC 7239, 4). */
const elementForm = /^(?:[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^;"\s]*)\s*(?:;\s*|$))*$/
const parameterForm = /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))/g

const nothingSaid: ReadonlyMap<string, string> = new Map()

/**
 * Of `for=1.2.3.4;proto=https`. Elements are split at every comma, quoted or not, and a broken one says nothing: with a
 * quotation left open, a client would swallow what the next proxy writes about it.
 */
const parametersOf = (element: string): ReadonlyMap<string, string> => {
  if (element.length > longestElement || !elementForm.test(element)) return nothingSaid
  const found = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of element.matchAll(parameterForm))
    found.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain)
  return found
}

const hostForm = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/
const prefixForm = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/
const longestPrefix = 256

const schemeIn = (text: string | undefined): string | undefined => {
  const scheme = text?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

const hostIn = (text: string | undefined): string | undefined =>
  text !== undefined && hostForm.test(text) ? text : undefined

const prefixIn = (text: string | undefined): string | undefined => {
  const prefix = text?.replace(/\/+$/, '')
  return prefix !== undefined && prefix.length <= longestPrefix && prefixForm.test(prefix)
    ? prefix
    : undefined
}

type Trusted = (address: string | undefined) => boolean

const prefixOf = ({ headers }: IncomingMessage, proxies: number): string | undefined =>
  prefixIn(nthFromRight(itemsOf(single(headers['x-forwarded-prefix'])), proxies))

const fromXForwarded = (request: IncomingMessage, trusted: Trusted): Said => {
  const { headers, socket } = request
  const senders = itemsOf(single(headers['x-forwarded-for'])).map(addressIn)
  const { address, proxies } = walk(senders, socket.remoteAddress, trusted)
  const said = (name: string) => nthFromRight(itemsOf(single(headers[name])), proxies)
  return {
    address,
    scheme: schemeIn(said('x-forwarded-proto')),
    host: hostIn(said('x-forwarded-host')),
    prefix: prefixOf(request, proxies),
  }
}

/** Has no word for a path prefix: `X-Forwarded-Prefix` is read beside it. */
const fromForwarded = (request: IncomingMessage, trusted: Trusted): Said => {
  const elements = itemsOf(single(request.headers['forwarded'])).map(parametersOf)
  const senders = elements.map((element) => addressIn(element.get('for')))
  const { address, proxies } = walk(senders, request.socket.remoteAddress, trusted)
  const outermost = elements[elements.length - 1 - proxies]
  return {
    address,
    scheme: schemeIn(outermost?.get('proto')),
    host: hostIn(outermost?.get('host')),
    prefix: prefixOf(request, proxies),
  }
}

/** Where both kinds are there, one may be the client's own: only what both say is taken. */
const agreed = (a: Said, b: Said, peer: string | undefined): Said => ({
  address: a.address === b.address ? a.address : peer,
  scheme: a.scheme === b.scheme ? a.scheme : undefined,
  host: a.host === b.host ? a.host : undefined,
  prefix: a.prefix,
})

const isXForwarded = ({ headers }: IncomingMessage): boolean =>
  headers['x-forwarded-for'] !== undefined ||
  headers['x-forwarded-proto'] !== undefined ||
  headers['x-forwarded-host'] !== undefined

const reader = (rules: ForwardingRules, trusted: Trusted): ((request: IncomingMessage) => Said) => {
  if (rules.headers === 'x-forwarded') return (request) => fromXForwarded(request, trusted)
  if (rules.headers === 'forwarded') return (request) => fromForwarded(request, trusted)
  return (request) => {
    if (request.headers['forwarded'] === undefined) return fromXForwarded(request, trusted)
    const said = fromForwarded(request, trusted)
    if (!isXForwarded(request)) return said
    return agreed(said, fromXForwarded(request, trusted), request.socket.remoteAddress)
  }
}

const isEncrypted = ({ socket }: IncomingMessage): boolean =>
  'encrypted' in socket && socket.encrypted === true

/** As the client names us; where it does not, by where its connection ended. */
const directHost = ({ headers, socket }: IncomingMessage): string => {
  const { localAddress = 'localhost', localPort = 80 } = socket
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  return hostIn(headers.host) ?? `${address}:${localPort}`
}

const ownAddress = (request: IncomingMessage): string =>
  `${isEncrypted(request) ? 'https' : 'http'}://${directHost(request)}`

/** Nobody is trusted: every header of that kind is what a client made up. */
export const direct: Forwarding = {
  addressOf: ({ socket }) => socket.remoteAddress,
  baseOf: ownAddress,
}

/** BadRequest where a range of the rules is none. */
export const createForwarding = (rules: ForwardingRules): Forwarding => {
  const fixed = rules.publicUrl?.replace(/\/+$/, '')
  const withFixed = (forwarding: Forwarding): Forwarding =>
    fixed === undefined ? forwarding : { ...forwarding, baseOf: () => fixed }
  if (rules.trustedProxies.length === 0) return withFixed(direct)
  const trusted = trustOf(rules.trustedProxies)
  const read = reader(rules, trusted)
  return withFixed({
    addressOf: (request) => {
      const peer = request.socket.remoteAddress
      return trusted(peer) ? (read(request).address ?? peer) : peer
    },
    baseOf: (request) => {
      if (!trusted(request.socket.remoteAddress)) return ownAddress(request)
      const { scheme, host, prefix } = read(request)
      const ownScheme = isEncrypted(request) ? 'https' : 'http'
      return `${scheme ?? ownScheme}://${host ?? directHost(request)}${prefix ?? ''}`
    },
  })
}
