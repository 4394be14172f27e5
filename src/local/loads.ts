/** Reading: find, load, exists and list. A warm load costs one coalesced pointer read, or none where resolve did it. */
import type {
  CallContext,
  Entry,
  Listed,
  Loaded,
  LoadOptions,
  Page,
  PageRequest,
  Relations,
} from '#catalog/catalog.ts'
import { onlyReferencedSnapshots } from '#iceberg/referenced-snapshots.ts'
import { type Identifier, type Namespace, namespaceKey } from '#model/identifier.ts'
import type { Local } from './deps.ts'
import { relationName } from './keys.ts'
import { listNames } from './listing.ts'
import { requireNamespace } from './namespaces.ts'
import { missingFile, noSuchRelation, type RelationKind } from './refusals.ts'
import { entryOf, loadedOf } from './relation-kind.ts'

/** The entry under a name, of either kind. */
export const findEntry = (local: Local, identifier: Identifier): Promise<Entry | undefined> =>
  local.lookups.find(relationName(identifier)).then((state) => {
    if (state === undefined) return undefined
    const { contentId, kind, uuid, location, metadataLocation, policyEpoch } = state
    return { identifier, contentId, kind, uuid, location, metadataLocation, policyEpoch }
  })

const requireKind = (entry: Entry | undefined, kind: RelationKind, id: Identifier): Entry => {
  if (entry?.kind !== kind) throw noSuchRelation(kind, id)
  return entry
}

const requireEntry = async (local: Local, kind: RelationKind, id: Identifier): Promise<Entry> =>
  requireKind(await findEntry(local, id), kind, id)

interface Wanted {
  readonly context: CallContext
  readonly kind: RelationKind
  readonly id: Identifier
}

/** At once where resolve has found it. */
const entryIn = (local: Local, { context, kind, id }: Wanted): Entry | Promise<Entry> =>
  context.entries ? requireKind(entryOf(context, id), kind, id) : requireEntry(local, kind, id)

/** A larger cut is made anew each time: copying it into one piece would hold up everyone else. */
const largestKeptCut = 1 << 20

type Chunks = readonly Uint8Array[]

const readReferenced = async (local: Local, scope: string, location: string): Promise<Chunks> => {
  const chunks = await onlyReferencedSnapshots(await local.readMetadata(location))
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  if (size <= largestKeptCut) local.cache.set(scope, location, Buffer.concat(chunks))
  return chunks
}

/** Bytes as shown: the file, or the file with no more than the snapshots that refs name. At once from memory. */
const readShown = (
  local: Local,
  location: string,
  snapshots: LoadOptions['snapshots'],
): Chunks | Promise<Chunks> => {
  const scope = snapshots === 'all' ? local.scope : `${local.scope} refs`
  const kept = local.cache.get(scope, location)
  if (kept !== undefined) return [kept]
  return snapshots === 'all'
    ? local.readMetadata(location).then((bytes) => [bytes])
    : readReferenced(local, scope, location)
}

const load = async (local: Local, wanted: Wanted, options: LoadOptions): Promise<Loaded | 'not-modified'> => {
  const found = entryIn(local, wanted)
  const { metadataLocation, uuid, location } = found instanceof Promise ? await found : found
  // Also where the bytes are cached: NotFound for a file that is gone. A cold read finds out by itself.
  if (local.warehouse.verifyMetadataFile) {
    const there = local.fileExists(metadataLocation)
    if (!(there instanceof Promise ? await there : there)) throw missingFile(metadataLocation)
  }
  if (options.unlessVersion === metadataLocation) return 'not-modified'
  const shown = readShown(local, metadataLocation, options.snapshots)
  const metadata = shown instanceof Promise ? await shown : shown
  return loadedOf({ metadataLocation, metadata, uuid, location })
}

const list = async (
  local: Local,
  kind: RelationKind,
  { namespace, ...request }: PageRequest & { readonly namespace: Namespace },
): Promise<Page<Listed>> => {
  const line = await local.line()
  await requireNamespace(local.database, line, namespace)
  const listing = { database: local.database, line, warehouseId: local.warehouse.id }
  const { names, ...rest } = await listNames(listing, { ns: namespaceKey(namespace), kind }, request)
  return { items: names.map((one) => ({ namespace, ...one })), ...rest }
}

export const createReads = (
  local: Local,
  kind: RelationKind,
): Pick<Relations, 'list' | 'load' | 'exists'> => ({
  list: (_context, namespace, page) => list(local, kind, { ...page, namespace }),
  load: (context, id, options) => load(local, { context, kind, id }, options),
  exists: async (context, id) => {
    await entryIn(local, { context, kind, id })
  },
})
