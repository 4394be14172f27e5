/** What ends every commit of a view: dialects kept, old versions dropped, the document written. */
import { encodeMembers, joinChunks, type Replacement, replaceMembers } from '#model/document.ts'
import { CatalogError } from '#model/errors.ts'
import { illegal } from './errors.ts'
import { type ViewDraft, versionById } from './view-draft.ts'
import { dialectsOf } from './view-version.ts'

const historySizeKey = 'version.history.num-entries'
const dropDialectKey = 'replace.drop-dialect.allowed'
const defaultHistorySize = 10

const shown = (dialects: ReadonlySet<string>): string => `[${[...dialects].join(', ')}]`

/** A new current version must speak every dialect of the one before, unless the view's properties allow less. */
const checkNoDialectLost = (draft: ViewDraft): void => {
  const { original, values, properties } = draft
  if (original === undefined || values.currentVersionId === original.currentVersionId) return
  if (properties.get(dropDialectKey)?.toLowerCase() === 'true') return
  const [before, after] = [original, values].map(({ currentVersionId }) => {
    const version = versionById(draft, currentVersionId)
    return version === undefined ? new Set<string>() : dialectsOf(version)
  }) as [ReadonlySet<string>, ReadonlySet<string>]
  if ([...before].every((dialect) => after.has(dialect))) return
  throw illegal(
    `Cannot replace view due to loss of view dialects (${dropDialectKey}=false):\n` +
      `Previous dialects: ${shown(before)}\nNew dialects: ${shown(after)}`,
  )
}

const historySize = ({ properties }: ViewDraft): number => {
  const text = properties.get(historySizeKey)
  if (text === undefined) return defaultHistorySize
  if (!/^[+-]?\d{1,9}$/.test(text)) throw illegal(`${historySizeKey} must be an integer but was ${text}`)
  const size = Number(text)
  if (size <= 0) throw illegal(`${historySizeKey} must be positive but was ${size}`)
  return size
}

/** Keeps the current version and the newest ones by id, at least those that this commit added. */
const dropOldVersions = ({ versions, log, values, changes }: ViewDraft, size: number): void => {
  const needed = new Set([...changes.addedVersions, values.currentVersionId]).size
  const room = Math.max(needed, size)
  if (versions.size() <= room) return
  const others = versions.items().flatMap(({ id }) => (id === values.currentVersionId ? [] : [id]))
  const newest = others.toSorted((a, b) => b - a).slice(0, room - 1)
  const kept = new Set([values.currentVersionId, ...newest])
  versions.removeWhere(({ id }) => !kept.has(id))
  // The log reads as a history: nothing before an entry whose version is gone.
  log.removeFirst(log.items().findLastIndex(({ versionId }) => !kept.has(versionId)) + 1)
}

const checkRepresentations = ({ versions, changes }: ViewDraft): void => {
  for (const { id, representations } of versions.items()) {
    const unknown = representations.find(({ type }) => type !== 'sql')
    if (unknown !== undefined && changes.addedVersions.has(id))
      throw new CatalogError(
        'UnsupportedOperationException',
        `Cannot serialize unsupported view representation: ${unknown.type}`,
      )
  }
}

/** Checks and prunes; throws what the client is told. */
export const finishView = (draft: ViewDraft): void => {
  if (draft.changes.logEntry !== undefined) draft.log.add(draft.changes.logEntry)
  checkNoDialectLost(draft)
  dropOldVersions(draft, historySize(draft))
  checkRepresentations(draft)
}

const encodeNew = ({ values, schemas, versions, log, properties }: ViewDraft): Uint8Array => {
  const named = properties.entries().size === 0 ? undefined : properties.replacement()
  const members: readonly (readonly [string, Replacement])[] = [
    ['view-uuid', values.uuid],
    ['format-version', values.formatVersion],
    ['location', values.location],
    ['properties', named],
    ['schemas', schemas.replacement()],
    ['current-version-id', values.currentVersionId],
    ['versions', versions.replacement()],
    ['version-log', log.replacement()],
  ]
  return joinChunks(encodeMembers(members))
}

/** The document: a new one in the order that the reference writes, or the base with its touched members replaced. */
export const encodeView = (draft: ViewDraft): Uint8Array => {
  const { index, original, values, properties } = draft
  if (index === undefined || original === undefined) return encodeNew(draft)
  const changes = new Map<string, Replacement>()
  if (values.location !== original.location) changes.set('location', values.location)
  if (properties.touched())
    changes.set('properties', properties.entries().size === 0 ? undefined : properties.replacement())
  if (draft.schemas.touched()) changes.set('schemas', draft.schemas.replacement())
  if (values.currentVersionId !== original.currentVersionId)
    changes.set('current-version-id', values.currentVersionId)
  if (draft.versions.touched()) changes.set('versions', draft.versions.replacement())
  if (draft.log.touched()) changes.set('version-log', draft.log.replacement())
  return joinChunks(replaceMembers(index, changes))
}
