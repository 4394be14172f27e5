/** What one exchange with a server tells: the secrets that went over it, and what the product said. */
import { noteEmitted, noteSecret, type SecretKind } from './record.ts'

export interface Exchange {
  readonly method: string
  /** The request target. */
  readonly target: string
  readonly requestHeaders: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly requestBody: string
  readonly status: number
  /** As they stood on the wire. */
  readonly answerHead: string
  readonly answerBody: string
}

/** Members of JSON bodies whose text is a secret; a test holds them against the write-only ones of the API's document. */
export const secretMembers: ReadonlySet<string> = new Set([
  ...['access-key-id', 'secret-access-key', 'token', 'client-secret', 'client_secret', 'password', 'secret'],
  ...['access_token', 'refresh_token', 'id_token', 'subject_token', 'actor_token', 'device_code'],
])

const formMembers = [
  ...['client_secret', 'subject_token', 'actor_token', 'refresh_token', 'token', 'code', 'code_verifier'],
  ...['password', 'assertion', 'client_assertion', 'device_code'],
]

/** An answer tells these once: the one place where they may stand. */
const toldOnce: readonly { readonly target: RegExp; readonly members: readonly string[] }[] = [
  { target: /\/oauth\/tokens(?:\?|$)/, members: ['access_token', 'refresh_token'] },
  { target: /\/management\/v1\/service-account\/[^/]+\/key(?:\?|$)/, members: ['key'] },
]

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Every text in a value with the name of its member. */
function* membersOf(value: unknown): Generator<readonly [name: string, text: string]> {
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'string') yield [name, member]
    else yield* membersOf(member)
  }
}

const noteMembers = (kind: SecretKind, body: string, names: { has(name: string): boolean }): void => {
  if (!/^\s*[[{]/.test(body)) return
  for (const [name, text] of membersOf(parsed(body))) if (names.has(name)) noteSecret(kind, text)
}

const noteForm = (body: string): void => {
  const form = new URLSearchParams(body)
  for (const name of formMembers) for (const value of form.getAll(name)) noteSecret('form member', value)
}

const afterColon = (pair: string): string => pair.slice(pair.indexOf(':') + 1)

const noteCredential = (header: unknown): void => {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(String(header ?? '')) ?? []
  if (/^bearer$/i.test(scheme)) noteSecret('bearer token', value)
  if (!/^basic$/i.test(scheme)) return
  const secret = afterColon(Buffer.from(value, 'base64').toString())
  noteSecret('basic credential', secret)
}

/** Ours give a request id; stand-ins for upstreams, some of which do so too, are catalogs at the root. */
const isOurs = ({ answerHead, target }: Exchange): boolean =>
  /\r\nx-request-id:/i.test(answerHead) && !target.startsWith('/v1/')

/** What our own server refuses as unknown or malformed opens nothing; what another server is sent is its own affair. */
const isRefused = (exchange: Exchange): boolean =>
  isOurs(exchange) && [400, 401, 413, 431, 503].includes(exchange.status)

const noteSent = (exchange: Exchange): void => {
  if (isRefused(exchange)) return
  const { requestHeaders, requestBody } = exchange
  noteCredential(requestHeaders['authorization'])
  noteSecret('bearer token', requestHeaders['x-vault-token'])
  if (/x-www-form-urlencoded/.test(String(requestHeaders['content-type']))) noteForm(requestBody)
  else noteMembers('json member', requestBody, secretMembers)
}

const withoutTold = ({ target, answerBody }: Exchange): string => {
  const told = toldOnce.find((one) => one.target.test(target))
  if (told === undefined) return answerBody
  const members = told.members.join('|')
  return answerBody.replaceAll(new RegExp(`"(${members})":"[^"]*"`, 'g'), '"$1":"told once"')
}

const noteAnswered = (exchange: Exchange): void => {
  const { target, answerBody, method } = exchange
  const told = toldOnce.find((one) => one.target.test(target))
  if (told?.members.includes('key')) noteMembers('shown once', answerBody, { has: (name) => name === 'key' })
  if (/token/.test(target)) noteMembers('token given', answerBody, secretMembers)
  if (!isOurs(exchange)) return
  const kind = /^\/metrics/.test(target) ? 'metrics' : 'answer'
  noteEmitted(kind, `${method} ${target.split('?')[0]}`, `${exchange.answerHead}${withoutTold(exchange)}`)
}

/** Spans reach a collector as requests of ours. */
const isTrace = ({ target }: Exchange): boolean => target.startsWith('/v1/traces')

export const noteExchange = (exchange: Exchange): void => {
  noteSent(exchange)
  noteAnswered(exchange)
  if (isTrace(exchange)) noteEmitted('trace', 'spans', exchange.requestBody)
}

/** What came over a bare connection: refusals of what is no HTTP come from no server response. */
export const noteReceived = (request: string, received: string): void => {
  const line = request.split('\r\n')[0] ?? ''
  if (toldOnce.every(({ target }) => !target.test(line.replace(/ HTTP\/.*$/, ''))))
    noteEmitted('answer', `a bare connection: ${line}`, received)
}
