/** One of the two servers that are compared: sends requests in its own spelling and names its own secrets. */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../../src/model/json.ts'
import { metadataOf, type TwinRequest } from './world.ts'

export interface Answer {
  readonly status: number
  /** Undefined where the body is empty or no JSON. */
  readonly body: JsonObject | undefined
}

/**
 * Placeholders in requests stand for what each server decides by itself: `@root@` its warehouse,
 * `@uuid:key@`, `@file:key@` (metadata location) and `@home:key@` (location) of the object `key`.
 */
export interface Side {
  readonly name: string
  /** URI of the warehouse's folder. */
  readonly root: string
  /** `uuid:…`, `file:…` and `home:…` to this side's values. */
  readonly bindings: Map<string, string>
  send(request: TwinRequest): Promise<Answer>
}

export interface SideOptions {
  readonly name: string
  /** Without `/v1`. */
  readonly uri: string
  readonly root: string
  readonly warehouse?: string
  readonly token?: string
}

const timeoutMs = 10_000
/** Stands in reports for a server that does not answer. */
export const noAnswer = 599

export const openSide = async (options: SideOptions): Promise<Side> => {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`
  const query = options.warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(options.warehouse)}`
  const config = (await (await fetch(`${options.uri}/v1/config${query}`, { headers })).json()) as {
    overrides?: Record<string, string>
    defaults?: Record<string, string>
  }
  const settings = { ...config.defaults, ...config.overrides }
  const prefix = settings['prefix']
  const base = `${options.uri}/v1${prefix === undefined ? '' : `/${prefix}`}`
  const separator = settings['namespace-separator'] ?? '%1F'
  const bindings = new Map<string, string>()
  const send = async (request: TwinRequest): Promise<Answer> => {
    const body =
      request.body === undefined ? null : resolve(stringifyJson(request.body), options.root, bindings)
    const url = `${base}/${encodePath(request, separator)}`
    const read = await ask(url, { method: request.method, headers, body })
    note(request, read, bindings)
    return read
  }
  return { name: options.name, root: options.root, bindings, send }
}

const ask = async (url: string, init: RequestInit): Promise<Answer> => {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    return { status: answer.status, body: readBody(new Uint8Array(await answer.arrayBuffer())) }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError')
      return { status: noAnswer, body: undefined }
    throw error
  }
}

const encodePath = (request: TwinRequest, separator: string): string => {
  const level = (levels: readonly string[]): string => levels.map(encodeURIComponent).join(separator)
  const path = request.path.map((part) => (typeof part === 'string' ? encodeURIComponent(part) : level(part)))
  const query = Object.entries(request.query ?? {}).map(
    ([key, value]) => `${key}=${encodeURIComponent(value)}`,
  )
  if (request.parent !== undefined)
    query.push(`parent=${encodeURIComponent(request.parent.join(decodeURIComponent(separator)))}`)
  return path.join('/') + (query.length > 0 ? `?${query.join('&')}` : '')
}

const resolve = (text: string, root: string, bindings: ReadonlyMap<string, string>): string =>
  text
    .replaceAll('@root@', root)
    .replace(/@((?:uuid|file|home):[^@"]+)@/g, (whole, key: string) => bindings.get(key) ?? whole)

const readBody = (bytes: Uint8Array): JsonObject | undefined => {
  try {
    const value: JsonValue = parseJson(bytes)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const note = (request: TwinRequest, answer: Answer, bindings: Map<string, string>): void => {
  if (request.subject === undefined || answer.status !== 200) return
  const { key, newHome } = request.subject
  const metadata = metadataOf(answer.body)
  const bind = (name: string, value: JsonValue | undefined): void => {
    if (typeof value === 'string') bindings.set(`${name}:${key}`, value)
  }
  bind('uuid', metadata['table-uuid'] ?? metadata['view-uuid'])
  bind('file', answer.body?.['metadata-location'])
  bind('home', metadata['location'])
  if (newHome === true) bind('given', metadata['location'])
}

/** The answer with the side's own root as a placeholder again, so that parts of it can be sent to both. */
export const withPlaceholders = (side: Side, body: JsonObject | undefined): JsonObject | undefined => {
  if (body === undefined) return undefined
  const plain = side.root.replace(/^file:\/+/, '/')
  const text = stringifyJson(body)
    .replaceAll(`file://${plain}`, '@root@')
    .replaceAll(`file:${plain}`, '@root@')
  const value = parseJson(text)
  return isJsonObject(value) ? value : undefined
}
