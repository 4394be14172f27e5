/** Namespaces of the upstream. */
import type { CallContext, Namespaces } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import type { UpstreamResponse } from '#catalog/connector.ts'
import { CatalogError } from '#model/errors.ts'
import { formatNamespace, type Namespace, startsWith } from '#model/identifier.ts'
import { isJsonObject, type JsonValue } from '#model/json.ts'
import { runChange, sessionForChange } from './changes.ts'
import type { Upstream } from './client.ts'
import { list } from './paging.ts'
import { canSpell, checkNewNamespace, namespacePath, parentParameter } from './paths.ts'
import { read } from './reads.ts'
import type { Session } from './session.ts'
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
  (session: Session, parent: Namespace) =>
  (value: JsonValue): Namespace | undefined => {
    const levels = stringsOf(value)
    const direct = levels.length === parent.length + 1 && startsWith(levels, parent)
    return direct && canSpell(session, levels) ? levels : undefined
  }

/** NoSuchNamespace for a parent that the upstream cannot be asked for. */
const queryOf = async (
  upstream: Upstream,
  context: CallContext,
  parent: Namespace,
): Promise<Readonly<Record<string, string>>> => {
  if (parent.length === 0) return {}
  const expect = expectOf(parent)
  await namespacePath(upstream, context, { namespace: parent, expect })
  const parameter = parentParameter(await upstream.session(), parent)
  if (parameter === undefined) throw new CatalogError(expect.missing, expect.message)
  return { parent: parameter }
}

const done = { kind: 'done' } as const

const changing = (upstream: Upstream): Pick<Namespaces, 'create' | 'drop' | 'updateProperties'> => ({
  create: async (context, namespace, body) => {
    const expect = expectOf(namespace)
    checkNewNamespace(await sessionForChange(upstream), namespace)
    const bytes = withNamespace(body.bytes, namespace)
    const read = (response: UpstreamResponse) => {
      const { properties } = readAnswer(upstream.connection, response)
      return { namespace, properties: propertiesOf(properties ?? body.json['properties']) }
    }
    return runChange(upstream, context, {
      operation: 'createNamespace',
      identifiers: [],
      ask: { method: 'POST', path: '/namespaces', body: bytes, change: true },
      expect: { ...expect, message: `Namespace already exists: ${formatNamespace(namespace)}` },
      read,
      outcome: () => done,
    })
  },
  drop: async (context, namespace) => {
    const expect = expectOf(namespace)
    const path = await beforeChange(() => namespacePath(upstream, context, { namespace, expect }))
    await runChange(upstream, context, {
      operation: 'dropNamespace',
      identifiers: [],
      ask: { method: 'DELETE', path, change: true },
      expect: { ...expect, conflict: 'NamespaceNotEmptyException' },
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => done,
    })
  },
  updateProperties: async (context, namespace, body) => {
    const expect = expectOf(namespace)
    const path = await beforeChange(() => namespacePath(upstream, context, { namespace, expect }))
    return runChange(upstream, context, {
      operation: 'updateProperties',
      identifiers: [],
      ask: { method: 'POST', path: `${path}/properties`, body: body.bytes, change: true },
      expect,
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
    const query = await queryOf(upstream, context, parent)
    return list(upstream, context, {
      ask: {
        path: '/namespaces',
        query,
        expect: expectOf(parent),
        member: 'namespaces',
        item: childOf(session, parent),
      },
      page,
    })
  },
  load: async (context, namespace) => {
    const expect = expectOf(namespace)
    const path = await namespacePath(upstream, context, { namespace, expect })
    const response = await read(upstream, context, { ask: { method: 'GET', path, change: false }, expect })
    const { properties } = readAnswer(upstream.connection, response)
    return { namespace, properties: propertiesOf(properties) }
  },
  exists: async (context, namespace) => {
    const session = await upstream.session()
    const method = session.operations.has('namespaceExists') ? 'HEAD' : 'GET'
    const expect = expectOf(namespace)
    const path = await namespacePath(upstream, context, { namespace, expect })
    await read(upstream, context, { ask: { method, path, change: false }, expect })
  },
})
