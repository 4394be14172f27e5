/** The local catalog: our own Catalog on the store, with history from its first day. */
import type { Catalog } from '#catalog/catalog.ts'
import { createPointerCommit } from '#catalog/pointer-commit.ts'
import { findRelations } from '#store/entries.ts'
import { findLine, type Line } from '#store/entries-lines.ts'
import { createClaiming } from './claiming.ts'
import { createRunCommit } from './commits.ts'
import type { Local, LocalDeps } from './deps.ts'
import { createFileChecks } from './file-checks.ts'
import { createReads, findEntry } from './loads.ts'
import { createLookups } from './lookups.ts'
import { createMoves, createTableMoves } from './moves.ts'
import { createNamespaces } from './namespaces.ts'
import { createPlaces } from './places.ts'
import { warehouseGone } from './refusals.ts'
import { tableKind, viewKind } from './relation-kind.ts'
import { createTransactions, createWrites, type RelationParts } from './relations.ts'
import { createTurns } from './turns.ts'

/** Looked up once and kept: a branch keeps its line. A failure is not kept. */
const createLine = ({ database, warehouse }: LocalDeps): (() => Promise<Line>) => {
  let known: Promise<Line> | undefined
  const find = async (): Promise<Line> => {
    const line = await findLine(database, warehouse.id, 'main')
    if (line === undefined) throw warehouseGone()
    return line
  }
  return () => {
    known ??= find().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
}

const createLocal = (deps: LocalDeps): Local => {
  const { database, files, cache, warehouse, log } = deps
  const line = createLine(deps)
  const scope = `${warehouse.id} ${warehouse.endpoint ?? ''}`
  const readMetadata = (location: string): Promise<Uint8Array> =>
    cache.fetch(scope, location, () => files.read(location))
  return {
    ...deps,
    line,
    scope,
    fileExists: createFileChecks(files),
    readMetadata,
    lookups: createLookups(async (names) => findRelations(database, await line(), names)),
    commitPointers: createPointerCommit({
      files,
      readBase: readMetadata,
      pause: deps.pause,
      random: deps.random,
      orphaned: (location, error) => log('metadata.orphaned', { location, error: String(error) }),
    }),
  }
}

/** Opens the catalog of one warehouse. It owns none of what it is given: disposing it closes nothing. */
export const openLocalCatalog = (deps: LocalDeps): Catalog => {
  const local = createLocal(deps)
  const places = createPlaces(deps.warehouse)
  const claiming = createClaiming(local, places)
  const { take } = createTurns()
  const parts: RelationParts = {
    local,
    places,
    claiming,
    runCommit: createRunCommit(local, { claiming, take }),
  }
  const tables = tableKind(local)
  const views = viewKind(local)
  return {
    kind: 'local',
    namespaces: createNamespaces(local, places),
    tables: {
      find: async (ids) => {
        const [first, ...more] = ids
        if (first && more.length === 0) return [await findEntry(local, first)]
        return Promise.all(ids.map((id) => findEntry(local, id)))
      },
      ...createReads(local, 'table'),
      ...createWrites(parts, tables),
      ...createMoves(parts, tables),
      ...createTableMoves(parts),
    },
    views: { ...createReads(local, 'view'), ...createWrites(parts, views), ...createMoves(parts, views) },
    transactions: createTransactions(parts, tables),
    [Symbol.asyncDispose]: async () => {},
  }
}
