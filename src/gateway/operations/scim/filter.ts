/** Filters of SCIM (RFC 7644, 3.4.2.2) as conditions on our columns. */
import { type Compare, type Filter, parse } from 'scim2-parse-filter'
import { hasControlCharacters } from '#model/identifier.ts'
import type { Comparison, Condition } from '#store/conditions.ts'
import { ScimRefusal } from './refusal.ts'

interface Filterable {
  readonly column: string
  readonly type: 'text' | 'boolean' | 'time'
  /** Default: all that the type has. */
  readonly only?: readonly Comparison[]
}

/** By attribute in lower case, as `emails.value`. */
export type FilterTable = Readonly<Record<string, Filterable>>

const times = {
  'meta.created': { column: 'created', type: 'time' },
  'meta.lastmodified': { column: 'changed', type: 'time' },
} as const

export const userFilters: FilterTable = {
  id: { column: 'id', type: 'text' },
  username: { column: 'userName', type: 'text' },
  externalid: { column: 'externalId', type: 'text' },
  displayname: { column: 'name', type: 'text' },
  'name.formatted': { column: 'name', type: 'text' },
  emails: { column: 'email', type: 'text' },
  'emails.value': { column: 'email', type: 'text' },
  active: { column: 'active', type: 'boolean' },
  ...times,
}

export const groupFilters: FilterTable = {
  id: { column: 'id', type: 'text' },
  displayname: { column: 'name', type: 'text' },
  externalid: { column: 'sourceId', type: 'text' },
  members: { column: 'member', type: 'text', only: ['eq'] },
  'members.value': { column: 'member', type: 'text', only: ['eq'] },
  ...times,
}

const operators: Readonly<Record<Filterable['type'], readonly Comparison[]>> = {
  text: ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'],
  boolean: ['eq', 'ne'],
  time: ['eq', 'ne', 'gt', 'ge', 'lt', 'le'],
}

/** The parser calls itself for every bracket; over line breaks in an open quotation it would try all ways to read them. */
const longestFilter = 2_000

const invalid = (why: string): ScimRefusal => new ScimRefusal('invalidFilter', `Invalid filter: ${why}`)

const urn = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/i

const find = (table: FilterTable, path: string): Filterable => {
  const name = path.replace(urn, '').toLowerCase()
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined) throw invalid(`${path} cannot be filtered by`)
  return found
}

const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/
/** What the database takes too: its calendar has no year 0. */
const storedTime = /^(?!0000)\d{4}-/

const timeOf = (text: string, attrPath: string): string => {
  const at = timeForm.test(text) ? Date.parse(text) : Number.NaN
  const plain = Number.isFinite(at) ? new Date(at).toISOString() : ''
  if (!storedTime.test(plain)) throw invalid(`${attrPath} is a point in time`)
  return plain
}

/** Older clients write truth values as text. */
const booleanOf = (value: Compare['compValue']): boolean | undefined => {
  if (typeof value === 'boolean') return value
  const text = String(value).toLowerCase()
  return text === 'true' || text === 'false' ? text === 'true' : undefined
}

const comparedWith = ({ type }: Filterable, { attrPath, compValue }: Compare): string | boolean | null => {
  if (compValue === null) return null
  if (type === 'boolean') {
    const value = booleanOf(compValue)
    if (value === undefined) throw invalid(`${attrPath} is true or false`)
    return value
  }
  if (typeof compValue !== 'string') throw invalid(`${attrPath} is compared with text`)
  return type === 'time' ? timeOf(compValue, attrPath) : compValue
}

const comparisonOf = (table: FilterTable, asked: Compare): Condition => {
  const attribute = find(table, asked.attrPath)
  const value = comparedWith(attribute, asked)
  const allowed = value === null ? ['eq', 'ne'] : (attribute.only ?? operators[attribute.type])
  if (!allowed.includes(asked.op)) throw invalid(`${asked.attrPath} cannot be compared by ${asked.op}`)
  return { kind: 'compare', column: attribute.column, comparison: asked.op, value }
}

/** `emails[value eq "x"]` is `emails.value eq "x"`. */
const prefixed = (prefix: string, inner: Filter): Filter => {
  switch (inner.op) {
    case 'and':
    case 'or':
      return { ...inner, filters: inner.filters.map((one) => prefixed(prefix, one)) }
    case 'not':
      return { ...inner, filter: prefixed(prefix, inner.filter) }
    case '[]':
      throw invalid('brackets within brackets')
    default:
      return { ...inner, attrPath: `${prefix}.${inner.attrPath}` }
  }
}

const conditionOf = (table: FilterTable, filter: Filter): Condition => {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { kind: filter.op, of: filter.filters.map((one) => conditionOf(table, one)) }
    case 'not':
      return { kind: 'not', of: conditionOf(table, filter.filter) }
    case '[]':
      return conditionOf(table, prefixed(filter.attrPath, filter.valFilter))
    case 'pr':
      return { kind: 'present', column: find(table, filter.attrPath).column }
    case 'eq':
    case 'ne':
    case 'co':
    case 'sw':
    case 'ew':
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
      return comparisonOf(table, filter)
    default:
      throw invalid('unknown operator')
  }
}

/** BadRequest (`invalidFilter`) for what is no filter, or asks for what is not kept in a column. */
export const parseFilter = (text: string): Filter => {
  if (text.length > longestFilter) throw invalid(`longer than ${longestFilter} characters`)
  if (hasControlCharacters(text)) throw invalid('control characters stand escaped')
  try {
    return parse(text)
  } catch (cause) {
    throw new ScimRefusal('invalidFilter', 'Invalid filter: it cannot be read', { cause })
  }
}

export const readFilter = (table: FilterTable, text: string | undefined): Condition | undefined =>
  text === undefined || text.trim() === '' ? undefined : conditionOf(table, parseFilter(text))
