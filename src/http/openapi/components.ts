/** Schemas as OpenAPI 3.1 writes them: every form with a title stands once, under `components`. */
import type { TSchema } from 'typebox'

/** A node of a JSON schema. */
export interface SchemaNode {
  readonly [member: string]: unknown
}

export interface Components {
  /** The schema, or a reference to it where it has a title. */
  refer(schema: TSchema): SchemaNode
  readonly schemas: Readonly<Record<string, SchemaNode>>
}

const isNode = (value: unknown): value is SchemaNode => typeof value === 'object' && value !== null

/** Names that stand below these are members of the value: a `title` among them is no title. */
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs'])

/** What any name may have: generators know it under the other word. */
const anyName = '^.*$'
const withoutPatterns = ({ patternProperties, ...node }: SchemaNode): SchemaNode =>
  isNode(patternProperties) && patternProperties[anyName] !== undefined
    ? { ...node, additionalProperties: patternProperties[anyName] }
    : { ...node, ...(patternProperties === undefined ? {} : { patternProperties }) }

/** Throws where two forms have one title. */
export const createComponents = (): Components => {
  const schemas: Record<string, SchemaNode> = {}
  const writeMembers = (members: SchemaNode): SchemaNode =>
    Object.fromEntries(Object.entries(members).map(([name, value]) => [name, write(value)]))
  const writeNode = (node: SchemaNode): SchemaNode =>
    Object.fromEntries(
      Object.entries(withoutPatterns(node)).map(([key, value]) => [
        key,
        named.has(key) && isNode(value) ? writeMembers(value) : write(value),
      ]),
    )
  const hoist = (title: string, node: SchemaNode): SchemaNode => {
    const written = writeNode(node)
    const known = schemas[title]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(written))
      throw new Error(`two forms are called ${title}`)
    schemas[title] = written
    return { $ref: `#/components/schemas/${title}` }
  }
  const write = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(write)
    if (!isNode(value)) return value
    const { title, ...node } = value
    return typeof title === 'string' ? hoist(title, node) : writeNode(value)
  }
  return {
    // Through its text: what the library notes for itself is no part of the schema.
    refer: (schema) => write(JSON.parse(JSON.stringify(schema))) as SchemaNode,
    schemas,
  }
}
