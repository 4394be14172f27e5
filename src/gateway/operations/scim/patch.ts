/** The steps of a PATCH (RFC 7644, 3.5.2), in the dialects that Entra and Okta write. */
import type { Filter } from 'scim2-parse-filter'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import { parseFilter } from './filter.ts'
import { ScimRefusal } from './refusal.ts'

/** `emails[type eq "work"].value` taken apart. */
interface PatchPath {
  /** In lower case. */
  readonly attribute: string
  readonly filter?: Filter
  /** In lower case. */
  readonly part?: string
}

export interface PatchStep {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: PatchPath
  /** Null where there was none. */
  readonly value: JsonValue
}

const mostOperations = 1_000

const coreSchema = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/i
const pathForm = /^([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?$/s

/** Undefined for what belongs to another schema: nothing of it is kept. */
const readPath = (text: string): PatchPath | undefined => {
  const path = text.trim().replace(coreSchema, '')
  if (/^urn:/i.test(path)) return undefined
  const [, attribute, filter, part] = pathForm.exec(path) ?? []
  if (attribute === undefined) throw new ScimRefusal('invalidPath', 'Invalid path')
  return {
    attribute: attribute.toLowerCase(),
    ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
    ...(part === undefined ? {} : { part: part.toLowerCase() }),
  }
}

const isOp = (word: unknown): word is PatchStep['op'] =>
  word === 'add' || word === 'replace' || word === 'remove'

const invalid = (what: string): ScimRefusal => new ScimRefusal('invalidSyntax', `Invalid patch: ${what}`)

/** Names of attributes are in any letter case, and so are these. */
const member = (object: JsonObject, name: string): JsonValue | undefined =>
  object[name] ?? Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]

/** InvalidPath where a part, or some of several items, is asked of what has neither. */
export const checkWhole = ({ attribute, filter, part }: PatchPath): void => {
  if (filter !== undefined || part !== undefined)
    throw new ScimRefusal('invalidPath', `Invalid path: ${attribute} has neither items nor parts`)
}

const stepAt = (op: PatchStep['op'], path: string, value: JsonValue): readonly PatchStep[] => {
  const read = readPath(path)
  return read === undefined ? [] : [{ op, path: read, value }]
}

/** Without a path the value has attributes; Azure writes whole paths as their names. */
const readOperation = (operation: JsonValue): readonly PatchStep[] => {
  if (!isJsonObject(operation)) throw invalid('an operation is an object')
  const word = member(operation, 'op')
  const op = typeof word === 'string' ? word.toLowerCase() : word
  if (!isOp(op)) throw invalid('op is add, replace or remove')
  const path = member(operation, 'path')
  const value = member(operation, 'value') ?? null
  if (typeof path === 'string' && path !== '') return stepAt(op, path, value)
  if (op === 'remove') throw new ScimRefusal('noTarget', 'Invalid patch: remove needs a path')
  if (!isJsonObject(value)) throw invalid('an operation without a path has an object as its value')
  return Object.entries(value).flatMap(([key, inner]) => stepAt(op, key, inner))
}

export const readPatch = (body: JsonObject): readonly PatchStep[] => {
  const operations = member(body, 'Operations')
  if (!Array.isArray(operations) || operations.length === 0) throw invalid('Operations is a list')
  if (operations.length > mostOperations) throw invalid(`more than ${mostOperations} operations`)
  return operations.flatMap(readOperation)
}
