/**
 * Recognises a commit that adds no snapshot after its answer was lost: the newest entry of the metadata log is the
 * base that was known before it was sent, every update shows, and nothing else has changed. Then exactly one commit
 * lies between, and it is this one (or another client's very same one, whose effect is no other).
 * Anything less proves nothing: a table that is still as it was may be changed by the request in a moment.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Loaded } from '#catalog/catalog.ts'
import {
  type DocumentIndex,
  decodeMember,
  decodeSpan,
  indexDocumentInSteps,
  memberItemsInSteps,
  memberSpan,
  spanBytes,
} from '#model/document.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'

/** A table's metadata before and after, and what of it the updates have accounted for. */
interface Comparison {
  readonly base: DocumentIndex
  readonly now: DocumentIndex
}

/** How one kind of update is recognised. */
interface Kind {
  /** Members of the metadata that it may change. */
  readonly touches: readonly string[]
  /** True where the effects of all updates of this kind show, in their order. */
  readonly shows: (comparison: Comparison, updates: readonly JsonObject[]) => boolean
}

const objectsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []

const entriesOf = (value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] =>
  isJsonObject(value) ? Object.entries(value) : []

const sameEntries = (a: ReadonlyMap<string, JsonValue>, b: ReadonlyMap<string, JsonValue>): boolean =>
  a.size === b.size && [...a].every(([name, value]) => b.has(name) && isDeepStrictEqual(b.get(name), value))

const sameProperties: Kind['shows'] = ({ base, now }, updates) => {
  const expected = new Map(entriesOf(decodeMember(base, 'properties')))
  for (const update of updates) {
    for (const [name, value] of entriesOf(update['updates'])) expected.set(name, value)
    const { removals } = update
    for (const name of Array.isArray(removals) ? removals : []) expected.delete(String(name))
  }
  return sameEntries(expected, new Map(entriesOf(decodeMember(now, 'properties'))))
}

/** Some servers write more members into a ref than the client sent. */
const holdsAll = (wanted: ReadonlyMap<string, JsonValue>, found: JsonValue | undefined): boolean =>
  isJsonObject(found) && [...wanted].every(([name, value]) => isDeepStrictEqual(found[name], value))

const refWords = new Set(['action', 'ref-name'])

const sameRefs: Kind['shows'] = ({ base, now }, updates) => {
  const before = new Map(entriesOf(decodeMember(base, 'refs')))
  const after = new Map(entriesOf(decodeMember(now, 'refs')))
  const last = new Map(updates.map((update) => [String(update['ref-name']), update]))
  for (const [name, update] of last) {
    const wanted = entriesOf(update).filter(([word, value]) => !refWords.has(word) && value !== null)
    const shows =
      update['action'] === 'remove-snapshot-ref'
        ? !after.has(name)
        : holdsAll(new Map(wanted), after.get(name))
    if (!shows) return false
    before.delete(name)
    after.delete(name)
  }
  return sameEntries(before, after)
}

const sameLocation: Kind['shows'] = ({ now }, updates) =>
  decodeMember(now, 'location') === updates.at(-1)?.['location']

/** A schema, spec or order without the ids that the server gives. */
type Core = (one: JsonObject) => unknown

const schemaCore: Core = ({ fields, 'identifier-field-ids': ids }) => [fields, Array.isArray(ids) ? ids : []]

const specCore: Core = ({ fields }) =>
  objectsOf(fields).map((one) => [one['name'], one['transform'], one['source-id'] ?? one['source-ids']])

const orderCore: Core = ({ fields }) =>
  objectsOf(fields).map((one) => [
    ...[one['transform'], one['source-id'] ?? one['source-ids']],
    ...[one['direction'], one['null-order']],
  ])

interface Numbered {
  readonly set: string
  /** The member of the adding update. */
  readonly member: string
  /** The member of the setting update that names one; -1 is the last added. */
  readonly id: string
  readonly list: string
  readonly current: string
  /** Of an item of the list. */
  readonly itemId: string
  readonly core: Core
}

const sameNumbered =
  (words: Numbered): Kind['shows'] =>
  ({ now }, updates) => {
    const added = updates.flatMap((update) => objectsOf([update[words.member] ?? null]))
    const items = objectsOf(decodeMember(now, words.list))
    const has = (one: JsonObject) =>
      items.some((item) => isDeepStrictEqual(words.core(item), words.core(one)))
    if (!added.every(has)) return false
    const set = updates.findLast(({ action }) => action === words.set)?.[words.id]
    if (set === undefined) return true
    const current = decodeMember(now, words.current)
    if (set !== -1) return current === set
    const last = added.at(-1)
    const shown = items.find((item) => item[words.itemId] === current)
    return last !== undefined && shown !== undefined && isDeepStrictEqual(words.core(shown), words.core(last))
  }

const properties: Kind = { touches: ['properties'], shows: sameProperties }
const refs: Kind = { touches: ['refs', 'current-snapshot-id', 'snapshot-log'], shows: sameRefs }
const schemas: Kind = {
  touches: ['schemas', 'schema', 'current-schema-id', 'last-column-id'],
  shows: sameNumbered({
    ...{ set: 'set-current-schema', member: 'schema', id: 'schema-id' },
    ...{ list: 'schemas', current: 'current-schema-id', itemId: 'schema-id', core: schemaCore },
  }),
}
const specs: Kind = {
  touches: ['partition-specs', 'partition-spec', 'default-spec-id', 'last-partition-id'],
  shows: sameNumbered({
    ...{ set: 'set-default-spec', member: 'spec', id: 'spec-id' },
    ...{ list: 'partition-specs', current: 'default-spec-id', itemId: 'spec-id', core: specCore },
  }),
}
const orders: Kind = {
  touches: ['sort-orders', 'default-sort-order-id'],
  shows: sameNumbered({
    ...{ set: 'set-default-sort-order', member: 'sort-order', id: 'sort-order-id' },
    ...{ list: 'sort-orders', current: 'default-sort-order-id', itemId: 'order-id', core: orderCore },
  }),
}

/** Every other kind (removal of snapshots or schemas, statistics, format upgrades, keys, views) stays unknown. */
const kinds: ReadonlyMap<JsonValue | undefined, Kind> = new Map([
  ['set-properties', properties],
  ['remove-properties', properties],
  ['set-location', { touches: ['location'], shows: sameLocation }],
  ['set-snapshot-ref', refs],
  ['remove-snapshot-ref', refs],
  ['add-schema', schemas],
  ['set-current-schema', schemas],
  ['add-spec', specs],
  ['set-default-spec', specs],
  ['add-sort-order', orders],
  ['set-default-sort-order', orders],
])

/** True where each update is of a kind that can be recognised afterwards. */
export const isRecognisable = (updates: JsonValue | undefined): boolean =>
  Array.isArray(updates) &&
  updates.length > 0 &&
  updates.every((update) => isJsonObject(update) && kinds.has(update['action']))

/** Each commit changes these. */
const always = ['last-updated-ms', 'metadata-log']

const sameMember = ({ base, now }: Comparison, name: string): boolean => {
  const [before, after] = [memberSpan(base, name), memberSpan(now, name)]
  if (!before || !after) return before === after
  return (
    Buffer.compare(spanBytes(base, before), spanBytes(now, after)) === 0 ||
    isDeepStrictEqual(decodeSpan(base, before), decodeSpan(now, after))
  )
}

const newestInLog = async (metadata: DocumentIndex): Promise<JsonValue | undefined> => {
  const last = (await memberItemsInSteps(metadata, 'metadata-log')).at(-1)
  const entry = last === undefined ? undefined : decodeSpan(metadata, last)
  return isJsonObject(entry) ? entry['metadata-file'] : undefined
}

const indexOf = ({ metadata }: Loaded): Promise<DocumentIndex> =>
  indexDocumentInSteps(Buffer.concat(metadata))

/** True where exactly these updates, and nothing else, lie between the two. `updates` are recognisable. */
export const showsEffects = async (base: Loaded, now: Loaded, updates: JsonValue): Promise<boolean> => {
  if (base.metadataLocation === undefined || base.metadataLocation === now.metadataLocation) return false
  const comparison: Comparison = { base: await indexOf(base), now: await indexOf(now) }
  if ((await newestInLog(comparison.now)) !== base.metadataLocation) return false
  const byKind = Map.groupBy(objectsOf(updates), ({ action }) => kinds.get(action))
  const touched = new Set([...byKind.keys()].flatMap((kind) => kind?.touches ?? []))
  const names = new Set([...comparison.base.members.keys(), ...comparison.now.members.keys()])
  const untouched = [...names].filter((name) => !touched.has(name) && !always.includes(name))
  if (!untouched.every((name) => sameMember(comparison, name))) return false
  if ([...touched].every((name) => sameMember(comparison, name))) return false
  return [...byKind].every(([kind, own]) => kind?.shows(comparison, own) === true)
}
