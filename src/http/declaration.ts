/**
 * What an endpoint declares: the schemas of what it takes and of what it answers. The request is read by them and the
 * OpenAPI document is made of them, so that the two cannot differ.
 */
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { parseJsonObject } from '#model/json.ts'
import { decodeStrictly } from '#model/schema.ts'
import type { HttpRequest } from './endpoint.ts'
import type { Query } from './raw-url.ts'

export interface Declaration<Q extends TProperties = TProperties, B extends TSchema = TSchema> {
  /** One sentence for the reader of the document, without a full stop. */
  readonly summary: string
  /** By name. What is not declared is passed over: clients send parameters of their own. */
  readonly query?: Q
  /** Absent: none is read. */
  readonly body?: B
  /** How the body is written; `json` by default. `form`: `application/x-www-form-urlencoded`. */
  readonly bodyForm?: 'json' | 'form'
  /** Of a body that is long by its nature: how many members its JSON may have in all. */
  readonly mostMembers?: number
  /** Of a body that is long by its nature. Default: 1 MB. */
  readonly mostBytes?: number
  /** Every success by status; null: without a body. The operation's own success is among them. */
  readonly answers: Readonly<Record<number, TSchema | null>>
  /** Of bodies and answers; `application/json` by default. */
  readonly mediaType?: `application/${string}json`
  /** The form of errors, where it is not the face's. */
  readonly errors?: TSchema
  /** The answer carries the object's version as `ETag`, and a change of it takes `If-Match`. */
  readonly versioned?: true
  /** Nobody needs to say who they are. */
  readonly open?: true
  /** An engine may sign in by its client certificate. */
  readonly certified?: true
}

/** What a request says under a declaration. */
export interface Said<Q extends TProperties, B extends TSchema> {
  readonly query: Static<TObject<Q>>
  readonly body: Static<B>
}

const limits = { maxBytes: 1024 * 1024, maxDepth: 32, maxMembers: 10_000 }

const limitsOf = ({ mostMembers = limits.maxMembers, mostBytes = limits.maxBytes }: Declaration) => ({
  ...limits,
  maxMembers: mostMembers,
  maxBytes: mostBytes,
})

const isArray = (schema: TSchema): boolean => 'type' in schema && schema.type === 'array'

const readQuery = <Q extends TProperties>(properties: Q, query: Query): Static<TObject<Q>> => {
  const sent: Record<string, string | readonly string[]> = {}
  for (const [name, schema] of Object.entries(properties)) {
    const value = isArray(schema) ? query.all(name) : query.get(name)
    if (value !== undefined && value.length > 0) sent[name] = value
  }
  const schema = Type.Object(properties)
  return decodeStrictly(schema, Value.Convert(schema, sent), 'query') as Static<TObject<Q>>
}

export const isForm = (contentType: string | undefined): boolean =>
  /^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')

/** Of a form every value is text, and none is there twice. */
const readForm = (body: Uint8Array): object => {
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(Buffer.from(body).toString())) form[name] ??= value
  return form
}

const readBody = (declares: Declaration, { body }: HttpRequest): unknown => {
  if (declares.body === undefined) return undefined
  const value = declares.bodyForm === 'form' ? readForm(body) : parseJsonObject(body, limitsOf(declares))
  return decodeStrictly(declares.body, value, 'request')
}

/** BadRequest naming everything that breaks a schema. An empty parameter is as good as none. */
export const readSaid = <Q extends TProperties, B extends TSchema>(
  declares: Declaration<Q, B>,
  request: HttpRequest,
): Said<Q, B> => ({
  query: readQuery(declares.query ?? ({} as Q), request.query),
  body: readBody(declares, request) as Static<B>,
})
