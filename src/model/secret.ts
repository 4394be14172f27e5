/** Secrets within configurations: how they are spelled, and where they stand. */
import { type TSchema, Type } from 'typebox'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const reference = `env:[A-Za-z_][A-Za-z0-9_]*|file:/.+|secret:${uuid}`

/**
 * `env:NAME`, `file:/path`, or the secret itself, which is sealed on arrival and stands as `secret:<uuid>` from then on.
 * What begins like a reference has to be one. Write only: no answer has the secret.
 */
export const secretSchema = (description = '`env:NAME`, `file:/path`, or the secret itself') =>
  Type.String({
    pattern: `^(?:${reference}|(?!env:|file:|secret:)[^\\0]+)$`,
    maxLength: 65_536,
    description,
    writeOnly: true,
  })

const isReferenceText = new RegExp(`^(?:${reference})$`)
const sealedText = new RegExp(`^secret:(${uuid})$`)

/** False for a secret itself. */
export const isReference = (text: string): boolean => isReferenceText.test(text)

/** The id in `secret:<uuid>`; undefined for any other text. */
export const sealedIdOf = (text: string): string | undefined => sealedText.exec(text)?.[1]

export const sealedReference = (id: string): string => `secret:${id}`

/** The ids of all sealed secrets that a configuration refers to. */
export const sealedIdsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [sealedIdOf(value) ?? []].flat()
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(sealedIdsIn) : []
}

interface Node extends TSchema {
  readonly anyOf?: readonly Node[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly writeOnly?: boolean
}

const formsOf = (node: Node): readonly Node[] => [node, ...(node.anyOf ?? []).flatMap(formsOf)]

const childrenOf = (nodes: readonly Node[], key: string): readonly Node[] =>
  nodes.flatMap(formsOf).flatMap(({ properties, items }) => [properties?.[key] ?? [], items ?? []].flat())

const mapped = (nodes: readonly Node[], value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === 'string')
    return nodes.flatMap(formsOf).some((node) => node.writeOnly) ? change(value) : value
  if (Array.isArray(value)) return value.map((item) => mapped(childrenOf(nodes, ''), item, change))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, member]) => [key, mapped(childrenOf(nodes, key), member, change)]),
  )
}

/** A copy of a value that keeps to the schema, with `change` made to every text that the schema calls a secret. */
export const mapSecrets = <T>(schema: TSchema, value: T, change: (text: string) => string): T =>
  mapped([schema], value, change) as T
