/** Names of namespaces, tables and views, and the law that a new name obeys. */
import { CatalogError } from './errors.ts'

/** Levels of a namespace, outermost first; `[]` is the root, which owns no tables. */
export type Namespace = readonly string[]

export interface Identifier {
  readonly namespace: Namespace
  readonly name: string
}

/** Joins levels inside keys of the store and inside paths; refused within names. */
const levelSeparator = '\u001f'

const maxLevelBytes = 255
const maxLevels = 16
const maxTotalBytes = 2000

/** The form used in messages: levels and name joined by dots (the compatibility kit asserts it). */
export const formatNamespace = (namespace: Namespace): string => namespace.join('.')
export const formatIdentifier = (id: Identifier): string => [...id.namespace, id.name].join('.')

export const sameNamespace = (a: Namespace, b: Namespace): boolean =>
  a.length === b.length && a.every((level, i) => level === b[i])

/** True where `prefix` is `namespace` itself or one of its ancestors. */
export const startsWith = (namespace: Namespace, prefix: Namespace): boolean =>
  prefix.length <= namespace.length && prefix.every((level, i) => level === namespace[i])

export const namespaceKey = (namespace: Namespace): string => namespace.join(levelSeparator)
export const namespaceOfKey = (key: string): Namespace => (key === '' ? [] : key.split(levelSeparator))

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
const forbidden = /[\u0000-\u001f\u007f]/

/** C0 and DEL: in no name, and the separator of keys is among them. */
export const hasControlCharacters = (text: string): boolean => forbidden.test(text)

const checkLevel = (level: string, what: string): void => {
  if (level === '') throw new CatalogError('BadRequestException', `Invalid ${what}: a name must not be empty`)
  if (hasControlCharacters(level))
    throw new CatalogError('BadRequestException', `Invalid ${what}: control characters are not allowed`)
  if (!level.isWellFormed())
    throw new CatalogError('BadRequestException', `Invalid ${what}: not well-formed Unicode`)
  if (Buffer.byteLength(level) > maxLevelBytes)
    throw new CatalogError('BadRequestException', `Invalid ${what}: longer than ${maxLevelBytes} bytes`)
}

/** Refuses (400) a namespace that may not be created: empty, too deep, too long, or with control characters. */
export const checkNamespace = (namespace: Namespace): void => {
  if (namespace.length === 0)
    throw new CatalogError('BadRequestException', 'Invalid namespace: at least one level is required')
  if (namespace.length > maxLevels)
    throw new CatalogError('BadRequestException', `Invalid namespace: more than ${maxLevels} levels`)
  for (const level of namespace) checkLevel(level, 'namespace')
  if (Buffer.byteLength(namespaceKey(namespace)) > maxTotalBytes)
    throw new CatalogError(
      'BadRequestException',
      `Invalid namespace: longer than ${maxTotalBytes} bytes in all`,
    )
}

/** Refuses (400) an identifier that may not be created. */
export const checkIdentifier = (id: Identifier): void => {
  checkNamespace(id.namespace)
  checkLevel(id.name, 'name')
  if (Buffer.byteLength(namespaceKey([...id.namespace, id.name])) > maxTotalBytes)
    throw new CatalogError('BadRequestException', `Invalid name: longer than ${maxTotalBytes} bytes in all`)
}

/** Refuses (400) text that Postgres or JSON cannot hold: NUL and lone surrogates (any stored text). */
export const checkText = (text: string, what: string): void => {
  if (text.includes('\u0000') || !text.isWellFormed())
    throw new CatalogError('BadRequestException', `Invalid ${what}: NUL and lone surrogates are not allowed`)
}
