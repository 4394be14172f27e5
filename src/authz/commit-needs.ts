/**
 * What a commit must be allowed to do, read off its requirements and updates alone. Whatever cannot be told for certain
 * needs more, never less; what is malformed needs everything, and its catalog says what is wrong with it.
 */
import type { Action, CommitAction } from '#model/access.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import { canonicalId, type Id } from '#model/json-read.ts'

type Readable = JsonValue | undefined

export interface CommitNeed {
  readonly action: Extract<Action, CommitAction | 'write'>
  /** The snapshot refs that the commit moves, makes or removes; absent where it touches none. */
  readonly refs?: readonly string[]
}

/** Only what stands for one action each; `add-snapshot` and `set-snapshot-ref` depend on more than their name. */
const actionsOfTables: ReadonlyMap<string, CommitAction> = new Map([
  ['add-schema', 'change-schema'],
  ['set-current-schema', 'change-schema'],
  ['remove-schemas', 'change-schema'],
  ['add-spec', 'change-layout'],
  ['set-default-spec', 'change-layout'],
  ['remove-partition-specs', 'change-layout'],
  ['add-sort-order', 'change-layout'],
  ['set-default-sort-order', 'change-layout'],
  ['remove-snapshot-ref', 'change-refs'],
  ['remove-snapshots', 'expire-snapshots'],
  ['remove-statistics', 'expire-snapshots'],
  ['remove-partition-statistics', 'expire-snapshots'],
  ['set-statistics', 'append'],
  ['set-partition-statistics', 'append'],
  ['set-properties', 'set-properties'],
  ['remove-properties', 'set-properties'],
  ['set-location', 'set-location'],
  ['upgrade-format-version', 'upgrade-format'],
])

const actionsOfViews: ReadonlyMap<string, CommitAction> = new Map([
  ['set-properties', 'set-properties'],
  ['remove-properties', 'set-properties'],
  ['set-location', 'set-location'],
])

/** Properties that say where files are written: to set one is to move what is written next. */
const placeProperties: ReadonlySet<string> = new Set([
  'write.data.path',
  'write.metadata.path',
  'write.object-storage.path',
  'write.folder-storage.path',
  'write.location-provider.impl',
])

const textOf = (value: Readable): string | undefined => (typeof value === 'string' ? value : undefined)

const lower = (value: Readable): string | undefined => textOf(value)?.toLowerCase()

/** An id whose spelling leaves no doubt; any other equals none. */
const idOf = (value: Readable): Id | undefined =>
  typeof value === 'number' || typeof value === 'bigint' ? canonicalId(value) : undefined

const objectsIn = (value: Readable): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []

const namesPlace = (value: Readable): boolean => {
  if (Array.isArray(value)) return value.some((name) => typeof name === 'string' && placeProperties.has(name))
  return isJsonObject(value) && Object.keys(value).some((name) => placeProperties.has(name))
}

/** Both spellings of each member that readers know. */
const movesFiles = (update: JsonObject): boolean =>
  ['updates', 'updated', 'removals', 'removed'].some((member) => namesPlace(update[member]))

/** What is known of the table's refs and snapshots while the updates are read in order. */
interface Reading {
  readonly actions: Set<CommitNeed['action']>
  readonly refs: Set<string>
  /** Each snapshot that the commit adds, and what it is made upon; null: upon nothing. */
  readonly added: Map<Id, Id | null>
  /** Where each branch stands, as the commit itself requires; null: it must not exist. */
  readonly heads: Map<string, Id | null>
}

/** `assert-ref-snapshot-id`, as far as nobody can read it in two ways. */
const headsOf = (requirements: Readable): Map<string, Id | null> => {
  const heads = new Map<string, Id | null>()
  for (const requirement of objectsIn(requirements)) {
    const ref = textOf(requirement['ref'])
    if (requirement['type'] !== 'assert-ref-snapshot-id' || ref === undefined) continue
    const given = requirement['snapshot-id']
    const head = given === undefined || given === null ? null : idOf(given)
    if (head !== undefined) heads.set(ref, head)
  }
  return heads
}

const readAddSnapshot = ({ actions, added }: Reading, update: JsonObject): void => {
  const { snapshot } = update
  const object = isJsonObject(snapshot) ? snapshot : undefined
  const summary = object?.['summary']
  const appends = isJsonObject(summary) && summary['operation'] === 'append'
  actions.add(appends ? 'append' : 'overwrite')
  const id = idOf(object?.['snapshot-id'])
  const parent = object?.['parent-snapshot-id']
  const parentId = parent === undefined || parent === null ? null : idOf(parent)
  if (id !== undefined && parentId !== undefined) added.set(id, parentId)
}

const mainBranch = 'main'
const retention = ['min-snapshots-to-keep', 'max-snapshot-age-ms', 'max-ref-age-ms']

/** A ref as it was, with other rules of retention, is a changed ref. */
const setsRetention = (update: JsonObject): boolean =>
  retention.some((member) => update[member] !== undefined && update[member] !== null)

/**
 * A branch that goes from where it stands to a snapshot made upon it in this very commit: then it is the snapshot that
 * has to be allowed. Any other way makes a branch or leaves snapshots behind, and is a change of the ref, whatever the
 * snapshot says of itself. Only `main` comes to be by the first snapshot.
 */
const extendsBranch = ({ added, heads }: Reading, update: JsonObject, ref: string): boolean => {
  const target = idOf(update['snapshot-id'])
  if (target === undefined) return false
  const head = heads.get(ref)
  heads.set(ref, target)
  if (head === null && ref !== mainBranch) return false
  return added.get(target) === head && lower(update['type']) === 'branch' && !setsRetention(update)
}

const readSetRef = (reading: Reading, update: JsonObject): void => {
  const ref = textOf(update['ref-name'])
  if (ref === undefined) {
    reading.actions.add('write')
    return
  }
  reading.refs.add(ref)
  if (!extendsBranch(reading, update, ref)) reading.actions.add('change-refs')
}

const readOther = ({ actions, refs }: Reading, action: string, update: JsonObject): void => {
  actions.add(actionsOfTables.get(action) ?? 'write')
  const ref = textOf(update['ref-name'])
  if (action === 'remove-snapshot-ref' && ref !== undefined) refs.add(ref)
}

const readTableUpdate = (reading: Reading, update: JsonObject): void => {
  const action = lower(update['action']) ?? ''
  if (action === 'add-snapshot') readAddSnapshot(reading, update)
  else if (action === 'set-snapshot-ref') readSetRef(reading, update)
  else readOther(reading, action, update)
  if (movesFiles(update)) reading.actions.add('set-location')
}

const readViewUpdate = ({ actions }: Reading, update: JsonObject): void => {
  actions.add(actionsOfViews.get(lower(update['action']) ?? '') ?? 'write')
  if (movesFiles(update)) actions.add('set-location')
}

/** A list of objects and nothing else, with something in it. */
const isWhole = (updates: Readable): boolean =>
  Array.isArray(updates) && updates.length > 0 && updates.every(isJsonObject)

/**
 * Each distinct thing that a commit of a table or view does, in the order of its updates; never empty. `write` is
 * everything at once: for updates that are unknown, and for a commit that says nothing.
 */
export const commitNeeds = (
  kind: 'table' | 'view',
  { requirements, updates }: { readonly requirements?: Readable; readonly updates?: Readable },
): readonly CommitNeed[] => {
  const reading: Reading = {
    actions: new Set(),
    refs: new Set(),
    added: new Map(),
    heads: headsOf(requirements),
  }
  const read = kind === 'table' ? readTableUpdate : readViewUpdate
  for (const update of objectsIn(updates)) read(reading, update)
  if (!isWhole(updates)) reading.actions.add('write')
  const refs = reading.refs.size > 0 ? { refs: [...reading.refs] } : {}
  return [...reading.actions].map((action) => ({ action, ...refs }))
}
