/** What changes a name without writing a metadata file: drop, rename, register, unregister, and metrics reports. */
import type { Body, CallContext, DropOptions, Loaded, Relations, Rename, Tables } from '#catalog/catalog.ts'
import { rememberShown } from '#catalog/shown-once.ts'
import type { Principal } from '#model/access.ts'
import { checkIdentifier, type Identifier, sameNamespace } from '#model/identifier.ts'
import { asBoolean, asString, optional } from '#model/json-read.ts'
import { findByUuid, findRelations, type RelationState } from '#store/entries.ts'
import { uuidLock, writePointer } from '#store/entries-write.ts'
import { raiseWhereGoverned } from '#store/governed-content.ts'
import { writePurgeRequest } from '#store/purge-requests.ts'
import { writeReceipt } from '#store/receipt.ts'
import { change, eventOf, type Plan, type Reading, readingForChange, tombstone } from './changes.ts'
import type { Facts } from './deps.ts'
import { endContent, ownContents } from './grants.ts'
import { relationKey, relationName, stayLocks } from './keys.ts'
import { requireNamespace } from './namespaces.ts'
import { placesOf } from './places.ts'
import { relationExists, renameTaken, uuidExists } from './refusals.ts'
import { checkUuid, entryOf, type KindOf, loadedOf, requireRelation } from './relation-kind.ts'
import type { RelationParts } from './relations.ts'

const stateOf = async ({ tx, line }: Reading, id: Identifier): Promise<RelationState | undefined> =>
  (await findRelations(tx, line, [relationName(id)]))[0]

const nameData = ({ namespace, name }: Identifier) => ({ namespace, name })

/** Frees a name; claims and grants go with the last live entry of the content. */
const removal = async (
  { claiming, local }: RelationParts,
  reading: Reading,
  { id, state }: { readonly id: Identifier; readonly state: RelationState },
) => {
  const grants = await endContent(local, reading, state)
  return {
    events: grants.events,
    puts: [tombstone(relationKey(id), state)],
    also: async () => {
      await claiming.release(reading.tx, state.contentId)
      await grants.write()
    },
  }
}

interface Dropping {
  readonly context: CallContext
  readonly id: Identifier
  readonly options: DropOptions
}

const planDrop = async <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
  { context, id, options, reading }: Dropping & { readonly reading: Reading },
): Promise<Plan<void>> => {
  const { tx } = reading
  const state = requireRelation(context, { kind: of.kind, id }, await stateOf(reading, id))
  const { events: ended, puts, also } = await removal(parts, reading, { id, state })
  const dropped = eventOf(`${of.kind}.dropped`, state.contentId, {
    ...nameData(id),
    'metadata-location': state.metadataLocation,
    purge: options.purge,
  })
  const purged = eventOf('purge.requested', state.contentId, {
    ...nameData(id),
    'metadata-location': state.metadataLocation,
  })
  return {
    result: undefined,
    outcome: { kind: 'done' },
    events: [dropped, ...(options.purge ? [purged] : []), ...ended],
    puts,
    also: async () => {
      await also()
      if (!options.purge) return
      const warehouseId = parts.local.warehouse.id
      await writePurgeRequest(tx, { ...state, warehouseId, requestedBy: context.principal.id })
    },
  }
}

const planRename = async <F extends Facts>(
  of: KindOf<F>,
  { source, destination }: Rename,
  { context, reading }: { readonly context: CallContext; readonly reading: Reading },
): Promise<Plan<void>> => {
  const { tx, line } = reading
  const state = requireRelation(context, { kind: of.kind, id: source }, await stateOf(reading, source))
  if (source.name === destination.name && sameNamespace(source.namespace, destination.namespace))
    return { result: undefined, outcome: { kind: 'done' }, events: [], puts: [] }
  await requireNamespace(tx, line, destination.namespace)
  const taken = await stateOf(reading, destination)
  if (taken !== undefined) throw renameTaken(source, destination, taken.kind)
  return {
    result: undefined,
    outcome: { kind: 'done' },
    events: [
      eventOf(`${of.kind}.renamed`, state.contentId, {
        ...nameData(destination),
        'source-namespace': source.namespace,
        'source-name': source.name,
      }),
    ],
    puts: [
      tombstone(relationKey(source), state),
      {
        key: relationKey(destination),
        contentId: state.contentId,
        kind: of.kind,
        pointer: state.pointer,
        expected: undefined,
      },
    ],
    also: () => raiseWhereGoverned(tx, state.contentId),
  }
}

interface Registering<F extends Facts> {
  readonly id: Identifier
  readonly metadataLocation: string
  /** False for every object unless `overwrite` is asked for; then for others than the one that was authorized. */
  readonly mayReplace: (contentId: string) => boolean
  readonly bytes: Uint8Array
  readonly facts: F
  /** The document's own; a version 1 table may have none, and then gets one here. */
  readonly uuid: string
}

/** AlreadyExists where the name has something that must not be overwritten by this. */
const rejectTaken = <F extends Facts>(
  { kind }: KindOf<F>,
  { id, mayReplace }: Pick<Registering<F>, 'id' | 'mayReplace'>,
  state: RelationState | undefined,
): void => {
  if (state !== undefined && (state.kind !== kind || !mayReplace(state.contentId)))
    throw relationExists(kind, state.kind, id)
}

const readRegistered = async <F extends Facts>(
  { local, places }: RelationParts,
  of: KindOf<F>,
  { context, id, body }: { readonly context: CallContext; readonly id: Identifier; readonly body: Body },
): Promise<Registering<F>> => {
  checkIdentifier(id)
  const metadataLocation = asString(body.json['metadata-location'], 'metadata-location')
  const overwrite = optional(asBoolean, body.json['overwrite'], 'overwrite') ?? false
  const mayReplace = (contentId: string): boolean =>
    overwrite && (context.entries === undefined || entryOf(context, id)?.contentId === contentId)
  places.check(metadataLocation)
  // A taken name is said before a missing file is, as the reference has it.
  const present = await readingForChange(() => local.lookups.find(relationName(id)))
  rejectTaken(of, { id, mayReplace }, present)
  // Read anew: a file of this name may have been another one when it was read before.
  const bytes = await local.files.read(metadataLocation)
  const facts = await of.engine.facts(bytes)
  places.checkFacts(facts)
  const uuid = facts.uuid === '' ? local.newUuid() : facts.uuid
  checkUuid(uuid)
  return { id, metadataLocation, mayReplace, bytes, facts, uuid: uuid.toLowerCase() }
}

/** The object that stays: the one of this name, where it is the same one by its uuid. */
const checkRegister = async <F extends Facts>(
  { local }: RelationParts,
  of: KindOf<F>,
  { wanted, reading }: { readonly wanted: Registering<F>; readonly reading: Reading },
): Promise<RelationState | undefined> => {
  const { id, uuid } = wanted
  await requireNamespace(reading.tx, reading.line, id.namespace)
  const state = await stateOf(reading, id)
  rejectTaken(of, wanted, state)
  const holders = await findByUuid(reading.tx, local.warehouse.id, uuid)
  if (holders.some(({ contentId }) => contentId !== state?.contentId)) throw uuidExists(of.kind, uuid)
  return state
}

interface Registered {
  readonly reading: Reading
  readonly principal: Principal
  readonly contentId: string
  /** What had the name before: the same content where only its metadata is another. */
  readonly replaced: string | undefined
}

/** Whoever registers owns what is new; what was replaced keeps no grants. */
const grantsOfRegistered = async <F extends Facts>(
  { local }: RelationParts,
  { kind }: KindOf<F>,
  { reading, principal, contentId, replaced }: Registered,
) => {
  if (replaced === contentId) return { events: [], write: async () => {} }
  const owned = ownContents(local, principal, [{ kind, contentId }])
  const ended =
    replaced === undefined ? undefined : await endContent(local, reading, { kind, contentId: replaced })
  return {
    events: [...(ended?.events ?? []), ...owned.events],
    write: async () => {
      await ended?.write()
      await owned.write(reading.tx)
    },
  }
}

const planRegister = async <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
  {
    wanted,
    reading,
    principal,
  }: { readonly wanted: Registering<F>; readonly reading: Reading; readonly principal: Principal },
): Promise<Plan<void>> => {
  const { id, facts, metadataLocation, uuid } = wanted
  const state = await checkRegister(parts, of, { wanted, reading })
  const { tx } = reading
  const same = state !== undefined && state.uuid === uuid
  const contentId = same ? state.contentId : parts.local.newUuid()
  const grants = await grantsOfRegistered(parts, of, {
    reading,
    principal,
    contentId,
    replaced: same ? contentId : state?.contentId,
  })
  const pointer = () =>
    writePointer(tx, {
      contentId,
      metadataLocation,
      location: facts.location,
      uuid,
      formatVersion: facts.formatVersion,
      snapshotId: 'currentSnapshotId' in facts ? facts.currentSnapshotId : null,
      schemaId: 'currentSchemaId' in facts ? facts.currentSchemaId : null,
    })
  return {
    result: undefined,
    outcome: { kind: 'metadata', metadataLocation },
    events: [
      eventOf(`${of.kind}.registered`, contentId, {
        ...nameData(id),
        'metadata-location': metadataLocation,
        'previous-metadata-location': state?.metadataLocation ?? null,
        'replaced-content': state === undefined || same ? null : state.contentId,
      }),
      ...grants.events,
    ],
    puts: [{ key: relationKey(id), contentId, kind: of.kind, pointer, expected: state }],
    also: async () => {
      if (state !== undefined && !same) await parts.claiming.release(tx, state.contentId)
      await parts.claiming.claim(tx, id, { contentId, locations: placesOf(facts) })
      await grants.write()
    },
  }
}

const register = async <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
  call: { readonly context: CallContext; readonly id: Identifier; readonly body: Body },
): Promise<Loaded> => {
  const { local, claiming } = parts
  const wanted = await readRegistered(parts, of, call)
  const { id, metadataLocation, bytes, facts, uuid } = wanted
  await call.context.inspect?.({ identifier: id, kind: of.kind, metadata: bytes, request: call.body.json })
  await change(local, call.context, {
    op: of.ops.register,
    locks: (line) => [
      ...stayLocks(line, id.namespace),
      ...claiming.locks(...placesOf(facts)),
      uuidLock(local.warehouse.id, uuid),
    ],
    plan: (reading) => planRegister(parts, of, { wanted, reading, principal: call.context.principal }),
  })
  local.cache.set(local.scope, metadataLocation, bytes)
  return loadedOf({ metadataLocation, metadata: [bytes], uuid, location: facts.location })
}

export const createMoves = <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
): Required<Pick<Relations, 'drop' | 'rename' | 'register'>> => ({
  drop: (context, id, options) =>
    change(parts.local, context, {
      op: of.ops.drop,
      plan: (reading) => planDrop(parts, of, { context, id, options, reading }),
    }),
  rename: async (context, rename) => {
    checkIdentifier(rename.destination)
    await change(parts.local, context, {
      op: of.ops.rename,
      locks: (line) => stayLocks(line, rename.destination.namespace),
      plan: (reading) => planRename(of, rename, { context, reading }),
    })
  },
  register: async (context, namespace, body) =>
    register(parts, of, { context, id: { namespace, name: asString(body.json['name'], 'name') }, body }),
})

/** The bytes are read under no row lock: a commit in between makes the change start over. */
const unregister = (parts: RelationParts, context: CallContext, id: Identifier): Promise<Loaded> =>
  change(parts.local, context, {
    op: 'unregisterTable',
    plan: async (reading) => {
      const state = requireRelation(context, { kind: 'table', id }, await stateOf(reading, id))
      const { metadataLocation, uuid, location } = state
      const bytes = await parts.local.readMetadata(metadataLocation)
      const result = loadedOf({ metadataLocation, metadata: [bytes], uuid, location })
      const { events: ended, ...removed } = await removal(parts, reading, { id, state })
      return {
        result,
        outcome: context.receipt.idempotency ? rememberShown(result) : { kind: 'done' },
        events: [
          eventOf('table.unregistered', state.contentId, {
            ...nameData(id),
            'metadata-location': metadataLocation,
          }),
          ...ended,
        ],
        ...removed,
      }
    },
  })

/** Kept whole, as an event: reports are counted and read by whoever follows the outbox. */
const reportMetrics = async (
  { local }: RelationParts,
  context: CallContext,
  { id, body }: { readonly id: Identifier; readonly body: Body },
): Promise<void> => {
  const line = await local.line()
  await local.database.transaction(async (tx) => {
    const state = await stateOf({ tx, line }, id)
    const { contentId } = requireRelation(context, { kind: 'table', id }, state)
    const report = Buffer.from(body.bytes).toString()
    const event = eventOf('metrics.reported', contentId, { ...nameData(id), report })
    await writeReceipt(tx, context.receipt, {
      outcome: { kind: 'done' },
      events: [{ ...event, warehouse: local.warehouse.id }],
    })
  })
}

export const createTableMoves = (
  parts: RelationParts,
): Required<Pick<Tables, 'unregister' | 'reportMetrics'>> => ({
  unregister: (context, id) => unregister(parts, context, id),
  reportMetrics: (context, id, body) => readingForChange(() => reportMetrics(parts, context, { id, body })),
})
