/**
 * What a rule looks at, found in its parsed form: a decision is the same for all questions that agree on it. What is not
 * understood counts as looking at everything.
 */

/** A rule in Cedar's JSON form, as `policyToJson` gives it. */
export interface ParsedRule {
  readonly effect: 'permit' | 'forbid'
  readonly principal: unknown
  readonly action: unknown
  readonly resource: unknown
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: unknown }[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** What is looked at of a principal or a resource. */
interface EntityReads {
  readonly attributes: Set<string>
  /** Entities that it is compared with, or looked for in, as `Type::"id"`. */
  readonly entities: Set<string>
  /** Names of tags. */
  readonly tags: Set<string>
  /** Everything: which one it is, all that it lies in, all tags and attributes. */
  whole: boolean
}

export interface Reads {
  readonly principal: EntityReads
  readonly resource: EntityReads
  readonly context: Set<string>
  /** All of the context. */
  allContext: boolean
}

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

const emptyEntity = (): EntityReads => ({
  attributes: new Set(),
  entities: new Set(),
  tags: new Set(),
  whole: false,
})

export const entityKey = ({ type, id }: { readonly type: string; readonly id: string }): string =>
  `${type}::${JSON.stringify(id)}`

const member = (node: unknown, name: string): unknown => (isNode(node) ? node[name] : undefined)

/** Of `{type, id}`, bare or wrapped; undefined for anything else. */
export const entityIn = (value: unknown): string | undefined => {
  const bare = member(value, '__entity') ?? value
  const type = member(bare, 'type')
  const id = member(bare, 'id')
  return typeof type === 'string' && typeof id === 'string' ? entityKey({ type, id }) : undefined
}

export const variableIn = (node: unknown): string | undefined => {
  const name = member(node, 'Var')
  return typeof name === 'string' ? name : undefined
}

const literalsIn = (node: unknown): readonly string[] | undefined => {
  const set = member(node, 'Set')
  const items: readonly unknown[] = Array.isArray(set) ? set : [node]
  const found = items.map((item) => entityIn(member(item, 'Value')))
  return found.every((one) => one !== undefined) ? found : undefined
}

const entityReads = (reads: Reads, variable: string | undefined): EntityReads | undefined =>
  variable === 'principal' || variable === 'resource' ? reads[variable] : undefined

/** A variable by itself, where nothing tells what of it matters. */
const readWhole = (reads: Reads, variable: string): void => {
  const entity = entityReads(reads, variable)
  if (entity) entity.whole = true
  else if (variable === 'context') reads.allContext = true
}

const readAttribute = (reads: Reads, variable: string, attribute: unknown): void => {
  const [name] = Array.isArray(attribute) ? attribute : [attribute]
  if (typeof name !== 'string') readWhole(reads, variable)
  else if (variable === 'context') reads.context.add(name)
  else entityReads(reads, variable)?.attributes.add(name)
}

type Walk = (node: unknown) => void

const readTag = (reads: Reads, { left, right }: Node, walk: Walk): void => {
  const entity = entityReads(reads, variableIn(left))
  const name = member(right, 'Value')
  if (!entity) walk(left)
  else if (typeof name === 'string') entity.tags.add(name)
  else entity.whole = true
  walk(right)
}

/** `==`, `!=`, `in`: which of the named entities it is, or lies in, is all that matters. */
const readPlace = (reads: Reads, { left, right }: Node, walk: Walk): void => {
  const entity = entityReads(reads, variableIn(left))
  const literals = literalsIn(right)
  if (entity && literals) for (const literal of literals) entity.entities.add(literal)
  else {
    walk(left)
    walk(right)
  }
}

const readMember = (reads: Reads, { left, attr }: Node, walk: Walk): void => {
  const variable = variableIn(left)
  if (variable === undefined) walk(left)
  else readAttribute(reads, variable, attr)
}

/** The type of an entity is part of every question. */
const readType = (reads: Reads, { left, in: place }: Node, walk: Walk): void => {
  if (variableIn(left) === undefined) walk(left)
  if (place !== undefined) readPlace(reads, { left, right: place }, walk)
}

/** Its members have names of their own, which may be those of operators. */
const readRecord = (_reads: Reads, members: Node, walk: Walk): void => {
  for (const value of Object.values(members)) walk(value)
}

type Reader = (reads: Reads, node: Node, walk: Walk) => void

const readers: Readonly<Record<string, Reader>> = {
  '.': readMember,
  has: readMember,
  hasTag: readTag,
  getTag: readTag,
  '==': readPlace,
  '!=': readPlace,
  in: readPlace,
  is: readType,
  Record: readRecord,
}

const walkExpression = (reads: Reads, node: unknown): void => {
  const variable = variableIn(node)
  if (variable !== undefined) readWhole(reads, variable)
  else if (isNode(node)) walkOperators(reads, node)
}

/** Items of a list have their place for an operator, which is none of those that are known. */
const walkOperators = (reads: Reads, node: Node): void => {
  for (const [operator, operand] of Object.entries(node)) {
    const reader = Object.hasOwn(readers, operator) ? readers[operator] : undefined
    if (reader && isNode(operand)) reader(reads, operand, (inner) => walkExpression(reads, inner))
    else if (operator !== 'Value') walkExpression(reads, operand)
  }
}

/** `==`, `in` and `is … in` of a rule's head. */
const readScope = (entity: EntityReads, scope: unknown): void => {
  for (const place of [member(scope, 'entity'), member(member(scope, 'in'), 'entity')]) {
    const literal = entityIn(place)
    if (literal !== undefined) entity.entities.add(literal)
  }
}

/** Of all rules together. */
export const readsOf = (rules: readonly ParsedRule[]): Reads => {
  const reads: Reads = {
    principal: emptyEntity(),
    resource: emptyEntity(),
    context: new Set(),
    allContext: false,
  }
  for (const { principal, resource, conditions } of rules) {
    readScope(reads.principal, principal)
    readScope(reads.resource, resource)
    for (const { body } of conditions) walkExpression(reads, body)
  }
  return reads
}
