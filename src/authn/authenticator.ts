/** Who is asking: the credentials of a request become a Principal, or the request is refused. */
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'

/** What a request says of its sender, as it was sent. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined
  /** The `Origin` header: present where a web page sent the request. */
  readonly origin: string | undefined
  /** The `Host` header: the name under which the client believes to have reached us. */
  readonly host: string | undefined
  /** Where the request came from: failures are counted by it. */
  readonly address?: string | undefined
}

export interface Authenticator {
  /**
   * NotAuthorized (401) where the credentials are missing or wrong; never says which of the two is wrong. SlowDown (429),
   * thrown at once, where too many wrong ones have come from there.
   */
  authenticate(credentials: Credentials): Principal | Promise<Principal>
}

const anonymous: Principal = { kind: 'anonymous', id: 'anonymous' }
export const staticToken: Principal = { kind: 'token', id: 'token:static' }

/** PyIceberg without credentials sends `Bearer None`. It is the absence of a token, spelled out. */
export const absentToken = 'None'

const loopbackName = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** How nearly every client of this machine names us: told without taking the name apart. */
const plainHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/** False for a page of another site: without authentication, a browser on this machine must not act for it. */
const isOwn = (url: string): boolean => loopbackName.test(URL.parse(url)?.hostname ?? '')

const isOwnHost = (host: string): boolean => plainHost.test(host) || isOwn(`http://${host}`)

/**
 * Development mode: everybody is anonymous. Forbidden (403) to web pages that this machine did not serve, also to
 * those whose own name was made to point here after they were loaded (DNS rebinding): such requests name it.
 */
export const createAnonymousAuthenticator = (): Authenticator => ({
  authenticate: ({ origin, host }) => {
    if ((origin !== undefined && !isOwn(origin)) || (host !== undefined && !isOwnHost(host)))
      throw new CatalogError('ForbiddenException', 'Requests of web pages are refused in development mode')
    return anonymous
  },
})
