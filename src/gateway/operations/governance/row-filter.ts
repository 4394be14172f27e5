/** Row filters: Iceberg expressions in the specification's JSON (Expressions), taken only where every part is known. */
import { CatalogError } from '#model/errors.ts'
import { JsonNumber, type JsonObject, stringifyJson } from '#model/json.ts'

const refused = (path: string): CatalogError =>
  new CatalogError('BadRequestException', `Invalid row-filter: ${path || '/'} is no Iceberg expression`)

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const unary = new Set(['is-null', 'not-null', 'is-nan', 'not-nan'])
const literal = new Set(['lt', 'lt-eq', 'gt', 'gt-eq', 'eq', 'not-eq', 'starts-with', 'not-starts-with'])
const sets = new Set(['in', 'not-in'])
const deepest = 50

const isTerm = (term: unknown): boolean => {
  if (typeof term === 'string') return term.length > 0
  return (
    isNode(term) &&
    term['type'] === 'transform' &&
    typeof term['transform'] === 'string' &&
    isTerm(term['term'])
  )
}

const literals = new Set(['string', 'number', 'bigint', 'boolean'])

/** Dates, times, decimals and binary are text; whole numbers may be too large for a number. */
const isLiteral = (value: unknown): boolean => literals.has(typeof value) || value instanceof JsonNumber

const hasMembers = (node: Node, members: readonly string[]): boolean =>
  Object.keys(node).every((key) => key === 'type' || members.includes(key))

const isLeaf = (type: string, node: Node): boolean => {
  if (unary.has(type)) return isTerm(node['term']) && hasMembers(node, ['term'])
  if (literal.has(type))
    return isTerm(node['term']) && isLiteral(node['value']) && hasMembers(node, ['term', 'value'])
  const { values } = node
  return sets.has(type) && isTerm(node['term']) && Array.isArray(values) && values.every(isLiteral)
}

const check = (node: unknown, path: string, depth: number): void => {
  if (node === true || node === false) return
  if (!isNode(node) || depth > deepest) throw refused(path)
  const { type } = node
  switch (type) {
    case 'true':
    case 'false':
      return
    case 'and':
    case 'or':
      check(node['left'], `${path}/left`, depth + 1)
      check(node['right'], `${path}/right`, depth + 1)
      return
    case 'not':
      check(node['child'], `${path}/child`, depth + 1)
      return
    default:
      if (typeof type !== 'string' || !isLeaf(type, node)) throw refused(path)
  }
}

const longest = 64 * 1024

/** Its text. BadRequest for what is no expression, or too long. */
export const checkFilter = (filter: unknown): string => {
  check(filter, '', 0)
  const text = stringifyJson(filter as JsonObject)
  if (text.length > longest) throw new CatalogError('BadRequestException', 'Invalid row-filter: too long')
  return text
}
