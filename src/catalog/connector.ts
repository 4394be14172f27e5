/** What a connector is: a kind, a config schema, and how a connection of it is opened. */
import type { TSchema } from 'typebox'
import type { Catalog } from './catalog.ts'
import type { CommitIntents } from './intents.ts'

/** All that a connector may use of the world. */
export interface ConnectorTools {
  /** Name of the connection, for messages and metrics. */
  readonly connection: string
  /** This gateway in the hop header (`hops.ts`). */
  readonly hop: string
  /** Behind the egress guard: scheme, resolved address and redirects are checked for every request. */
  readonly fetch: GuardedFetch
  /** Resolves `env:NAME`, `file:/path` or `secret:<uuid>`; a literal never comes here. Re-read on each call. */
  readonly secret: (reference: string) => Promise<string>
  readonly now: () => number
  readonly log: (event: string, detail: Readonly<Record<string, unknown>>) => void
  /** Where a relayed commit records its intent before it leaves (design: commit upstream). */
  readonly intents: CommitIntents
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly signal?: AbortSignal
  /** Bytes of answer body accepted before the answer is refused. */
  readonly maxBytes: number
  readonly timeoutMs: number
  /** The address is the upstream's idea, not the configuration's: private ones may not be reached, allowed or not. */
  readonly foreign?: boolean
}

export interface UpstreamResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** Never follows a redirect. Throws `UpstreamUnreachable` when no answer came. */
export type GuardedFetch = (request: UpstreamRequest) => Promise<UpstreamResponse>

/**
 * No whole answer came. `sent` tells whether the request may have reached the upstream: only `false`
 * allows "it did not happen" to be said of a change.
 */
export class UpstreamUnreachable extends Error {
  readonly sent: boolean

  constructor(message: string, options: { sent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.name = 'UpstreamUnreachable'
    this.sent = options.sent
  }
}

/** Life: decode strictly against `schema` → open → use → dispose. Opened once a connection and kept. */
export interface Connector {
  readonly kind: string
  readonly schema: TSchema
  open(config: unknown, tools: ConnectorTools): Promise<Catalog>
}
