/** Finds the endpoint of a method and a raw path. A literal segment goes before a parameter. */
import { CatalogError } from '#model/errors.ts'
import type { Endpoint } from './endpoint.ts'
import type { ErrorWords } from './error-answer.ts'
import { pathOf } from './raw-url.ts'

/** Endpoints under one path, e.g. `/catalog`. */
export interface Face {
  readonly base: string
  readonly endpoints: readonly Endpoint[]
  /** How it says errors, where not in Iceberg's words. */
  readonly errors?: ErrorWords
}

interface Match {
  readonly endpoint: Endpoint
  readonly params: Readonly<Record<string, string>>
}

export interface Router {
  /** Undefined where no endpoint is. */
  find(method: string, segments: readonly string[]): Match | undefined
  /** Why there is none: the path is unknown, or known with other methods only. */
  refusal(method: string, segments: readonly string[]): Refusal
  /** How errors are said to whoever asked for this, whether anything is there or not; undefined: as everywhere. */
  wordsAt(target: string): ErrorWords | undefined
}

export interface Refusal {
  /** NotFound (404) or MethodNotAllowed (405). */
  readonly error: CatalogError
  /** Those that a known path has; for the `Allow` header. */
  readonly methods: readonly string[]
}

interface Node {
  readonly literals: Map<string, Node>
  parameter: { readonly name: string; readonly node: Node } | undefined
  readonly endpoints: Map<string, Endpoint>
}

const createNode = (): Node => ({ literals: new Map(), parameter: undefined, endpoints: new Map() })

const childOf = (node: Node, part: string): Node => {
  if (part.startsWith('{')) {
    const name = part.slice(1, -1)
    node.parameter ??= { name, node: createNode() }
    if (node.parameter.name !== name) throw new Error(`two parameters at one place: ${name}`)
    return node.parameter.node
  }
  const child = node.literals.get(part) ?? createNode()
  node.literals.set(part, child)
  return child
}

const add = (root: Node, path: string, endpoint: Endpoint): void => {
  let node = root
  for (const part of path.split('/').filter((one) => one !== '')) node = childOf(node, part)
  if (node.endpoints.has(endpoint.method)) throw new Error(`two endpoints at ${endpoint.method} ${path}`)
  node.endpoints.set(endpoint.method, endpoint)
}

interface Place {
  readonly node: Node
  readonly params: Record<string, string>
}

const locate = (root: Node, segments: readonly string[]): Place | undefined => {
  const params: Record<string, string> = {}
  let node = root
  for (const segment of segments) {
    const literal = node.literals.get(segment)
    if (!literal && node.parameter) params[node.parameter.name] = segment
    const next = literal ?? node.parameter?.node
    if (!next) return undefined
    node = next
  }
  return { node, params }
}

/** Every GET can be a HEAD. */
const methodsOf = (place: Place | undefined): readonly string[] => {
  const methods = new Set(place?.node.endpoints.keys())
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods]
}

const refuse = (place: Place | undefined, method: string, segments: readonly string[]): Refusal => {
  const path = `/${segments.join('/').slice(0, 200)}`
  const methods = methodsOf(place)
  if (methods.length === 0)
    return { error: new CatalogError('NotFoundException', `No such endpoint: ${path}`), methods }
  const error = new CatalogError('MethodNotAllowedException', `Method not allowed: ${method} ${path}`)
  return { error, methods }
}

/** Two endpoints at one place stop the start. A HEAD without an endpoint of its own is answered like the GET. */
export const createRouter = (faces: readonly Face[]): Router => {
  const root = createNode()
  for (const { base, endpoints } of faces)
    for (const endpoint of endpoints) {
      add(root, base + endpoint.template, endpoint)
      const bare = endpoint.template.replace('/{prefix}', '')
      if (bare !== endpoint.template) add(root, base + bare, endpoint)
    }
  const worded = faces.filter(({ errors }) => errors !== undefined)
  return {
    find: (method, segments) => {
      const place = locate(root, segments)
      if (!place) return undefined
      const { endpoints } = place.node
      const endpoint = endpoints.get(method) ?? (method === 'HEAD' ? endpoints.get('GET') : undefined)
      return endpoint && { endpoint, params: place.params }
    },
    refusal: (method, segments) => refuse(locate(root, segments), method, segments),
    wordsAt: (target) => {
      const path = `${pathOf(target).split('?')[0]}/`
      return worded.find(({ base }) => path.startsWith(`${base}/`))?.errors
    },
  }
}
