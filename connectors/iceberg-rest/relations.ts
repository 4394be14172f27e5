/** Tables and views of the upstream, which are alike but for their words. */
import type { Body, CallContext, Loaded, LoadOptions, Relations, Rename } from '#catalog/catalog.ts'
import type { ErrorType } from '#model/errors.ts'
import { formatIdentifier, formatNamespace, type Identifier, type Namespace } from '#model/identifier.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import { type Change, runChange } from './changes.ts'
import type { Ask, Upstream } from './client.ts'
import { holdsSnapshots, readLoaded, tagOfVersion } from './loaded.ts'
import { namespacePath, relationPath } from './paths.ts'
import { list, read } from './reads.ts'
import { withIdentifier } from './splice.ts'
import { type Expectation, readNothing, unreadableError } from './translate.ts'

/** The specification's words for one of the two kinds. */
export interface Words {
  readonly space: 'tables' | 'views'
  readonly kind: 'table' | 'view'
  readonly title: 'Table' | 'View'
  readonly missing: ErrorType
  readonly create: string
  readonly commit: string
  readonly drop: string
  readonly rename: string
  readonly register: string
  readonly registerPath: string
  readonly exists: string
}

export const tableWords: Words = {
  space: 'tables',
  kind: 'table',
  title: 'Table',
  missing: 'NoSuchTableException',
  create: 'createTable',
  commit: 'updateTable',
  drop: 'dropTable',
  rename: 'renameTable',
  register: 'registerTable',
  registerPath: 'register',
  exists: 'tableExists',
}

export const viewWords: Words = {
  space: 'views',
  kind: 'view',
  title: 'View',
  missing: 'NoSuchViewException',
  create: 'createView',
  commit: 'replaceView',
  drop: 'dropView',
  rename: 'renameView',
  register: 'registerView',
  registerPath: 'register-view',
  exists: 'viewExists',
}

/** Of an operation on one table or view: it is named as missing also where its namespace is. */
export const expectOne = (words: Words, id: Identifier): Expectation => ({
  missing: words.missing,
  alsoMissing: 'NoSuchNamespaceException',
  conflict: 'AlreadyExistsException',
  message: `${words.title} does not exist: ${formatIdentifier(id)}`,
})

const expectIn = (namespace: Namespace): Expectation => ({
  missing: 'NoSuchNamespaceException',
  conflict: 'AlreadyExistsException',
  message: `Namespace does not exist: ${formatNamespace(namespace)}`,
})

const nameIn =
  (namespace: Namespace) =>
  (value: JsonValue): Identifier | undefined => {
    const name = isJsonObject(value) ? value['name'] : undefined
    return typeof name === 'string' && name !== '' ? { namespace, name } : undefined
  }

const objectsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []

/** Decimal text of the snapshot ids that the updates of a commit add. */
export const addedSnapshotIds = (updates: JsonValue | undefined): readonly string[] =>
  objectsOf(updates).flatMap((update) => {
    const { snapshot } = update
    const id =
      update['action'] === 'add-snapshot' && isJsonObject(snapshot) ? snapshot['snapshot-id'] : undefined
    return typeof id === 'number' || typeof id === 'bigint' ? [String(id)] : []
  })

const loadAsk = async (
  upstream: Upstream,
  words: Words,
  load: { readonly id: Identifier; readonly options: LoadOptions },
): Promise<Ask> => {
  const path = relationPath(await upstream.session(), words.space, load.id)
  const tag = tagOfVersion(load.options.unlessVersion)
  const refs = words.kind === 'table' && load.options.snapshots === 'refs'
  return {
    method: 'GET',
    path: refs ? `${path}?snapshots=refs` : path,
    change: false,
    ...(tag === undefined ? {} : { headers: { 'if-none-match': tag } }),
  }
}

const createLoad =
  (upstream: Upstream, words: Words): Relations['load'] =>
  async (context, id, options) => {
    const ask = await loadAsk(upstream, words, { id, options })
    const response = await read(upstream, context, { ask, expect: expectOne(words, id) })
    if (response.status === 304) return 'not-modified'
    const { config } = await upstream.session()
    const loaded = await readLoaded(upstream.connection, response, config)
    if (loaded.metadataLocation === undefined)
      throw unreadableError(upstream.connection, 'it names no metadata location')
    return loaded.version === options.unlessVersion ? 'not-modified' : loaded
  }

const reads = (upstream: Upstream, words: Words): Pick<Relations, 'list' | 'load' | 'exists'> => ({
  list: async (context, namespace, page) => {
    const path = `${namespacePath(await upstream.session(), namespace)}/${words.space}`
    return list(upstream, context, {
      ask: { path, expect: expectIn(namespace), member: 'identifiers', item: nameIn(namespace) },
      page,
    })
  },
  load: createLoad(upstream, words),
  exists: async (context, id) => {
    const session = await upstream.session()
    const method = session.operations.has(words.exists) ? 'HEAD' : 'GET'
    await read(upstream, context, {
      ask: { method, path: relationPath(session, words.space, id), change: false },
      expect: expectOne(words, id),
    })
  },
})

const outcomeOf = ({ metadataLocation }: Loaded): ReturnType<Change<Loaded>['outcome']> =>
  metadataLocation === undefined ? { kind: 'done' } : { kind: 'metadata', metadataLocation }

/** The present state; undefined where it cannot be had or does not pass. */
const lookAt = async (
  upstream: Upstream,
  context: CallContext,
  wanted: {
    readonly words: Words
    readonly id: Identifier
    readonly passes: (loaded: Loaded) => Promise<boolean> | boolean
  },
): Promise<Loaded | undefined> => {
  // The caller may be gone by now; what became of the change is found out all the same.
  const unhurried = { ...context, signal: new AbortController().signal }
  const loaded = await createLoad(upstream, wanted.words)(unhurried, wanted.id, { snapshots: 'all' })
  return loaded !== 'not-modified' && (await wanted.passes(loaded)) ? loaded : undefined
}

const nameOf = (body: Body): string => {
  const name = body.json['name']
  return typeof name === 'string' ? name : ''
}

const inspect = async (
  context: CallContext,
  words: Words,
  on: { id: Identifier; body: Body },
): Promise<void> => context.inspect?.({ identifier: on.id, kind: words.kind, request: on.body.json })

const createCreate =
  (upstream: Upstream, words: Words): Relations['create'] =>
  async (context, namespace, body) => {
    const id = { namespace, name: nameOf(body) }
    const session = await upstream.session()
    await inspect(context, words, { id, body })
    const ask: Ask = {
      method: 'POST',
      path: `${namespacePath(session, namespace)}/${words.space}`,
      body: body.bytes,
      change: true,
    }
    const expect = {
      ...expectIn(namespace),
      message: `${words.title} already exists: ${formatIdentifier(id)}`,
    }
    const readBody = (response: Parameters<Change<Loaded>['read']>[0]) =>
      readLoaded(upstream.connection, response, session.config)
    if (body.json['stage-create'] === true)
      return readBody(await read(upstream, context, { ask: { ...ask, change: false }, expect }))
    return runChange(upstream, context, {
      operation: words.create,
      identifiers: [id],
      ask,
      expect,
      read: readBody,
      outcome: outcomeOf,
    })
  }

const createCommit =
  (upstream: Upstream, words: Words): Relations['commit'] =>
  async (context, id, body) => {
    const session = await upstream.session()
    await inspect(context, words, { id, body })
    const added = addedSnapshotIds(body.json['updates'])
    const creates = objectsOf(body.json['requirements']).some((one) => one['type'] === 'assert-create')
    return runChange(upstream, context, {
      operation: words.commit,
      identifiers: [id],
      addedSnapshotIds: added,
      ask: {
        method: 'POST',
        path: relationPath(session, words.space, id),
        body: withIdentifier(body.bytes, id),
        change: true,
      },
      expect: {
        ...expectOne(words, id),
        ...(creates ? { missing: 'NoSuchNamespaceException' } : {}),
        conflict: 'CommitFailedException',
      },
      read: (response) => readLoaded(upstream.connection, response, session.config),
      outcome: outcomeOf,
      ...(added.length === 0
        ? {}
        : {
            reconcile: () =>
              lookAt(upstream, context, { words, id, passes: (loaded) => holdsSnapshots(loaded, added) }),
          }),
    })
  }

const createRegister =
  (upstream: Upstream, words: Words): NonNullable<Relations['register']> =>
  async (context, namespace, body) => {
    const id = { namespace, name: nameOf(body) }
    const session = await upstream.session()
    await inspect(context, words, { id, body })
    const location = body.json['metadata-location']
    return runChange(upstream, context, {
      operation: words.register,
      identifiers: [id],
      ask: {
        method: 'POST',
        path: `${namespacePath(session, namespace)}/${words.registerPath}`,
        body: body.bytes,
        change: true,
      },
      expect: { ...expectIn(namespace), message: `${words.title} already exists: ${formatIdentifier(id)}` },
      read: (response) => readLoaded(upstream.connection, response, session.config),
      outcome: outcomeOf,
      reconcile: () =>
        lookAt(upstream, context, { words, id, passes: (loaded) => loaded.metadataLocation === location }),
    })
  }

const isGone = async (upstream: Upstream, words: Words, on: { context: CallContext; id: Identifier }) => {
  const unhurried = { ...on.context, signal: new AbortController().signal }
  try {
    await reads(upstream, words).exists(unhurried, on.id)
    return false
  } catch (error) {
    if (error instanceof Error && 'type' in error && error.type === words.missing) return true
    throw error
  }
}

const createDrop =
  (upstream: Upstream, words: Words): Relations['drop'] =>
  async (context, id, options) => {
    const path = relationPath(await upstream.session(), words.space, id)
    await runChange(upstream, context, {
      operation: words.drop,
      identifiers: [id],
      ask: {
        method: 'DELETE',
        path: options.purge && words.kind === 'table' ? `${path}?purgeRequested=true` : path,
        change: true,
      },
      expect: expectOne(words, id),
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => ({ kind: 'done' }),
      reconcile: async () => ((await isGone(upstream, words, { context, id })) ? true : undefined),
    })
  }

const renameExpect = (words: Words, { source, destination }: Rename): Expectation => ({
  missing: words.missing,
  conflict: 'AlreadyExistsException',
  message: `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}`,
})

const createRename =
  (upstream: Upstream, words: Words): Relations['rename'] =>
  async (context, rename) => {
    const { source, destination } = rename
    await runChange(upstream, context, {
      operation: words.rename,
      identifiers: [source, destination],
      ask: {
        method: 'POST',
        path: `/${words.space}/rename`,
        body: JSON.stringify({ source, destination }),
        change: true,
      },
      expect: renameExpect(words, rename),
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => ({ kind: 'done' }),
      reconcile: async () => {
        const moved = await isGone(upstream, words, { context, id: source })
        return moved && !(await isGone(upstream, words, { context, id: destination })) ? true : undefined
      },
    })
  }

/** All of `Relations`; `register` is advertised only where the upstream says so (`supported`). */
export const createRelations = (upstream: Upstream, words: Words): Required<Relations> => ({
  ...reads(upstream, words),
  create: createCreate(upstream, words),
  commit: createCommit(upstream, words),
  drop: createDrop(upstream, words),
  rename: createRename(upstream, words),
  register: createRegister(upstream, words),
})
