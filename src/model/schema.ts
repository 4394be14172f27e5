/** Values from outside against a schema, strictly: what is unknown is refused, with the name that was probably meant. */
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { CatalogError } from './errors.ts'

interface Violation {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** `/state/warehouses/0/name` as it is read: `state.warehouses[0].name`. */
const readable = (path: string): string =>
  path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((text, part) => {
      if (/^\d+$/.test(part)) return `${text}[${part}]`
      return text === '' ? part : `${text}.${part}`
    }, '')

/** How many letters must be changed, added or left out (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** No name of ours is as long: comparing longer ones takes time and finds nothing. */
const longestName = 100

/** The known name that is nearest, when it is near enough to be meant. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  if (name.length > longestName) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, far: distance(name.toLowerCase(), candidate) }))
    .sort((a, b) => a.far - b.far)
  const [best] = ranked
  return best !== undefined && best.far <= Math.max(2, Math.floor(name.length / 3))
    ? best.candidate
    : undefined
}

const at = (schema: unknown, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (node, part) =>
        typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[part] : undefined,
      schema,
    )

const knownNames = (schema: TSchema, path: string): readonly string[] => {
  const node = at(schema, path)
  const properties = typeof node === 'object' && node !== null && 'properties' in node ? node.properties : {}
  return Object.keys(properties as object)
}

/** Violations that a message names; there may be as many as a request has members. */
const mostTold = 10

const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

const unknownNames = (schema: TSchema, violation: Violation): readonly string[] => {
  const { additionalProperties = [] } = violation.params as { additionalProperties?: readonly string[] }
  const known = knownNames(schema, violation.schemaPath)
  const path = readable(violation.instancePath)
  return additionalProperties.slice(0, mostTold).map((name) => {
    const meant = nearest(name, known)
    return `${within(path, name)} is unknown${meant === undefined ? '' : `; did you mean "${meant}"?`}`
  })
}

const missingNames = (violation: Violation): readonly string[] => {
  const { requiredProperties = [] } = violation.params as { requiredProperties?: readonly string[] }
  const path = readable(violation.instancePath)
  return requiredProperties.map((name) => `${within(path, name)} is missing`)
}

const explain = (schema: TSchema, violation: Violation): readonly string[] => {
  // Only repeat what others say in more words.
  if (violation.keyword === 'boolean' || violation.keyword === 'anyOf') return []
  if (violation.keyword === 'additionalProperties') return unknownNames(schema, violation)
  if (violation.keyword === 'required') return missingNames(violation)
  const path = readable(violation.instancePath)
  return [`${path === '' ? 'the value' : path} ${violation.message}`]
}

interface Variant extends TSchema {
  readonly properties?: Readonly<Record<string, { readonly const?: unknown }>>
}

interface Choice {
  readonly path: string
  readonly variants: readonly Variant[]
  readonly instance: object
}

const choicePath = /^#((?:\/properties\/[^/]+)+)\/anyOf\//

/** The choice between several forms of an object within which a violation lies. */
const choiceOf = (schema: TSchema, value: unknown, { schemaPath }: Violation): Choice | undefined => {
  const [, inSchema] = choicePath.exec(schemaPath) ?? []
  if (inSchema === undefined) return undefined
  const inValue = inSchema.replaceAll('/properties/', '/')
  const instance = at(value, inValue)
  if (typeof instance !== 'object' || instance === null) return undefined
  const variants = at(schema, `#${inSchema}/anyOf`) as readonly Variant[]
  return { path: readable(inValue), variants, instance }
}

/** Of the form that the value says it has; the others have nothing to say. */
const explainChoice = ({ path, variants, instance }: Choice): readonly string[] => {
  const [first] = variants
  const [key] =
    Object.entries(first?.properties ?? {}).find(([, { const: fixed }]) => fixed !== undefined) ?? []
  if (key === undefined) return [`${path} has none of its forms`]
  const fixedOf = (variant: Variant): unknown => variant.properties?.[key]?.const
  const said = (instance as Record<string, unknown>)[key]
  const meant = variants.find((variant) => fixedOf(variant) === said)
  if (meant !== undefined) return violationsOf(meant, instance).map((violation) => `${path}.${violation}`)
  const kinds = variants.map((variant) => JSON.stringify(fixedOf(variant)))
  return [`${path}.${key} must be one of ${kinds.join(', ')}`]
}

/** Every way in which a value breaks a schema, as sentences; none when it keeps to it. Values are not repeated: they may be secret. */
const violationsOf = (schema: TSchema, value: unknown): readonly string[] => {
  if (Value.Check(schema, value)) return []
  const sentences = Value.Errors(schema, value).flatMap((error) => {
    const choice = choiceOf(schema, value, error)
    return choice === undefined ? explain(schema, error) : explainChoice(choice)
  })
  return [...new Set(sentences)]
}

/** The value with the schema's type. BadRequest naming every violation; `what` opens the message. */
export const decodeStrictly = <S extends TSchema>(schema: S, value: unknown, what: string): Static<S> => {
  const violations = violationsOf(schema, value)
  if (violations.length > 0)
    throw new CatalogError(
      'BadRequestException',
      `Invalid ${what}: ${violations.slice(0, mostTold).join(', ')}`,
    )
  return value as Static<S>
}
