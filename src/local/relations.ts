/** Creating and committing tables and views, and transactions over several tables. */
import type { CallContext, Loaded, Relations, Transactions } from '#catalog/catalog.ts'
import { touchingFiles } from '#catalog/pointer-commit.ts'
import type { Base, Built, CommitRequest } from '#iceberg/engine.ts'
import { writtenFolders } from '#iceberg/files.ts'
import { isCreateCommit } from '#iceberg/table.ts'
import { checkIdentifier, type Identifier, type Namespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { asArrayOf, asBoolean, asObject, asString, optional } from '#model/json-read.ts'
import { findRelations } from '#store/entries.ts'
import { readingForChange } from './changes.ts'
import type { Claiming } from './claiming.ts'
import { type LocalState, type Part, type RunCommit, showSwap } from './commits.ts'
import type { Facts, Local } from './deps.ts'
import { relationName } from './keys.ts'
import { requireNamespace } from './namespaces.ts'
import { movesPlaces, type Places, placesOf, withoutTrailingSlashes } from './places.ts'
import { relationExists, uuidReassigned } from './refusals.ts'
import { checkUuid, fileNamer, type KindOf, loadedOf } from './relation-kind.ts'

export interface RelationParts {
  readonly local: Local
  readonly places: Places
  readonly claiming: Claiming
  readonly runCommit: RunCommit
}

interface NewRelation<F extends Facts> {
  readonly id: Identifier
  readonly built: Built<F>
}

/** Refuses early what the commit would refuse anyway, and decides where the new object lies. */
const buildNew = async <F extends Facts>(
  { local, places }: RelationParts,
  of: KindOf<F>,
  { id, request }: { readonly id: Identifier; readonly request: JsonObject },
): Promise<NewRelation<F>> => {
  checkIdentifier(id)
  const requested = optional(asString, request['location'], 'location')
  const { properties, present } = await readingForChange(async () => {
    const line = await local.line()
    const namespace = await requireNamespace(local.database, line, id.namespace)
    const [state] = await findRelations(local.database, line, [relationName(id)])
    return { properties: namespace.properties, present: state }
  })
  if (present !== undefined) throw relationExists(of.kind, present.kind, id)
  const uuid = local.newUuid()
  const location =
    requested === undefined
      ? places.defaultLocation(properties['location'], uuid)
      : withoutTrailingSlashes(requested)
  places.check(location)
  const built = await of.engine.create(request, { now: local.now(), uuid, location })
  places.checkFacts(built.facts)
  checkUuid(built.facts.uuid)
  return { id, built }
}

/** The client writes before the commit, and may make no folders (DuckDB): they are made once the place is its own. */
const stage = async <F extends Facts>(
  { local, claiming }: RelationParts,
  context: CallContext,
  { id, built: { bytes, facts } }: NewRelation<F>,
): Promise<Loaded> => {
  await claiming.stage(id, { context, locations: placesOf(facts) })
  for (const folder of writtenFolders(facts)) await touchingFiles(() => local.files.makeFolder(folder))
  return loadedOf({ metadata: [bytes], uuid: facts.uuid, location: facts.location })
}

const create = async <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
  call: { readonly context: CallContext; readonly namespace: Namespace; readonly request: JsonObject },
): Promise<Loaded> => {
  const { context, namespace, request } = call
  const id = { namespace, name: asString(request['name'], 'name') }
  const made = await buildNew(parts, of, { id, request })
  const staged = of.kind === 'table' && optional(asBoolean, request['stage-create'], 'stage-create') === true
  if (staged) return stage(parts, context, made)
  const [swap] = await parts.runCommit(context, {
    op: of.ops.create,
    outcome: ([first]) => ({ kind: 'metadata', metadataLocation: first?.metadataLocation ?? '' }),
    parts: [
      {
        identifier: id,
        kind: of.kind,
        request,
        build: async () => made.built,
        nameFile: fileNamer(parts.local, of.kind),
        base: 'absent',
        newContent: parts.local.newUuid(),
        sendsFiles: true,
      },
    ],
  })
  if (swap === undefined) throw new Error('a commit of one part gave no answer')
  return showSwap(swap)
}

const readCommit = (json: JsonObject): CommitRequest => ({
  requirements: optional(asArrayOf(asObject), json['requirements'], 'requirements') ?? null,
  updates: asArrayOf(asObject)(json['updates'], 'updates'),
})

interface CommitPart {
  readonly id: Identifier
  readonly request: CommitRequest
  readonly json: JsonObject
}

const partOf = <F extends Facts>(
  { local, places }: RelationParts,
  of: KindOf<F>,
  { id, request, json }: CommitPart,
): Part<F> => {
  const creates = of.kind === 'table' && isCreateCommit(request)
  const moves = movesPlaces(request.updates)
  const newUuid = local.newUuid()
  const build = async (base: Base | null, state: LocalState | undefined): Promise<Built<F>> => {
    const uuid = state?.entry.uuid ?? newUuid
    const built = await of.engine.commit(base, request, { now: local.now(), uuid })
    checkUuid(built.facts.uuid)
    if (state !== undefined && built.changed && built.facts.uuid.toLowerCase() !== uuid)
      throw uuidReassigned(of.kind, id)
    if (built.changed && (moves || base === null)) places.checkFacts(built.facts)
    return built
  }
  return {
    identifier: id,
    kind: of.kind,
    request: json,
    build,
    nameFile: fileNamer(local, of.kind),
    base: creates ? 'either' : 'present',
    newContent: local.newUuid(),
    sendsFiles: moves,
  }
}

const commit = async <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
  call: { readonly context: CallContext; readonly id: Identifier; readonly json: JsonObject },
): Promise<Loaded> => {
  const { context, id, json } = call
  const [swap] = await parts.runCommit(context, {
    op: of.ops.commit,
    outcome: ([first]) => ({ kind: 'metadata', metadataLocation: first?.metadataLocation ?? '' }),
    parts: [partOf(parts, of, { id, request: readCommit(json), json })],
  })
  if (swap === undefined) throw new Error('a commit of one part gave no answer')
  return showSwap(swap)
}

export const createWrites = <F extends Facts>(
  parts: RelationParts,
  of: KindOf<F>,
): Pick<Relations, 'create' | 'commit'> => ({
  create: (context, namespace, body) => create(parts, of, { context, namespace, request: body.json }),
  commit: (context, id, body) => commit(parts, of, { context, id, json: body.json }),
})

export const createTransactions = <F extends Facts>(parts: RelationParts, of: KindOf<F>): Transactions => ({
  commit: async (context, changes) => {
    await parts.runCommit(context, {
      op: 'commitTransaction',
      outcome: () => ({ kind: 'done' }),
      parts: changes.map(({ id, requirements, updates }) => {
        const json: JsonObject = Object.assign(Object.create(null), { requirements, updates })
        return partOf(parts, of, { id, request: { requirements, updates }, json })
      }),
    })
  },
})
