/**
 * A mounted catalog names objects as only it knows them, in the text of its errors too. Here they are told in the
 * caller's words: what is missing, taken or not empty is named as the caller named it; other texts are kept, with the
 * catalog's own identifiers replaced where they are certain to be identifiers.
 */
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import type { Namespaces, Relations, Tables, Transactions, WholeCatalog } from './catalog.ts'

/** Levels, and for a table or view its name as the last one. */
type Name = readonly string[]

/** What a call was about, as the caller spelled it. Of several candidates the one that the error speaks of is named. */
interface Spoken {
  readonly title: 'Table' | 'View' | 'Namespace'
  readonly relations: readonly Name[]
  readonly namespaces: readonly Name[]
  /** What may be taken already. */
  readonly taken?: Name
}

interface Speech extends Spoken {
  readonly point: Namespace
  readonly message: string
}

const dotted = (name: Name): string => name.join('.')

/** As the mounted catalog spells it. */
const inner = ({ point }: Speech, name: Name): string => dotted(name.slice(point.length))

/** An identifier ends here: neither a letter nor a dot that a further part follows. */
const end = `(?=['"\`]?(?:[\\s,;:!?)]|\\.(?:\\s|$)|$))`

/** Only after the word for what it is: `a.b` alone may be a column, a branch or a file. */
const spelled = (word: string, text: string): RegExp =>
  new RegExp(`(\\b(?i:${word})s?:?\\s+['"\`]?)${RegExp.escape(text)}${end}`, 'gu')

const withOwnNames = (speech: Speech, word: string, names: readonly Name[]): string =>
  names.reduce((message, name) => {
    const own = inner(speech, name)
    return own === ''
      ? message
      : message.replace(spelled(word, own), (_, before: string) => before + dotted(name))
  }, speech.message)

const relationWord = '(?:table|view|identifier)'

const translated = (speech: Speech): string => {
  const relations = [
    ...speech.relations,
    ...(speech.title !== 'Namespace' && speech.taken ? [speech.taken] : []),
  ]
  const message = withOwnNames(speech, relationWord, relations)
  return withOwnNames({ ...speech, message }, 'namespace', speech.namespaces)
}

/** The one candidate, or the only one whose name ends the message; undefined where that is not known. */
const meant = (speech: Speech, names: readonly Name[]): Name | undefined => {
  const distinct = names.filter((name, i) => names.findIndex((other) => dotted(other) === dotted(name)) === i)
  if (distinct.length <= 1) return distinct[0]
  const named = distinct.filter((name) => speech.message.endsWith(`: ${inner(speech, name)}`))
  return named.length === 1 ? named[0] : undefined
}

const about = (what: string, state: string, name: Name | undefined): string =>
  name === undefined ? `The ${what.toLowerCase()} ${state}` : `${what} ${state}: ${dotted(name)}`

/** A table may be in the way of a view, and the other way round: reference implementations say so. */
const inTheWay = /^(?<kind>Table|View) with same name already exists\b/

/** A rename whose destination is taken, by whatever; reference implementations name both ends. */
const renameInTheWay = /^Cannot rename .* to .*\. (?<kind>Table|View) already exists\b/su

const takenText = (speech: Speech): string => {
  const [source] = speech.relations
  const present = renameInTheWay.exec(speech.message)?.groups?.['kind']
  if (present !== undefined && source && speech.taken)
    return `Cannot rename ${dotted(source)} to ${dotted(speech.taken)}. ${present} already exists`
  const other = inTheWay.exec(speech.message)?.groups?.['kind']
  const what = other === undefined ? speech.title : `${other} with same name`
  return about(what, 'already exists', speech.taken)
}

const textOf = (error: CatalogError, speech: Speech): string => {
  switch (error.type) {
    case 'NoSuchTableException':
      return about('Table', 'does not exist', meant(speech, speech.relations))
    case 'NoSuchViewException':
      return about('View', 'does not exist', meant(speech, speech.relations))
    case 'NoSuchNamespaceException':
      return about('Namespace', 'does not exist', meant(speech, speech.namespaces))
    case 'NamespaceNotEmptyException':
      return about('Namespace', 'is not empty', meant(speech, speech.namespaces))
    case 'AlreadyExistsException':
      return takenText(speech)
    default:
      return translated(speech)
  }
}

const nameOf = ({ namespace, name }: Identifier): Name => [...namespace, name]

/** Runs work on a mounted catalog; its errors come out in the caller's words. */
const createTelling =
  (point: Namespace) =>
  async <T>(spoken: Spoken, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (!isCatalogError(error) || error.status >= 500) throw error
      const message = textOf(error, { ...spoken, point, message: error.message })
      if (message === error.message) throw error
      const { retryAfterSeconds } = error
      throw new CatalogError(error.type, message, {
        cause: error,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      })
    }
  }

type Telling = ReturnType<typeof createTelling>

const tellingNamespaces = (tell: Telling, to: Namespaces): Namespaces => {
  const spoken = (namespace: Namespace): Spoken => ({
    title: 'Namespace',
    relations: [],
    namespaces: [namespace],
  })
  return {
    list: (context, parent, page) => tell(spoken(parent), () => to.list(context, parent, page)),
    create: (context, namespace, body) =>
      tell({ ...spoken(namespace.slice(0, -1)), taken: namespace }, () =>
        to.create(context, namespace, body),
      ),
    load: (context, namespace) => tell(spoken(namespace), () => to.load(context, namespace)),
    exists: (context, namespace) => tell(spoken(namespace), () => to.exists(context, namespace)),
    drop: (context, namespace) => tell(spoken(namespace), () => to.drop(context, namespace)),
    updateProperties: (context, namespace, body) =>
      tell(spoken(namespace), () => to.updateProperties(context, namespace, body)),
  }
}

const spokenOne = (title: 'Table' | 'View', id: Identifier): Spoken => ({
  title,
  relations: [nameOf(id)],
  namespaces: [id.namespace],
  taken: nameOf(id),
})

const tellingRelations = (
  tell: Telling,
  title: 'Table' | 'View',
  to: Required<Relations>,
): Required<Relations> => {
  const on = <T>(id: Identifier, work: () => Promise<T>): Promise<T> => tell(spokenOne(title, id), work)
  const newOne = (namespace: Namespace, { name }: Readonly<Record<string, unknown>>): Identifier => ({
    namespace,
    name: typeof name === 'string' ? name : '',
  })
  return {
    list: (context, namespace, page) =>
      tell({ title, relations: [], namespaces: [namespace] }, () => to.list(context, namespace, page)),
    create: (context, namespace, body) =>
      on(newOne(namespace, body.json), () => to.create(context, namespace, body)),
    register: (context, namespace, body) =>
      on(newOne(namespace, body.json), () => to.register(context, namespace, body)),
    load: (context, id, options) => on(id, () => to.load(context, id, options)),
    exists: (context, id) => on(id, () => to.exists(context, id)),
    commit: (context, id, body) => on(id, () => to.commit(context, id, body)),
    drop: (context, id, options) => on(id, () => to.drop(context, id, options)),
    rename: (context, rename) => {
      const { source, destination } = rename
      const namespaces = [destination.namespace, source.namespace]
      return tell({ ...spokenOne(title, source), namespaces, taken: nameOf(destination) }, () =>
        to.rename(context, rename),
      )
    },
  }
}

const tellingTables = (tell: Telling, to: MountedWhole['tables']): MountedWhole['tables'] => {
  const { unregister, reportMetrics } = to
  return {
    ...to,
    ...tellingRelations(tell, 'Table', to),
    ...(unregister
      ? { unregister: (context, id) => tell(spokenOne('Table', id), () => unregister.call(to, context, id)) }
      : {}),
    ...(reportMetrics
      ? {
          reportMetrics: (context, id, body) =>
            tell(spokenOne('Table', id), () => reportMetrics.call(to, context, id, body)),
        }
      : {}),
  }
}

const tellingTransactions = (tell: Telling, to: Transactions): Transactions => ({
  commit: (context, changes, body) => {
    const relations = changes.map(({ id }) => nameOf(id))
    const namespaces = changes.map(({ id }) => id.namespace)
    const [first] = relations
    const taken = relations.length === 1 && first ? { taken: first } : {}
    return tell({ title: 'Table', relations, namespaces, ...taken }, () => to.commit(context, changes, body))
  },
})

/** All members of a catalog that is mounted whole, speaking absolute identifiers in its errors as well. */
export interface MountedWhole extends WholeCatalog {
  readonly tables: Required<Relations> & Tables
  readonly views: Required<Relations>
}

export const inCallersWords = (point: Namespace, catalog: MountedWhole): MountedWhole => {
  const tell = createTelling(point)
  return {
    ...catalog,
    namespaces: tellingNamespaces(tell, catalog.namespaces),
    tables: tellingTables(tell, catalog.tables),
    views: tellingRelations(tell, 'View', catalog.views),
    transactions: tellingTransactions(tell, catalog.transactions),
  }
}
