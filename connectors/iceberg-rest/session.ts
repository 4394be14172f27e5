/** What the upstream said of itself in `GET /v1/config`: asked once, renewed in the background, never trusted further than needed. */
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'

/** The upstream as later requests see it. */
export interface Session {
  /** Where paths start, without a slash at the end: base, `/v1`, and the prefix where there is one. */
  readonly root: string
  /** The upstream moved us to a host that is not the configured one. */
  readonly foreign: boolean
  /** As it stands between levels in a path, percent-encoded. */
  readonly separator: string
  /** Operation ids of the specification. */
  readonly operations: ReadonlySet<string>
  /** The upstream remembers idempotency keys. */
  readonly remembersKeys: boolean
  /** Its defaults and overrides, as they came. */
  readonly config: Readonly<Record<string, string>>
}

const operationOfEndpoint: Readonly<Record<string, string>> = {
  'GET /v1/{prefix}/namespaces': 'listNamespaces',
  'POST /v1/{prefix}/namespaces': 'createNamespace',
  'GET /v1/{prefix}/namespaces/{namespace}': 'loadNamespaceMetadata',
  'HEAD /v1/{prefix}/namespaces/{namespace}': 'namespaceExists',
  'DELETE /v1/{prefix}/namespaces/{namespace}': 'dropNamespace',
  'POST /v1/{prefix}/namespaces/{namespace}/properties': 'updateProperties',
  'GET /v1/{prefix}/namespaces/{namespace}/tables': 'listTables',
  'POST /v1/{prefix}/namespaces/{namespace}/tables': 'createTable',
  'POST /v1/{prefix}/namespaces/{namespace}/register': 'registerTable',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}': 'loadTable',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}': 'tableExists',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}': 'updateTable',
  'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}': 'dropTable',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister': 'unregisterTable',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics': 'reportMetrics',
  'POST /v1/{prefix}/tables/rename': 'renameTable',
  'POST /v1/{prefix}/transactions/commit': 'commitTransaction',
  'GET /v1/{prefix}/namespaces/{namespace}/views': 'listViews',
  'POST /v1/{prefix}/namespaces/{namespace}/views': 'createView',
  'POST /v1/{prefix}/namespaces/{namespace}/register-view': 'registerView',
  'GET /v1/{prefix}/namespaces/{namespace}/views/{view}': 'loadView',
  'HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}': 'viewExists',
  'POST /v1/{prefix}/namespaces/{namespace}/views/{view}': 'replaceView',
  'DELETE /v1/{prefix}/namespaces/{namespace}/views/{view}': 'dropView',
  'POST /v1/{prefix}/views/rename': 'renameView',
}

/** What a client assumes of an upstream that gives no list (specification, "CatalogConfig"). */
const assumed = [
  'listNamespaces',
  'createNamespace',
  'loadNamespaceMetadata',
  'dropNamespace',
  'updateProperties',
  'listTables',
  'createTable',
  'loadTable',
  'updateTable',
  'dropTable',
  'registerTable',
  'reportMetrics',
  'renameTable',
  'commitTransaction',
]

const assumedOfViews = ['listViews', 'createView', 'loadView', 'replaceView', 'dropView', 'renameView']

const stringsOf = (value: JsonValue | undefined): Readonly<Record<string, string>> =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
      )
    : {}

const operationsOf = (endpoints: JsonValue | undefined, views: boolean): ReadonlySet<string> => {
  const lines = Array.isArray(endpoints) ? endpoints : []
  if (lines.length === 0) return new Set([...assumed, ...(views ? assumedOfViews : [])])
  return new Set(
    lines.flatMap((line) => (typeof line === 'string' ? (operationOfEndpoint[line.trim()] ?? []) : [])),
  )
}

const prefixForm = /^[A-Za-z0-9._~!$&'()*+,;=:@%/-]{1,1000}$/
const dots = /(^|\/)(\.|%2e){1,2}(\/|$)/i

/** The prefix goes into the path as it came: some upstreams encode it themselves, others mean its slashes. */
const prefixPath = (prefix: string | undefined): string | undefined => {
  if (prefix === undefined || prefix === '') return ''
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  return prefixForm.test(trimmed) && !dots.test(trimmed) ? `/${trimmed}` : undefined
}

const separatorForm = /^(%[0-7][0-9A-Fa-f]|[A-Za-z0-9._~!$&'()*+,;=:@-]){1,16}$/

const separatorOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return '%1F'
  return separatorForm.test(text) ? text : undefined
}

/** A base that an upstream may move to: http or https, without credentials, never from https down to http. */
const baseOf = (configured: string, override: string | undefined): string | undefined => {
  if (override === undefined || override === '') return configured
  const url = URL.parse(override)
  const downgraded = configured.startsWith('https:') && url?.protocol !== 'https:'
  if (!url || downgraded || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return undefined
  return `${url.origin}${url.pathname}`
}

/** Undefined where the answer cannot be worked with: a prefix, separator or address that is none. */
export const readSession = (uri: string, answer: JsonObject): Session | undefined => {
  const config = { ...stringsOf(answer['defaults']), ...stringsOf(answer['overrides']) }
  const prefix = prefixPath(config['prefix'])
  const separator = separatorOf(config['namespace-separator'])
  const base = baseOf(uri, config['uri'])
  if (prefix === undefined || separator === undefined || base === undefined) return undefined
  return {
    foreign: URL.parse(base)?.hostname !== URL.parse(uri)?.hostname,
    root: `${base.replace(/\/+$/, '')}/v1${prefix}`,
    separator,
    operations: operationsOf(answer['endpoints'], config['view-endpoints-supported'] === 'true'),
    remembersKeys: typeof answer['idempotency-key-lifetime'] === 'string',
    config,
  }
}
