/** The OpenAPI 3.1 document of everything that is served, made of what the endpoints declare. */
import { type TProperties, type TSchema, Type } from 'typebox'
import { type ErrorType, errorTable } from '#model/errors.ts'
import type { Declaration } from '../declaration.ts'
import type { Endpoint } from '../endpoint.ts'
import { errorForm } from '../error-form.ts'
import { type PublicPage, probePages } from '../probes.ts'
import type { Face } from '../router.ts'
import { type Components, createComponents, type SchemaNode } from './components.ts'

export interface DocumentRequest {
  readonly faces: readonly Face[]
  readonly version: string
}

export interface OpenApiDocument extends SchemaNode {
  readonly paths: Readonly<Record<string, Readonly<Record<string, SchemaNode>>>>
}

interface Writing {
  readonly components: Components
  /** The errors of the faces, by name. */
  readonly responses: Record<string, SchemaNode>
  /** Operation ids. */
  readonly taken: ReadonlySet<unknown>
}

const usualType = 'application/json'

const pathParameters = (path: string): readonly SchemaNode[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

const queryParameters = (query: TProperties, components: Components): readonly SchemaNode[] => {
  const { required = [] } = Type.Object(query) as { required?: readonly string[] }
  return Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: components.refer(schema),
  }))
}

const header = (name: string, description: string): SchemaNode => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
})

/** What is made now has no version that somebody has seen. */
const takesMatch = ({ kind, declares, template }: Endpoint): boolean =>
  kind === 'change' && declares.versioned === true && template.includes('{')

const given = (when: boolean, name: string, description: string): readonly SchemaNode[] =>
  when ? [header(name, description)] : []

/** What a client may say of itself and of the object, by the kind of endpoint. */
const headerParameters = (endpoint: Endpoint): readonly SchemaNode[] => [
  header('x-project-id', 'The project that is meant; absent: the default one'),
  header('x-assume-role', 'Id of the one role to act with'),
  ...given(endpoint.kind === 'change', 'Idempotency-Key', 'A uuid: the change happens once under it'),
  ...given(takesMatch(endpoint), 'If-Match', 'The ETag that the object must still have'),
  ...given(endpoint.declares.answers[304] !== undefined, 'If-None-Match', 'ETags that the client holds'),
]

const tagHeader = { ETag: { description: 'The version of the object', schema: { type: 'string' } } }

const hasTag = ({ versioned, answers }: Declaration, schema: TSchema | null): boolean =>
  (versioned === true && schema !== null) || answers[304] !== undefined

const hasTitle = (schema: TSchema): schema is TSchema & { readonly title: string } =>
  'title' in schema && typeof schema.title === 'string'

const titleOf = (schema: TSchema | null): string =>
  schema !== null && hasTitle(schema) ? schema.title : 'Done'

const successOf = (declares: Declaration, schema: TSchema | null, components: Components): SchemaNode => ({
  description: titleOf(schema),
  ...(hasTag(declares, schema) ? { headers: tagHeader } : {}),
  ...(schema === null
    ? {}
    : { content: { [declares.mediaType ?? usualType]: { schema: components.refer(schema) } } }),
})

const errorStatuses = [...new Set(Object.values(errorTable))].map(String)

const typesOf = (status: string): string =>
  (Object.keys(errorTable) as readonly ErrorType[])
    .filter((type) => String(errorTable[type]) === status)
    .join(', ')

/** Every endpoint of a face may give every error: each stands once. */
const errorsOf = (
  { errors = errorForm, mediaType = usualType }: Declaration,
  { components, responses }: Writing,
): SchemaNode =>
  Object.fromEntries(
    errorStatuses.map((status) => {
      const content = { [mediaType]: { schema: components.refer(errors) } }
      const answer = { description: typesOf(status), content }
      if (!hasTitle(errors)) return [status, answer]
      const name = `${errors.title}${status}`
      responses[name] = answer
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )

const answersOf = (declares: Declaration, writing: Writing): SchemaNode => ({
  ...errorsOf(declares, writing),
  ...Object.fromEntries(
    Object.entries(declares.answers).map(([status, schema]) => [
      status,
      successOf(declares, schema, writing.components),
    ]),
  ),
})

const bodyOf = (
  { body, bodyForm, mediaType = usualType }: Declaration,
  components: Components,
): SchemaNode => {
  if (body === undefined) return {}
  const schema = components.refer(body)
  const type = bodyForm === 'form' ? 'application/x-www-form-urlencoded' : mediaType
  return { requestBody: { required: true, content: { [type]: { schema } } } }
}

/** The face and, of the management face, the kind of object. */
const tagOf = (base: string, { template }: Endpoint): string => {
  const face = base.slice(1)
  return face === 'management' ? (template.split('/')[2] ?? face) : face
}

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** An operation that is served at a second path has that path in its id. */
const idOf = (path: string, { operation }: Endpoint, taken: ReadonlySet<unknown>): string => {
  if (!taken.has(operation)) return operation
  const words = path.split(/\W+|_/).filter((word) => word !== '')
  return `${operation}At${words.map(capitalized).join('')}`
}

const operationOf = (
  { base }: Face,
  endpoint: Endpoint,
  writing: Writing,
): SchemaNode & { readonly operationId: string } => {
  const { declares, template } = endpoint
  const { components, taken } = writing
  return {
    operationId: idOf(base + template, endpoint, taken),
    summary: declares.summary,
    tags: [tagOf(base, endpoint)],
    ...(declares.open ? { security: [] } : {}),
    ...(declares.certified ? { security: [{ bearer: [] }, { certificate: [] }] } : {}),
    parameters: [
      ...pathParameters(base + template),
      ...queryParameters(declares.query ?? {}, components),
      ...headerParameters(endpoint),
    ],
    ...bodyOf(declares, components),
    responses: answersOf(declares, writing),
  }
}

const pageOf = ({ operation, summary, answers }: PublicPage, components: Components): SchemaNode => ({
  operationId: operation,
  summary,
  tags: ['process'],
  security: [],
  responses: Object.fromEntries(
    Object.entries(answers).map(([status, { contentType, schema }]) => [
      status,
      { description: summary, content: { [contentType]: { schema: components.refer(schema) } } },
    ]),
  ),
})

const introduction =
  'Everything that a client may ask. On the Iceberg face `{prefix}` may be left out: the default warehouse is meant then.'

/** Operation ids are the names that stand in the audit log. `servers` is relative, so that it is right behind any proxy. */
export const createDocument = ({ faces, version }: DocumentRequest): OpenApiDocument => {
  const components = createComponents()
  const taken = new Set<unknown>()
  const responses: Record<string, SchemaNode> = {}
  const paths: Record<string, Record<string, SchemaNode>> = {}
  const add = (path: string, method: string, operation: SchemaNode): void => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  for (const face of faces)
    for (const endpoint of face.endpoints) {
      const operation = operationOf(face, endpoint, { components, responses, taken })
      taken.add(operation.operationId)
      add(face.base + endpoint.template, endpoint.method, operation)
    }
  for (const page of probePages) add(page.path, 'GET', pageOf(page, components))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lakegate',
      version,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '.' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: components.schemas,
      responses,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, certificate: { type: 'mutualTLS' } },
    },
  }
}
