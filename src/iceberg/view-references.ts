/**
 * What the query of a view names. SQL is the engine's, and no dialect is parsed here: identifiers are told from strings
 * and comments, and put together where dots join them. So what is told is that a query names an object, not that it
 * reads it; a query that names it nowhere does not read it.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'

/** Parts of a name, in lower case: engines read most names without regard to it. */
type Path = readonly string[]

/** Of all dialects together. Longer ones are not looked through, and name nothing: everybody waits meanwhile. */
const longestQuery = 128 * 1024

// What is open at the end of the text is closed there: no expression fails after it has begun, and none begins twice.
const comments = String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`
const ticked = '`(?<ticked>[^`]*(?:``[^`]*)*)(?:`|$)'
const rest = String.raw`(?<plain>[\p{L}\p{M}\p{N}_$@]+)|(?<dot>\.)|(?<other>\S)`
const escaping = (quote: string): string =>
  String.raw`${quote}[^${quote}\\]*(?:\\[^][^${quote}\\]*)*(?:${quote}|\\?$)`

const standard = new RegExp(
  `${comments}|'[^']*(?:''[^']*)*(?:'|$)|"(?<quoted>[^"]*(?:""[^"]*)*)(?:"|$)|${ticked}|${rest}`,
  'gu',
)
/** Both quotes make strings there, with escapes in them. */
const hive = new RegExp(`${comments}|${escaping("'")}|${escaping('"')}|${ticked}|${rest}`, 'gu')
const likeHive: ReadonlySet<string> = new Set(['spark', 'hive', 'databricks'])

type Groups = Readonly<Partial<Record<'plain' | 'ticked' | 'quoted' | 'dot' | 'other', string>>>

const nameOf = ({ plain, ticked: inTicks, quoted }: Groups): string | undefined =>
  plain ?? inTicks?.replaceAll('``', '`') ?? quoted?.replaceAll('""', '"')

interface Lexeme {
  readonly kind: 'name' | 'dot' | 'other'
  readonly text: string
}

const lexemesIn = (sql: string, dialect: string): readonly Lexeme[] => {
  const lexemes: Lexeme[] = []
  for (const { groups = {} } of sql.matchAll(likeHive.has(dialect) ? hive : standard)) {
    const found: Groups = groups
    const name = nameOf(found)
    if (name !== undefined) lexemes.push({ kind: 'name', text: name.toLowerCase() })
    else if (found.dot !== undefined) lexemes.push({ kind: 'dot', text: '.' })
    else if (found.other !== undefined) lexemes.push({ kind: 'other', text: found.other })
  }
  return lexemes
}

/** Each identifier of the query, with those that dots join to it. */
export const namesIn = (sql: string, dialect: string): readonly Path[] => {
  if (sql.length > longestQuery) return []
  const paths: string[][] = []
  let joins = false
  let before: Lexeme['kind'] = 'other'
  for (const { kind, text } of lexemesIn(sql, dialect)) {
    if (kind === 'name' && joins) paths.at(-1)?.push(text)
    else if (kind === 'name') paths.push([text])
    joins = kind === 'dot' && before === 'name'
    before = kind
  }
  return paths
}

/** An object that a query may refer to. */
export interface Referred {
  /** Every name that it has where the view lies: levels and name. */
  readonly names: readonly (readonly string[])[]
  /** False for what an engine calls a catalog that is certainly another one than theirs. */
  inCatalog(catalog: string): boolean
}

interface Version {
  readonly catalog: string | undefined
  readonly namespace: Path
  readonly queries: readonly { readonly sql: string; readonly dialect: string }[]
}

const textIn = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value.toLowerCase() : undefined

const listIn = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : [])

const queriesIn = (representations: JsonValue | undefined): Version['queries'] =>
  listIn(representations).flatMap((one) => {
    const { sql, dialect } = isJsonObject(one) ? one : {}
    return typeof sql === 'string' ? [{ sql, dialect: textIn(dialect) ?? '' }] : []
  })

const currentVersion = (metadata: JsonObject): Version | undefined => {
  const current = metadata['current-version-id']
  const version = listIn(metadata['versions'])
    .filter(isJsonObject)
    .find((one) => one['version-id'] === current)
  return (
    version && {
      catalog: textIn(version['default-catalog']),
      namespace: listIn(version['default-namespace']).flatMap((level) => textIn(level) ?? []),
      queries: queriesIn(version['representations']),
    }
  )
}

const partOfTable =
  /^((all_)?(entries|files|data_files|delete_files|manifests)|history|metadata_log_entries|snapshots|refs|partitions|position_deletes|changes|(branch|tag|at_timestamp|snapshot_id)_.+)$/

/** What is read as a part of a table: `orders.snapshots` to Spark, `"orders$snapshots"` to Trino. */
const wholesOf = (path: Path): readonly Path[] => {
  const last = path.at(-1) ?? ''
  const levels = path.slice(0, -1)
  if (partOfTable.test(last)) return [path, levels]
  const cut = last.indexOf('$')
  return cut > 0 ? [path, [...levels, last.slice(0, cut)]] : [path]
}

/** All that a path may mean; a name alone is in the namespace that stood when the view was made. */
const meaningsOf = (
  path: Path,
  { catalog, namespace }: Version,
  { inCatalog }: Referred,
): readonly Path[] => {
  const [first = '', ...others] = path
  const here = catalog === undefined || inCatalog(catalog)
  const meanings = here ? [path.length === 1 ? [...namespace, first] : path] : []
  return path.length > 2 && inCatalog(first) ? [...meanings, others] : meanings
}

/** Engines without nested namespaces write their levels with dots, as one name. */
const keyOf = (path: Path): string => path.join('.').toLowerCase()

/** A namespace that is longer than whatever is looked for is put before no name: there may be tens of thousands. */
const fitting = (version: Version, longest: number): Version =>
  keyOf(version.namespace).length > longest ? { ...version, namespace: [] } : version

/** True where a query of the view's current version names the object. */
export const refersTo = (metadata: JsonObject, referred: Referred): boolean => {
  const current = currentVersion(metadata)
  if (current === undefined) return false
  const length = current.queries.reduce((sum, { sql }) => sum + sql.length, 0)
  if (length > longestQuery) return false
  const wanted = new Set(referred.names.map(keyOf))
  const version = fitting(current, Math.max(...[...wanted].map((key) => key.length)))
  return version.queries.some(({ sql, dialect }) =>
    namesIn(sql, dialect).some((written) =>
      wholesOf(written).some((path) =>
        meaningsOf(path, version, referred).some(
          (meaning) => meaning.length > 1 && wanted.has(keyOf(meaning)),
        ),
      ),
    ),
  )
}
