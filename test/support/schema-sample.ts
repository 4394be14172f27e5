/** The smallest value that a schema takes: a body for tests over all endpoints, whatever endpoints there are. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly minItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

const texts: Readonly<Record<string, string>> = {
  'date-time': '2031-01-01T00:00:00Z',
  uuid: '0190a1b2-0000-7000-8000-0000000000aa',
  email: 'a@b.c',
  uri: 'http://a.b',
}

const textOf = ({ format = '', minLength = 1 }: Schema): string => texts[format] ?? 'x'.repeat(minLength)

const objectOf = ({ properties = {}, required = [] }: Schema): object =>
  Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]))

const plain: Readonly<Record<string, (schema: Schema) => unknown>> = {
  string: textOf,
  integer: ({ minimum = 1 }) => minimum,
  number: ({ minimum = 1 }) => minimum,
  boolean: () => true,
  null: () => null,
  array: ({ items = {}, minItems = 0 }) => Array.from({ length: minItems }, () => sampleOf(items)),
  object: objectOf,
}

export const sampleOf = (schema: Schema): unknown => {
  if ('const' in schema) return schema.const
  const [first] = schema.enum ?? []
  if (first !== undefined) return first
  if (schema.anyOf?.[0]) return sampleOf(schema.anyOf[0])
  return plain[schema.type ?? 'object']?.(schema)
}
