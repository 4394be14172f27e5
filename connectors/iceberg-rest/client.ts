/** Speaks to one upstream: its session and token are reused, so that a warm request of ours is one request of theirs. */
import { LRUCache } from 'lru-cache'
import type { CallContext } from '#catalog/catalog.ts'
import {
  type ConnectorTools,
  type UpstreamRequest,
  type UpstreamResponse,
  UpstreamUnreachable,
} from '#catalog/connector.ts'
import { formatHops, hopHeader } from '#catalog/hops.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { createAuth, type UpstreamAuth } from './auth.ts'
import type { RestConfig } from './config.ts'
import { createKnownSecrets, type KnownSecrets } from './known-secrets.ts'
import { readSession, type Session } from './session.ts'
import {
  brokenError,
  busyError,
  credentialError,
  judge,
  readAnswer,
  refusalOf,
  unreachableError,
  unreadableError,
} from './translate.ts'

export interface Ask {
  readonly method: UpstreamRequest['method']
  /** Below the session's root, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** True where something may change: the caller's abort no longer stops it, its idempotency key goes along. */
  readonly change: boolean
  /** Bytes of answer accepted. Default: enough for any metadata document. */
  readonly maxBytes?: number
}

interface LongPage {
  readonly answer: JsonObject
  readonly bytes: number
}

export interface Upstream {
  readonly connection: string
  readonly tools: ConnectorTools
  /** As last known; asked for where nothing is known yet. ServiceUnavailable or BadGateway when it cannot be had. */
  session(): Promise<Session>
  /** Sends once (twice after a 401 for which a new token was found). UpstreamUnreachable when no answer came. */
  send(context: CallContext, ask: Ask): Promise<UpstreamResponse>
  /** Pages that were longer than asked for, while they are handed out in parts. */
  readonly longPages: LRUCache<string, LongPage>
  /** Spellings of namespaces that the upstream has shown to read as they are meant. */
  readonly readAsMeant: LRUCache<string, true>
  /** A message of the upstream's without what it knows of our secrets. */
  readonly blank: KnownSecrets['blank']
}

/** Bytes of one answer: beyond any sane metadata document. */
const maxAnswerBytes = 128 * 1024 * 1024
const sessionAgeMs = 10 * 60_000
const longPageBytes = 32 * 1024 * 1024
const longPageMs = 60_000

const query = (warehouse: string | undefined): string =>
  warehouse === undefined || warehouse === '' ? '' : `?${new URLSearchParams({ warehouse })}`

interface Wire {
  readonly tools: ConnectorTools
  readonly auth: UpstreamAuth
  readonly secrets: KnownSecrets
}

const withAuth = async (wire: Wire, request: UpstreamRequest): Promise<UpstreamResponse> => {
  const first = await wire.auth.header()
  const send = async (header: string | undefined): Promise<UpstreamResponse> => {
    if (header === undefined) return wire.secrets.clean(await wire.tools.fetch(request))
    wire.secrets.note(header.replace(/^Bearer /, ''))
    const headers = { ...request.headers, authorization: header }
    return wire.secrets.clean(await wire.tools.fetch({ ...request, headers }))
  }
  const response = await send(first)
  if ((response.status !== 401 && response.status !== 419) || first === undefined) return response
  wire.auth.refused(first)
  const second = await wire.auth.header()
  return second === first ? response : send(second)
}

/** The upstream's refusals of its own configuration are ours to mend, not the caller's; a loop is told as it is. */
const sessionError = (wire: Wire, response: UpstreamResponse): CatalogError => {
  const { connection } = wire.tools
  const { blank } = wire.secrets
  const verdict = judge(response)
  if (verdict === 'credential') return credentialError(connection, response.status)
  if (verdict === 'busy') return busyError(connection, response)
  if (verdict !== 'refused') return brokenError(connection, response)
  if (response.status === 400)
    return refusalOf(
      response,
      { missing: 'NotFoundException', conflict: 'ConflictException', message: '' },
      blank,
    )
  return new CatalogError(
    'ServiceUnavailableException',
    `Connection ${connection}: the upstream refused to give its configuration (${response.status}), is the warehouse right?`,
    { retryAfterSeconds: 30 },
  )
}

const fetchSession = async (wire: Wire, config: RestConfig, timeoutMs: number): Promise<Session> => {
  const { tools } = wire
  const uri = config.uri.replace(/\/+$/, '')
  const response = await withAuth(wire, {
    method: 'GET',
    url: `${uri}/v1/config${query(config.warehouse)}`,
    headers: { accept: 'application/json', [hopHeader]: formatHops([], tools.hop) },
    maxBytes: 1_000_000,
    timeoutMs,
  }).catch((error: unknown) => {
    throw error instanceof UpstreamUnreachable ? unreachableError(tools.connection, error) : error
  })
  if (judge(response) !== 'done') throw sessionError(wire, response)
  const session = readSession(uri, readAnswer(tools.connection, response))
  if (!session)
    throw unreadableError(tools.connection, 'its configuration names an impossible address or prefix')
  return session
}

/** One fetch at a time; a known session is served while a newer one is fetched behind it. */
const createSessionCell = (
  fetch: () => Promise<Session>,
  tools: ConnectorTools,
): (() => Promise<Session>) => {
  let current: { readonly session: Session; readonly until: number } | undefined
  let pending: Promise<Session> | undefined
  const renew = (): Promise<Session> => {
    pending ??= fetch()
      .then((session) => {
        current = { session, until: tools.now() + sessionAgeMs }
        return session
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }
  return async () => {
    if (current === undefined) return renew()
    if (tools.now() > current.until)
      renew().catch(() => tools.log('upstream configuration not renewed', { connection: tools.connection }))
    return current.session
  }
}

const headersOf = (tools: ConnectorTools, context: CallContext, ask: Ask): Record<string, string> => {
  const key = ask.change ? context.receipt.idempotency?.key : undefined
  return {
    accept: 'application/json',
    'x-request-id': context.requestId,
    [hopHeader]: formatHops(context.hops ?? [], tools.hop),
    ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...ask.headers,
  }
}

/** With it, each secret that is resolved is kept out of messages from then on. */
const openWire = (config: RestConfig, tools: ConnectorTools): Wire => {
  const secrets = createKnownSecrets()
  const secret = async (reference: string): Promise<string> => {
    const value = await tools.secret(reference)
    secrets.note(value.trim())
    return value
  }
  return { tools, secrets, auth: createAuth(config, { ...tools, secret }) }
}

/** Opens nothing: the first request does. */
export const createUpstream = (config: RestConfig, tools: ConnectorTools): Upstream => {
  const readTimeout = config['read-timeout-ms'] ?? 15_000
  const changeTimeout = config['change-timeout-ms'] ?? 45_000
  const wire = openWire(config, tools)
  const session = createSessionCell(() => fetchSession(wire, config, readTimeout), tools)
  return {
    connection: tools.connection,
    tools,
    session,
    longPages: new LRUCache({
      maxSize: longPageBytes,
      sizeCalculation: ({ bytes }) => bytes + 1024,
      ttl: longPageMs,
    }),
    readAsMeant: new LRUCache({ max: 10_000, ttl: sessionAgeMs }),
    blank: wire.secrets.blank,
    send: async (context, ask) => {
      const { root, foreign } = await session()
      return withAuth(wire, {
        method: ask.method,
        url: `${root}${ask.path}`,
        headers: headersOf(tools, context, ask),
        ...(ask.body === undefined ? {} : { body: ask.body }),
        ...(ask.change ? {} : { signal: context.signal }),
        maxBytes: ask.maxBytes ?? maxAnswerBytes,
        timeoutMs: ask.change ? changeTimeout : readTimeout,
        ...(foreign ? { foreign } : {}),
      })
    },
  }
}
