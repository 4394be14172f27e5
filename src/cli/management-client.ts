/** Speaks to `/management/v1` of a running gateway. */

export interface ManagementClient {
  get(path: string): Promise<Wire>
  post(path: string, body: Wire): Promise<Wire>
  remove(path: string): Promise<void>
}

/** A JSON object of the management API, narrowed by whoever reads it. */
export type Wire = { readonly [name: string]: unknown }

export interface ManagementAddress {
  /** e.g. `http://127.0.0.1:8181`. */
  readonly origin: string
  readonly token?: string
  /** Another way there than the network's. */
  readonly fetch?: typeof fetch
}

/** The server's own words, with what was asked of it. */
export class ManagementError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'ManagementError'
    this.status = status
  }
}

const timeoutMs = 60_000

const messageOf = (text: string): string => {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } }
    if (typeof error?.message === 'string') return error.message
  } catch {
    // An answer that is not JSON did not come from a gateway: its start is shown as it is.
  }
  return text.slice(0, 200)
}

export const createManagementClient = ({
  origin,
  token,
  fetch: way = fetch,
}: ManagementAddress): ManagementClient => {
  const ask = async (method: string, path: string, body?: Wire): Promise<Wire> => {
    const url = new URL(`/management/v1${path}`, origin)
    const answer = await way(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    }).catch(() => {
      throw new ManagementError(`No answer from ${url.origin}: is the gateway running there?`, 0)
    })
    const text = await answer.text()
    if (!answer.ok) throw new ManagementError(`${method} ${url.pathname}: ${messageOf(text)}`, answer.status)
    return text === '' ? {} : (JSON.parse(text) as Wire)
  }
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    remove: async (path) => {
      await ask('DELETE', path)
    },
  }
}
