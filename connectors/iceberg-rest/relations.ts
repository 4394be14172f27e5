/** Tables and views of the upstream, which are alike but for their words. */
import type { Body, CallContext, Loaded, Relations, Rename } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import type { Mark } from '#catalog/intents.ts'
import { assignedUuid } from '#iceberg/assigned-uuid.ts'
import { assertsCreate } from '#iceberg/requirements.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { formatIdentifier, formatNamespace, type Identifier, type Namespace } from '#model/identifier.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import { type Change, lookOnce, runChange, sessionForChange } from './changes.ts'
import type { Ask, Upstream } from './client.ts'
import { isRecognisable, showsEffects } from './effects.ts'
import { holdsSnapshots, readLoaded } from './loaded.ts'
import { createLoads, type Loads } from './loads.ts'
import { list } from './paging.ts'
import { canSpellName, checkNewName, namespacePath, relationPath } from './paths.ts'
import { read } from './reads.ts'
import { withIdentifier } from './splice.ts'
import { type Expectation, readNothing } from './translate.ts'
import { expectOne, type Words } from './words.ts'

/** What each operation is made from. */
interface Side extends Loads {
  readonly upstream: Upstream
  readonly words: Words
}

const expectIn = (namespace: Namespace): Expectation => ({
  missing: 'NoSuchNamespaceException',
  conflict: 'AlreadyExistsException',
  message: `Namespace does not exist: ${formatNamespace(namespace)}`,
})

const nameIn =
  (namespace: Namespace) =>
  (value: JsonValue): Identifier | undefined => {
    const name = isJsonObject(value) ? value['name'] : undefined
    return typeof name === 'string' && canSpellName(name) ? { namespace, name } : undefined
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

const reads = ({ upstream, words }: Side): Pick<Relations, 'list' | 'exists'> => ({
  list: async (context, namespace, page) => {
    const expect = expectIn(namespace)
    const path = `${await namespacePath(upstream, context, { namespace, expect })}/${words.space}`
    return list(upstream, context, {
      ask: { path, expect, member: 'identifiers', item: nameIn(namespace) },
      page,
    })
  },
  exists: async (context, id) => {
    const session = await upstream.session()
    const method = session.operations.has(words.exists) ? 'HEAD' : 'GET'
    const expect = expectOne(words, id)
    const path = await relationPath(upstream, context, { space: words.space, id, expect })
    await read(upstream, context, { ask: { method, path, change: false }, expect })
  },
})

const outcomeOf = ({ metadataLocation }: Loaded): ReturnType<Change<Loaded>['outcome']> =>
  metadataLocation === undefined ? { kind: 'done' } : { kind: 'metadata', metadataLocation }

const uuidOf = ({ uuid }: Loaded): string | undefined => uuid

/** The present state; undefined where it cannot be had or does not pass. */
const lookAt = async (
  { load }: Side,
  context: CallContext,
  wanted: {
    readonly id: Identifier
    readonly passes: (loaded: Loaded) => Promise<boolean> | boolean
  },
): Promise<Loaded | undefined> => {
  // The caller may be gone by now; what became of the change is found out all the same.
  const unhurried = { ...context, signal: new AbortController().signal }
  const loaded = await load(unhurried, wanted.id, { snapshots: 'all' })
  return loaded !== 'not-modified' && (await wanted.passes(loaded)) ? loaded : undefined
}

/** For a change: SlowDown where it cannot be found out. */
const pathOf = ({ upstream, words }: Side, context: CallContext, id: Identifier): Promise<string> =>
  beforeChange(() =>
    relationPath(upstream, context, { space: words.space, id, expect: expectOne(words, id) }),
  )

const nameOf = (body: Body): string => {
  const name = body.json['name']
  return typeof name === 'string' ? name : ''
}

const inspect = async (
  context: CallContext,
  words: Words,
  on: { id: Identifier; body: Body },
): Promise<void> => context.inspect?.({ identifier: on.id, kind: words.kind, request: on.body.json })

/** Of the namespace that it is made in. BadRequest for a name that could not be asked for afterwards. */
const pathOfNew = (
  { upstream }: Side,
  context: CallContext,
  { namespace, name }: Identifier,
): Promise<string> =>
  beforeChange(() => {
    checkNewName(name)
    return namespacePath(upstream, context, { namespace, expect: expectIn(namespace) })
  })

const createCreate =
  (side: Side): Relations['create'] =>
  async (context, namespace, body) => {
    const { upstream, words } = side
    const id = { namespace, name: nameOf(body) }
    const session = await sessionForChange(upstream)
    const path = await pathOfNew(side, context, id)
    await inspect(context, words, { id, body })
    const ask: Ask = {
      method: 'POST',
      path: `${path}/${words.space}`,
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
      uuid: uuidOf,
    })
  }

/** As the specification's requirement fails. */
export const alreadyThere = (): CatalogError =>
  new CatalogError('CommitFailedException', 'Requirement failed: table already exists')

/** The state before a change, where it is at hand or soon had. The change does not depend on it. */
const baseOf = async (side: Side, context: CallContext, id: Identifier): Promise<Loaded | undefined> => {
  const known = side.kept(context, id)
  if (known !== undefined) return known
  const asked = await lookOnce(() => side.load(context, id, { snapshots: 'all' }))
  return asked === 'not-modified' ? undefined : asked
}

/** What to look for when the answer to a commit is lost; undefined where no look would prove anything. */
const proofOf = async (
  side: Side,
  context: CallContext,
  commit: { readonly id: Identifier; readonly body: Body },
): Promise<Change<Loaded>['reconcile']> => {
  const { id, body } = commit
  const { updates = null } = body.json
  const added = addedSnapshotIds(updates)
  if (added.length > 0)
    return () => lookAt(side, context, { id, passes: (loaded) => holdsSnapshots(loaded, added) })
  if (side.words.kind !== 'table' || !isRecognisable(updates)) return undefined
  const base = await baseOf(side, context, id)
  if (base === undefined) return undefined
  return () => lookAt(side, context, { id, passes: (loaded) => showsEffects(base, loaded, updates) })
}

const isGone = async (side: Side, on: { context: CallContext; id: Identifier }): Promise<boolean> => {
  const unhurried = { ...on.context, signal: new AbortController().signal }
  try {
    await reads(side).exists(unhurried, on.id)
    return false
  } catch (error) {
    if (isCatalogError(error, side.words.missing)) return true
    throw error
  }
}

/** How a change is known again, of which only its sending is sure. */
type Proof = Pick<Change<Loaded>, 'addedSnapshotIds' | 'marks' | 'doomed' | 'reconcile' | 'reconcileEarlier'>

interface Creation {
  readonly mark: Mark
  readonly passes: (loaded: Loaded) => boolean
  /** The answer where something has the name; absent where that is no hindrance. */
  readonly taken?: CatalogError
}

/** Only what was not there before can have been made by it, whoever asks for the like of what is there. */
const proofOfCreation = async (
  side: Side,
  context: CallContext,
  { mark, passes, taken }: Creation,
): Promise<Proof> => {
  const { id } = mark
  const reconcileEarlier = () => lookAt(side, context, { id, passes })
  const free = await lookOnce(() => isGone(side, { context, id }))
  if (free) return { marks: [mark], reconcile: reconcileEarlier, reconcileEarlier }
  return { reconcileEarlier, ...(free === false && taken ? { doomed: taken } : {}) }
}

const proofOfCommit = async (
  side: Side,
  context: CallContext,
  commit: { readonly id: Identifier; readonly body: Body },
): Promise<Proof> => {
  const { id, body } = commit
  const { requirements, updates } = body.json
  const added = addedSnapshotIds(updates)
  if (!assertsCreate(requirements))
    return { addedSnapshotIds: added, reconcile: await proofOf(side, context, commit) }
  const uuid = assignedUuid(updates)
  if (uuid === undefined) return {}
  return proofOfCreation(side, context, {
    mark: { id, uuid },
    passes: (loaded) => loaded.uuid?.toLowerCase() === uuid,
    taken: alreadyThere(),
  })
}

const createCommit =
  (side: Side): Relations['commit'] =>
  async (context, id, body) => {
    const { upstream, words } = side
    const session = await sessionForChange(upstream)
    const path = await pathOf(side, context, id)
    await inspect(context, words, { id, body })
    const creates = assertsCreate(body.json['requirements'])
    return runChange(upstream, context, {
      ...(await proofOfCommit(side, context, { id, body })),
      operation: words.commit,
      identifiers: [id],
      ask: {
        method: 'POST',
        path,
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
      uuid: uuidOf,
    })
  }

const createRegister =
  (side: Side): NonNullable<Relations['register']> =>
  async (context, namespace, body) => {
    const { upstream, words } = side
    const id = { namespace, name: nameOf(body) }
    const session = await sessionForChange(upstream)
    const path = await pathOfNew(side, context, id)
    await inspect(context, words, { id, body })
    const location = String(body.json['metadata-location'])
    const message = `${words.title} already exists: ${formatIdentifier(id)}`
    const proof = await proofOfCreation(side, context, {
      mark: { id, metadataLocation: location },
      passes: (loaded) => loaded.metadataLocation === location,
      ...(body.json['overwrite'] === true
        ? {}
        : { taken: new CatalogError('AlreadyExistsException', message) }),
    })
    return runChange(upstream, context, {
      ...proof,
      operation: words.register,
      identifiers: [id],
      ask: {
        method: 'POST',
        path: `${path}/${words.registerPath}`,
        body: body.bytes,
        change: true,
      },
      expect: { ...expectIn(namespace), message },
      read: (response) => readLoaded(upstream.connection, response, session.config),
      outcome: outcomeOf,
      uuid: uuidOf,
    })
  }

const createDrop =
  (side: Side): Relations['drop'] =>
  async (context, id, options) => {
    const { upstream, words } = side
    const path = await pathOf(side, context, id)
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
      reconcile: async () => ((await isGone(side, { context, id })) ? true : undefined),
    })
  }

const renameExpect = (words: Words, { source, destination }: Rename): Expectation => ({
  missing: words.missing,
  conflict: 'AlreadyExistsException',
  message: `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}`,
})

const createRename =
  (side: Side): Relations['rename'] =>
  async (context, rename) => {
    const { upstream, words } = side
    const { source, destination } = rename
    await pathOf(side, context, source)
    await pathOfNew(side, context, destination)
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
        const moved = await isGone(side, { context, id: source })
        return moved && !(await isGone(side, { context, id: destination })) ? true : undefined
      },
    })
  }

/** All of `Relations`; `register` is advertised only where the upstream says so (`supported`). */
export const createRelations = (upstream: Upstream, words: Words): Required<Relations> => {
  const { load, kept } = createLoads(upstream, words)
  const side = { upstream, words, load, kept }
  return {
    ...reads(side),
    load,
    create: createCreate(side),
    commit: createCommit(side),
    drop: createDrop(side),
    rename: createRename(side),
    register: createRegister(side),
  }
}
