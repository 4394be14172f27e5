/** Where Redis is, read from its URL. Nothing of the URL is ever in an error: it may hold a password. */
import { CatalogError } from '#model/errors.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
  /** Undefined: in the clear. */
  readonly tls: { readonly ca?: string } | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

export interface RedisAccess {
  /** `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string
  /** Stands for one in the URL. */
  readonly password?: string | undefined
  /** Certificates (PEM) that the server is trusted by. */
  readonly ca?: string | undefined
}

const invalid = (): CatalogError =>
  new CatalogError(
    'BadRequestException',
    'server.redis.url is no address of the form redis://[user[:password]@]host[:port][/database] (rediss:// for TLS)',
  )

const plain = (part: string): string | undefined => {
  try {
    return part === '' ? undefined : decodeURIComponent(part)
  } catch {
    throw invalid()
  }
}

const isAddress = ({ protocol, hostname, pathname, search, hash }: URL): boolean =>
  (protocol === 'redis:' || protocol === 'rediss:') &&
  hostname !== '' &&
  /^\/?$|^\/\d{1,5}$/.test(pathname) &&
  search === '' &&
  hash === ''

/** BadRequest where the URL is none. */
export const redisAddressOf = ({ url, password, ca }: RedisAccess): RedisAddress => {
  const parsed = URL.parse(url)
  if (!parsed || !isAddress(parsed)) throw invalid()
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    tls: parsed.protocol === 'rediss:' ? (ca === undefined ? {} : { ca }) : undefined,
    username: plain(parsed.username),
    password: password ?? plain(parsed.password),
    database: Number(parsed.pathname.slice(1) || 0),
  }
}
