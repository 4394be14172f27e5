/** The metadata engine of tables: create, commit, facts. Pure; cost is about linear in the bytes of the document. */

import { indexDocument } from '#model/document.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { asInt } from '#model/json-read.ts'
import { checkFormatVersion } from './change-attributes.ts'
import type { Base, Built, CommitRequest, EngineInputs, MetadataEngine, TableFacts } from './engine.ts'
import { type Requirements, readRequirements } from './requirements.ts'
import { buildTable, factsOf } from './table-build.ts'
import { checkTable } from './table-check.ts'
import { createTable } from './table-create.ts'
import { beginTable, openTable } from './table-draft.ts'
import { actionOf, readUpdates, type Update } from './updates.ts'

const defaultFormatVersion = 2

/** True where the commit creates its table (`assert-create`); 400 where that is mixed with other requirements. */
export const isCreateCommit = (request: CommitRequest): boolean =>
  readRequirements(request.requirements).creates

/** A staged create says its version in the list of updates: all its ids are final from the first one on. */
const stagedFormatVersion = (updates: readonly JsonObject[]): number => {
  const upgrade = updates.find((update) => actionOf(update) === 'upgrade-format-version')
  return upgrade === undefined ? defaultFormatVersion : asInt(upgrade['format-version'], 'format-version')
}

const commitStaged = (request: CommitRequest, updates: readonly Update[], inputs: EngineInputs) => {
  const formatVersion = stagedFormatVersion(request.updates)
  checkFormatVersion(formatVersion)
  const draft = beginTable(formatVersion, inputs.now)
  draft.values.uuid = inputs.uuid
  draft.values.location = inputs.location
  for (const update of updates) update(draft)
  return buildTable(draft, null)
}

interface Change {
  readonly requirements: Requirements
  readonly updates: readonly Update[]
  readonly inputs: EngineInputs
}

const commitOn = (base: Base, change: Change): Built<TableFacts> => {
  const draft = openTable(indexDocument(base.bytes), change.inputs.now)
  for (const check of change.requirements.checks) check(draft)
  for (const update of change.updates) update(draft)
  if (!draft.changes.any) return { bytes: base.bytes, facts: factsOf(draft), changed: false }
  // Only a v1 document may lack a uuid; it gets one with its first change.
  draft.values.uuid ??= change.inputs.uuid
  return buildTable(draft, base.metadataLocation)
}

const commit = (base: Base | null, request: CommitRequest, inputs: EngineInputs): Built<TableFacts> => {
  const requirements = readRequirements(request.requirements)
  const updates = readUpdates(request.updates)
  if (base !== null) return commitOn(base, { requirements, updates, inputs })
  if (!requirements.creates) throw new CatalogError('NoSuchTableException', 'Table does not exist')
  return commitStaged(request, updates, inputs)
}

/** Whatever the readers refuse here is the document's fault, and no request's. */
const blameDocument = (error: unknown): unknown =>
  isCatalogError(error) ? new CatalogError('ValidationException', error.message, { cause: error }) : error

const facts = (bytes: Uint8Array): TableFacts => {
  try {
    const draft = openTable(indexDocument(bytes), 0)
    checkTable(draft)
    return factsOf(draft)
  } catch (error) {
    throw blameDocument(error)
  }
}

export const tableEngine: MetadataEngine<TableFacts> = { create: createTable, commit, facts }
