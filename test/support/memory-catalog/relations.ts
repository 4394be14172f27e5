/** Tables and views in memory: built by the real engines, swapped in one step since nothing waits in between. */
import type { Body, CallContext, Loaded, LoadOptions, Relations } from '#catalog/catalog.ts'
import type { Built, CommitRequest, MetadataEngine } from '#iceberg/engine.ts'
import { nextMetadataLocation } from '#iceberg/files.ts'
import { onlyReferencedSnapshots } from '#iceberg/referenced-snapshots.ts'
import { tableEngine } from '#iceberg/table.ts'
import { viewEngine } from '#iceberg/view.ts'
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, type Identifier, type Namespace, sameNamespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { asArrayOf, asBoolean, asObject, asString, optional } from '#model/json-read.ts'
import {
  type Held,
  type Kind,
  keyOf,
  missingRelation,
  newId,
  nounOf,
  pageOf,
  readFile,
  requireFree,
  requireNamespace,
  requireRelation,
  type State,
} from './state.ts'

interface CommonFacts {
  readonly uuid: string
  readonly location: string
  readonly properties: Readonly<Record<string, string>>
}

const engines: Readonly<Record<Kind, MetadataEngine<CommonFacts>>> = { table: tableEngine, view: viewEngine }

const loadedOf = (held: Held, metadata: readonly Uint8Array[]): Loaded => ({
  metadataLocation: held.metadataLocation,
  metadata,
  config: {},
  version: held.metadataLocation,
  uuid: held.uuid,
  location: held.location,
})

const show = (state: State, held: Held): Loaded => loadedOf(held, [readFile(state, held.metadataLocation)])

/** Writes the file and points the name at it. */
const put = (state: State, held: Pick<Held, 'id' | 'kind' | 'contentId'>, built: Built<CommonFacts>) => {
  const before = state.relations.get(keyOf(held.id))?.metadataLocation ?? null
  const metadataLocation = nextMetadataLocation(built.facts, before, newId())
  const { uuid, location } = built.facts
  const next: Held = { ...held, uuid, location, metadataLocation }
  state.files.set(metadataLocation, built.bytes)
  state.relations.set(keyOf(held.id), next)
  return show(state, next)
}

const readRequest = (json: JsonObject): CommitRequest => ({
  requirements: optional(asArrayOf(asObject), json['requirements'], 'requirements') ?? null,
  updates: asArrayOf(asObject)(json['updates'], 'updates'),
})

export interface Change {
  readonly id: Identifier
  readonly request: CommitRequest
}

interface Planned {
  readonly held: Pick<Held, 'id' | 'kind' | 'contentId'>
  readonly built: Built<CommonFacts>
}

const asserts = ({ requirements }: CommitRequest, type: string): boolean =>
  requirements?.some((one) => one['type'] === type) === true

const rejectTaken = (state: State, kind: Kind, id: Identifier): void => {
  const held = state.relations.get(keyOf(id))
  if (held?.kind === kind)
    throw new CatalogError('CommitFailedException', 'Requirement failed: table already exists')
  requireFree(state, kind, id)
}

/** Requirements and updates on the base as it is now; nothing is changed yet. */
export const plan = (state: State, kind: Kind, { id, request }: Change): Planned => {
  const location = `${state.location}/${newId()}`
  const inputs = { now: Date.now(), uuid: newId(), location }
  if (asserts(request, 'assert-create')) {
    rejectTaken(state, kind, id)
    requireNamespace(state, id.namespace)
    return { held: { id, kind, contentId: newId() }, built: engines[kind].commit(null, request, inputs) }
  }
  const held = requireRelation(state, kind, id)
  const bytes = readFile(state, held.metadataLocation)
  const base = { bytes, metadataLocation: held.metadataLocation }
  return { held, built: engines[kind].commit(base, request, inputs) }
}

export const carryOut = (state: State, { held, built }: Planned): Loaded => {
  const before = state.relations.get(keyOf(held.id))
  return !built.changed && before ? show(state, before) : put(state, held, built)
}

/** The relations of one kind. */
interface Shelf {
  readonly state: State
  readonly kind: Kind
}

const create = ({ state, kind }: Shelf, namespace: Namespace, { json }: Body): Loaded => {
  const id = { namespace, name: asString(json['name'], 'name') }
  requireNamespace(state, namespace)
  requireFree(state, kind, id)
  const uuid = newId()
  const location =
    optional(asString, json['location'], 'location')?.replace(/\/+$/, '') ?? `${state.location}/${uuid}`
  const built = engines[kind].create(json, { now: Date.now(), uuid, location })
  if (optional(asBoolean, json['stage-create'], 'stage-create') === true)
    return { metadata: [built.bytes], config: {}, version: '', uuid, location }
  return put(state, { id, kind, contentId: newId() }, built)
}

const register = ({ state, kind }: Shelf, namespace: Namespace, { json }: Body): Loaded => {
  const id = { namespace, name: asString(json['name'], 'name') }
  const metadataLocation = asString(json['metadata-location'], 'metadata-location')
  requireNamespace(state, namespace)
  const before = state.relations.get(keyOf(id))
  const overwrite = optional(asBoolean, json['overwrite'], 'overwrite') === true
  if (before && !(overwrite && before.kind === kind)) requireFree(state, kind, id)
  const { uuid, location } = engines[kind].facts(readFile(state, metadataLocation))
  const other = [...state.relations.values()].find((one) => one.uuid === uuid && keyOf(one.id) !== keyOf(id))
  if (other)
    throw new CatalogError('AlreadyExistsException', `A table with the same uuid already exists: ${uuid}`)
  const contentId = before?.uuid === uuid ? before.contentId : newId()
  const held: Held = { id, kind, contentId, uuid, location, metadataLocation }
  state.relations.set(keyOf(id), held)
  return show(state, held)
}

const rename = ({ state, kind }: Shelf, source: Identifier, destination: Identifier): void => {
  const held = requireRelation(state, kind, source)
  if (keyOf(source) === keyOf(destination)) return
  requireNamespace(state, destination.namespace)
  const other = state.relations.get(keyOf(destination))
  if (other)
    throw new CatalogError(
      'AlreadyExistsException',
      `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}. ${nounOf(other.kind)} already exists`,
    )
  state.relations.delete(keyOf(source))
  state.relations.set(keyOf(destination), { ...held, id: destination })
}

/** What authorize decided on, where `find` was asked; else what has the name. */
const heldFor = ({ state, kind }: Shelf, { entries }: CallContext, id: Identifier): Held => {
  const held = requireRelation(state, kind, id)
  if (entries && !entries.some((one) => one.contentId === held.contentId)) throw missingRelation(kind, id)
  return held
}

const load = async (
  state: State,
  held: Held,
  { snapshots, unlessVersion }: LoadOptions,
): Promise<Loaded | 'not-modified'> => {
  if (unlessVersion === held.metadataLocation) return 'not-modified'
  const bytes = readFile(state, held.metadataLocation)
  return loadedOf(held, snapshots === 'refs' ? await onlyReferencedSnapshots(bytes) : [bytes])
}

const commitOne = async (
  { state, kind }: Shelf,
  context: CallContext,
  { id, json }: { readonly id: Identifier; readonly json: JsonObject },
): Promise<Loaded> => {
  const planned = plan(state, kind, { id, request: readRequest(json) })
  await context.inspect?.({ identifier: id, kind, metadata: planned.built.bytes, request: json })
  context.signal.throwIfAborted()
  // Whoever was faster while the gate was asked has won: on what it left, the change is built anew.
  return carryOut(state, plan(state, kind, { id, request: readRequest(json) }))
}

export const createRelations = (state: State, kind: Kind): Required<Relations> => {
  const shelf = { state, kind }
  return {
    list: async (_context, namespace, page) => {
      requireNamespace(state, namespace)
      const held = [...state.relations.values()].filter((one) => one.kind === kind)
      const ids = held.map((one) => one.id).filter((id) => sameNamespace(id.namespace, namespace))
      return pageOf(ids, { page, keyOf })
    },
    create: async (_context, namespace, body) => create(shelf, namespace, body),
    register: async (context, namespace, body) => {
      const identifier = { namespace, name: String(body.json['name']) }
      await context.inspect?.({ identifier, kind, request: body.json })
      return register(shelf, namespace, body)
    },
    load: async (context, id, options) => load(state, heldFor(shelf, context, id), options),
    exists: async (context, id) => {
      heldFor(shelf, context, id)
    },
    commit: (context, id, { json }) => commitOne(shelf, context, { id, json }),
    drop: async (context, id) => {
      heldFor(shelf, context, id)
      state.relations.delete(keyOf(id))
    },
    rename: async (_context, { source, destination }) => rename(shelf, source, destination),
  }
}
