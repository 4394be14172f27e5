/** Namespaces of the upstream. */
import type { Namespaces } from '#catalog/catalog.ts'
import type { UpstreamResponse } from '#catalog/connector.ts'
import { formatNamespace, type Namespace, startsWith } from '#model/identifier.ts'
import { isJsonObject, type JsonValue } from '#model/json.ts'
import { runChange, sessionForChange } from './changes.ts'
import type { Upstream } from './client.ts'
import { list } from './paging.ts'
import { namespacePath, parentParameter } from './paths.ts'
import { read } from './reads.ts'
import { withNamespace } from './splice.ts'
import { type Expectation, readAnswer, readNothing } from './translate.ts'

const expectOf = (namespace: Namespace): Expectation => ({
  missing: 'NoSuchNamespaceException',
  conflict: 'AlreadyExistsException',
  message: `Namespace does not exist: ${formatNamespace(namespace)}`,
})

/** Null, missing and other values are what odd upstreams send; only strings are properties. */
const propertiesOf = (value: JsonValue | undefined): Readonly<Record<string, string>> =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])),
      )
    : {}

const stringsOf = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** A direct child of `parent`: an upstream that ignores the parameter answers with other levels. */
const childOf =
  (parent: Namespace) =>
  (value: JsonValue): Namespace | undefined => {
    const levels = stringsOf(value)
    const direct = levels.length === parent.length + 1 && startsWith(levels, parent)
    return direct && levels.at(-1) !== '' ? levels : undefined
  }

const done = { kind: 'done' } as const

const changing = (upstream: Upstream): Pick<Namespaces, 'create' | 'drop' | 'updateProperties'> => ({
  create: async (context, namespace, body) => {
    const bytes = withNamespace(body.bytes, namespace)
    const read = (response: UpstreamResponse) => {
      const { properties } = readAnswer(upstream.connection, response)
      return { namespace, properties: propertiesOf(properties ?? body.json['properties']) }
    }
    return runChange(upstream, context, {
      operation: 'createNamespace',
      identifiers: [],
      ask: { method: 'POST', path: '/namespaces', body: bytes, change: true },
      expect: { ...expectOf(namespace), message: `Namespace already exists: ${formatNamespace(namespace)}` },
      read,
      outcome: () => done,
    })
  },
  drop: async (context, namespace) => {
    const session = await sessionForChange(upstream)
    await runChange(upstream, context, {
      operation: 'dropNamespace',
      identifiers: [],
      ask: { method: 'DELETE', path: namespacePath(session, namespace), change: true },
      expect: { ...expectOf(namespace), conflict: 'NamespaceNotEmptyException' },
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => done,
    })
  },
  updateProperties: async (context, namespace, body) => {
    const session = await sessionForChange(upstream)
    const path = `${namespacePath(session, namespace)}/properties`
    return runChange(upstream, context, {
      operation: 'updateProperties',
      identifiers: [],
      ask: { method: 'POST', path, body: body.bytes, change: true },
      expect: expectOf(namespace),
      read: (response) => {
        const { updated, removed, missing } = readAnswer(upstream.connection, response)
        return { updated: stringsOf(updated), removed: stringsOf(removed), missing: stringsOf(missing) }
      },
      outcome: () => done,
    })
  },
})

export const createNamespaces = (upstream: Upstream): Namespaces => ({
  ...changing(upstream),
  list: async (context, parent, page) => {
    const session = await upstream.session()
    const query: Record<string, string> =
      parent.length === 0 ? {} : { parent: parentParameter(session, parent) }
    return list(upstream, context, {
      ask: {
        path: '/namespaces',
        query,
        expect: expectOf(parent),
        member: 'namespaces',
        item: childOf(parent),
      },
      page,
    })
  },
  load: async (context, namespace) => {
    const session = await upstream.session()
    const response = await read(upstream, context, {
      ask: { method: 'GET', path: namespacePath(session, namespace), change: false },
      expect: expectOf(namespace),
    })
    const { properties } = readAnswer(upstream.connection, response)
    return { namespace, properties: propertiesOf(properties) }
  },
  exists: async (context, namespace) => {
    const session = await upstream.session()
    const method = session.operations.has('namespaceExists') ? 'HEAD' : 'GET'
    await read(upstream, context, {
      ask: { method, path: namespacePath(session, namespace), change: false },
      expect: expectOf(namespace),
    })
  },
})
