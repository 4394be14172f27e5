/**
 * Identifiers as paths of the upstream: each level encoded, levels joined by the upstream's separator. A name that the
 * upstream might read as another one is asked for only after it has shown that it reads it as meant.
 */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { formatNamespace, type Identifier, type Namespace, sameNamespace } from '#model/identifier.ts'
import type { Ask, Upstream } from './client.ts'
import { list } from './paging.ts'
import { read } from './reads.ts'
import type { Session } from './session.ts'
import { type Expectation, readAnswer } from './translate.ts'

const dotSegment = /^(\.|%2e){1,2}$/i

/** Every server has to take it, whatever it advertises (specification, parameter `namespace`). */
const oldSeparator = { encoded: '%1F', decoded: '\u001f' }

/** Undefined for a name that no path can hold: a segment of dots would climb out of its place. */
const segment = (name: string): string | undefined => {
  if (name === '' || !name.isWellFormed()) return undefined
  const encoded = encodeURIComponent(name)
  return dotSegment.test(encoded) ? undefined : encoded
}

/** A namespace in a path; `doubtful` where a level holds what the upstream separates levels by. */
interface Spelling {
  readonly text: string
  readonly doubtful: boolean
}

const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

const escapeAll = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** Joined and split again, levels come out as they went in. */
const comesBack = (levels: readonly string[], separator: string): boolean =>
  sameNamespace(levels.join(separator).split(separator), levels)

/** The upstream may take these levels for others once they are joined. */
const isMergeable = ({ separator }: Session, namespace: Namespace): boolean =>
  !comesBack(namespace, decodeURIComponent(separator))

/** As `isMergeable`, or already in the text of the path. */
const isDoubtful = (session: Session, namespace: Namespace): boolean =>
  isMergeable(session, namespace) || !comesBack(namespace.map(encodeURIComponent), session.separator)

/** A single level that holds the separator: escaped, where that makes it another text than the separator is. */
const spellAlone = ({ separator }: Session, level: string): string | undefined => {
  const decoded = decodeURIComponent(separator)
  const text = level.split(decoded).map(encodeURIComponent).join(escapeAll(decoded))
  if (!holds(text, separator)) return text
  const plain = encodeURIComponent(level)
  return holds(plain, separator) ? undefined : plain
}

const isSpeakable = (level: string): boolean =>
  level !== '' && level.isWellFormed() && !level.includes(oldSeparator.decoded)

/** Undefined where no path names these levels. Several levels, of which one is doubtful, are joined by %1F. */
const spell = (session: Session, namespace: Namespace): Spelling | undefined => {
  const [first] = namespace
  if (first === undefined || !namespace.every(isSpeakable)) return undefined
  const doubtful = isDoubtful(session, namespace)
  const joiner = doubtful ? oldSeparator.encoded : session.separator
  const text =
    doubtful && namespace.length === 1
      ? spellAlone(session, first)
      : namespace.map(encodeURIComponent).join(joiner)
  return text === undefined || dotSegment.test(text) ? undefined : { text, doubtful }
}

export const canSpell = (session: Session, namespace: Namespace): boolean =>
  spell(session, namespace) !== undefined

export const canSpellName = (name: string): boolean => segment(name) !== undefined

const levelsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((level) => typeof level === 'string') : []

interface Asked {
  readonly namespace: Namespace
  readonly expect: Expectation
}

const missingOf = ({ missing, message }: Expectation): CatalogError => new CatalogError(missing, message)

const listPageSize = 1000
const mostListPages = 100

/** Whether the upstream itself calls a namespace so: some take `a.b` for another spelling of `a`, `b`. */
const isListed = async (upstream: Upstream, context: CallContext, asked: Asked): Promise<boolean> => {
  const { namespace, expect } = asked
  const parent = namespace.slice(0, -1)
  const parameter = parent.length === 0 ? undefined : parentParameter(await upstream.session(), parent)
  if (parent.length > 0 && parameter === undefined) return false
  const query: Record<string, string> = parameter === undefined ? {} : { parent: parameter }
  const ask = { path: '/namespaces', query, expect, member: 'namespaces', item: levelsOf }
  let token: string | undefined
  for (let page = 0; page < mostListPages; page += 1) {
    const size = { size: listPageSize, ...(token === undefined ? {} : { token }) }
    const { items, next } = await list(upstream, context, { ask, page: size })
    if (items.some((item) => sameNamespace(item, namespace))) return true
    if (next === undefined) return false
    token = next
  }
  return false
}

/** Down to the first level that could be taken for two: an upstream that keeps this one apart does so with all. */
const firstMergeable = (session: Session, namespace: Namespace): Namespace =>
  namespace.map((_, i) => namespace.slice(0, i + 1)).find((one) => isMergeable(session, one)) ?? namespace

/** What the upstream calls the namespace at a spelling; nothing where it does not take the spelling at all. */
const levelsAt = async (
  upstream: Upstream,
  context: CallContext,
  asked: { readonly text: string; readonly expect: Expectation },
): Promise<readonly string[]> => {
  const ask: Ask = { method: 'GET', path: `/namespaces/${asked.text}`, change: false }
  try {
    const answer = readAnswer(
      upstream.connection,
      await read(upstream, context, { ask, expect: asked.expect }),
    )
    return levelsOf(answer['namespace'])
  } catch (error) {
    if (isCatalogError(error) && error.status === 400) return []
    throw error
  }
}

/** Whether the upstream reads the spelling as these levels, and has a namespace of this very name. */
const readsAsMeant = async (
  upstream: Upstream,
  context: CallContext,
  asked: Asked & { readonly text: string },
): Promise<boolean> => {
  const { namespace, text } = asked
  const key = JSON.stringify([text, namespace])
  if (upstream.readAsMeant.has(key)) return true
  const expect: Expectation = { ...asked.expect, alsoMissing: 'NoSuchNamespaceException' }
  if (!sameNamespace(await levelsAt(upstream, context, { text, expect }), namespace)) return false
  const telling = firstMergeable(await upstream.session(), namespace)
  if (!(await isListed(upstream, context, { namespace: telling, expect }))) return false
  upstream.readAsMeant.set(key, true)
  return true
}

/** Throws what `expect` says of a missing object where the upstream cannot be asked for the name, or reads another. */
export const namespacePath = async (
  upstream: Upstream,
  context: CallContext,
  asked: Asked,
): Promise<string> => {
  const spelling = spell(await upstream.session(), asked.namespace)
  if (!spelling) throw missingOf(asked.expect)
  const { text, doubtful } = spelling
  if (doubtful && !(await readsAsMeant(upstream, context, { ...asked, text }))) throw missingOf(asked.expect)
  return `/namespaces/${text}`
}

/** As `namespacePath`, for a table or view. */
export const relationPath = async (
  upstream: Upstream,
  context: CallContext,
  asked: { readonly space: 'tables' | 'views'; readonly id: Identifier; readonly expect: Expectation },
): Promise<string> => {
  const { space, id, expect } = asked
  const name = segment(id.name)
  if (name === undefined) throw missingOf(expect)
  return `${await namespacePath(upstream, context, { namespace: id.namespace, expect })}/${space}/${name}`
}

const inexpressible = (name: string): CatalogError =>
  new CatalogError('BadRequestException', `The upstream cannot be asked for the name ${JSON.stringify(name)}`)

/** BadRequest for a name that could be created by a body, and then be asked for by no path. */
export const checkNewName = (name: string): void => {
  if (!canSpellName(name)) throw inexpressible(name)
}

/** As `checkNewName`. Nothing shows beforehand what the upstream would make of a doubtful name. */
export const checkNewNamespace = (session: Session, namespace: Namespace): void => {
  const spelling = spell(session, namespace)
  if (!spelling || spelling.doubtful) throw inexpressible(formatNamespace(namespace))
}

/**
 * The `parent` parameter joins levels with the decoded separator and escapes nothing within a level (specification,
 * listNamespaces). Undefined for a single level that holds the separator: it would name another namespace.
 */
export const parentParameter = (session: Session, parent: Namespace): string | undefined => {
  const spelling = spell(session, parent)
  if (!spelling) return undefined
  if (!spelling.doubtful) return parent.join(decodeURIComponent(session.separator))
  return parent.length === 1 ? undefined : parent.join(oldSeparator.decoded)
}
