/** The document of the API in the test's own process, and the shape that it gives every answer. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createGovernanceOperations } from '#gateway/operations/governance/governance.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createOpaOperations } from '#gateway/operations/opa/opa.ts'
import { createPermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import type { IcebergDeps } from '#gateway/operations/place.ts'
import { createScimOperations } from '#gateway/operations/scim/scim.ts'
import { createTokenOperations } from '#gateway/operations/tokens/tokens.ts'
import type { Endpoint } from '#http/endpoint.ts'
import { createDocument, type OpenApiDocument } from '#http/openapi/document.ts'
import { probePages } from '#http/probes.ts'
import { splitUrl } from '#http/raw-url.ts'
import { createRouter } from '#http/router.ts'
import { createFaces } from '../../src/faces.ts'

/** Whatever is asked of it: operations are built of it that never run. */
const anything: unknown = new Proxy(() => anything, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => 'anything' : anything),
  apply: () => anything,
})

export const faces = createFaces({
  iceberg: createIcebergOperations(anything as IcebergDeps),
  management: createManagementOperations(anything as never),
  permissions: {
    permissions: createPermissionOperations(anything as never),
    governance: createGovernanceOperations(anything as never),
  },
  tokens: createTokenOperations(anything as never),
  scim: createScimOperations(anything as never),
  opa: createOpaOperations(anything as never),
})

export const apiDocument: OpenApiDocument = createDocument({ faces, version: '0.0.0' })

const router = createRouter(faces)
const documentId = 'lakegate'

const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
    uri: /^[a-z][a-z0-9+.-]*:/i,
    email: /@/,
  },
})
ajv.addSchema(apiDocument, documentId)

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')

const pointer = (parts: readonly string[]): string =>
  `${documentId}#/${parts.map((part) => encodeURIComponent(escaped(part))).join('/')}`

const baseOf = (endpoint: Endpoint): string =>
  faces.find(({ endpoints }) => endpoints.includes(endpoint))?.base ?? ''

/** Path of the document and method, where the request meets an endpoint. */
const placeOf = (method: string, target: string): readonly [path: string, method: string] | undefined => {
  const { segments } = splitUrl(target)
  const probe = probePages.find(({ path }) => path === `/${segments.join('/')}`)
  if (probe) return [probe.path, 'get']
  const endpoint = router.find(method, segments)?.endpoint
  return endpoint && [baseOf(endpoint) + endpoint.template, endpoint.method.toLowerCase()]
}

export interface Answered {
  readonly method: string
  /** The request target. */
  readonly target: string
  readonly status: number
}

const where = ({ method, target, status }: Answered): string => `${method} ${target} answered ${status}`

const member = (node: unknown, name: string): unknown =>
  typeof node === 'object' && node !== null ? (node as Readonly<Record<string, unknown>>)[name] : undefined

/** What meets no endpoint is answered with an error, in the form of its face. */
const missedPlace = (target: string): readonly [path: string, method: string] => [
  router.wordsAt(target) === undefined ? '/management/v1/info' : '/scim/v2/Users',
  'get',
]

const declaredAnswer = (
  answered: Answered,
): { readonly parts: readonly string[]; readonly answer: unknown } => {
  const found = placeOf(answered.method, answered.target)
  const [path, method] = found ?? missedPlace(answered.target)
  const place = ['paths', path, method, 'responses', String(answered.status)]
  const declared = place.reduce<unknown>(member, apiDocument)
  if (declared === undefined) throw new Error(`${where(answered)}, which the API's document does not know`)
  const reference = member(declared, '$ref')
  const parts = typeof reference === 'string' ? reference.split('/').slice(1) : place
  return { parts, answer: parts.reduce<unknown>(member, apiDocument) }
}

/** Throws where the document knows no such answer, or promises a header that is not there. */
export const checkHead = (answered: Answered, headers: Headers): void => {
  const promised = member(declaredAnswer(answered).answer, 'headers') ?? {}
  const absent = Object.keys(promised).filter((name) => !headers.has(name))
  if (absent.length > 0) throw new Error(`${where(answered)} without ${absent.join(', ')}`)
}

const isLines = (content: unknown): boolean =>
  Object.keys((content ?? {}) as object).some((name) => name.endsWith('ndjson'))

const checkPresence = (answered: Answered, content: unknown, text: string): void => {
  if (text === '' && answered.method !== 'HEAD' && content !== undefined && !isLines(content))
    throw new Error(`${where(answered)} without its body`)
  if (text !== '' && content === undefined)
    throw new Error(`${where(answered)} with a body that is not in the API's document`)
}

/** Throws where the body is not what the document promises. */
export const checkBody = (answered: Answered, text: string): void => {
  const { parts, answer } = declaredAnswer(answered)
  const content = member(answer, 'content')
  checkPresence(answered, content, text)
  if (answered.method === 'HEAD' || text === '') return
  const type = Object.keys(content as object).find((name) => name.endsWith('json'))
  if (type === undefined) return
  const validate = ajv.getSchema(pointer([...parts, 'content', type, 'schema']))
  if (!validate) throw new Error(`${where(answered)}: no schema`)
  for (const item of isLines(content) ? text.trimEnd().split('\n') : [text])
    if (!validate(JSON.parse(item)))
      throw new Error(`${where(answered)} against the API's document: ${ajv.errorsText(validate.errors)}`)
}
