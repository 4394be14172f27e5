import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { icebergRest } from '../../../connectors/iceberg-rest/index.ts'
import type { GuardedFetch } from '../../../src/catalog/connector.ts'
import { isCatalogError } from '../../../src/model/errors.ts'
import type { Namespace } from '../../../src/model/identifier.ts'
import { parseJsonObject } from '../../../src/model/json.ts'
import { newCall } from '../../contract/catalog/kit.ts'

/** How an upstream finds the levels in the raw text of a path segment, and in a decoded `parent`. */
interface Splitting {
  readonly path: (text: string, separator: string) => readonly string[]
  readonly parent: (text: string, separator: string) => readonly string[]
  readonly merges?: boolean
}

const decoded = decodeURIComponent

/** As Apache's own library: the old separator alone where it is there, before anything is decoded. */
const careful: Splitting = {
  path: (text, separator) => text.split(text.includes('%1F') ? '%1F' : separator).map(decoded),
  parent: (text, separator) => text.split(text.includes('\u001f') ? '\u001f' : decoded(separator)),
}

/** After a framework has decoded the path, at both separators. */
const careless: Splitting = {
  path: (text, separator) =>
    decoded(text)
      .split('\u001f')
      .flatMap((part) => part.split(decoded(separator))),
  parent: (text, separator) => text.split('\u001f').flatMap((part) => part.split(decoded(separator))),
}

/** Takes the text of a path with care, and then one name for another: `a.b` and `a`, `b` are one to it. */
const merging: Splitting = { ...careful, merges: true }

interface Reached {
  readonly what: string
  readonly levels: readonly string[]
}

const json = (value: unknown, status = 200) => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(value)),
})

const table = {
  'metadata-location': 's3://b/1.json',
  metadata: { 'format-version': 2, 'table-uuid': 'u', location: 's3://b' },
}

const parts = [
  'a',
  'b',
  'a.b',
  'a-b',
  '.',
  '..',
  'x\u001fy',
  '\u001f',
  '%1F',
  '%1f',
  'a%2Eb',
  '%',
  '%2E',
  'a b',
  'a/b',
  '25',
  '-',
  'é',
  '',
]

/** An upstream where every namespace but one of nothing exists, so that whatever is asked for wrongly is found. */
const openOver = async (separator: string, splitting: Splitting) => {
  const reached: Reached[] = []
  const own = (levels: readonly string[]): readonly string[] =>
    splitting.merges ? levels.flatMap((level) => level.split(decoded(separator))) : levels
  const answer = (method: string, path: string, query: URLSearchParams) => {
    const [, , , namespace, ...rest] = path.split('/')
    const parent = query.get('parent')
    if (namespace === undefined) {
      const levels = parent === null ? [] : own(splitting.parent(parent, separator))
      reached.push({ what: 'list', levels })
      return json({ namespaces: parts.map((part) => own([...levels, part])) })
    }
    const levels = splitting.path(namespace, separator)
    if (rest.length === 0 && method === 'GET') return json({ namespace: levels, properties: {} })
    reached.push({ what: method, levels: own(levels) })
    return method === 'DELETE' ? { status: 204, headers: {}, body: Buffer.of() } : json(table)
  }
  const fetch: GuardedFetch = async ({ url, method }) => {
    const [path = '', query] = url.replace('http://up', '').split('?')
    if (path === '/v1/config') return json({ defaults: {}, overrides: { 'namespace-separator': separator } })
    return answer(method, path, new URLSearchParams(query))
  }
  const catalog = await icebergRest.open(
    { uri: 'http://up' },
    {
      ...{ connection: 'up', hop: 'h', fetch, secret: async () => '', now: () => 0, log: () => {} },
      intents: { begin: async () => ({ id: '1', doubtful: [], settle: async () => {} }) },
    },
  )
  return { catalog, reached }
}

const levels = fc.constantFrom(...parts)
const namespaces = fc.array(levels, { minLength: 1, maxLength: 3 })
const separators = fc.constantFrom('%1F', '%2E', '%2e', '.', '-', '%20', '25', '%2F', '%25', '..')

const isMissing = (error: unknown): boolean =>
  isCatalogError(error, 'NoSuchTableException') || isCatalogError(error, 'NoSuchNamespaceException')

/** What became of each operation on the namespace: `done`, or the type of its refusal. */
const tryAll = async (
  { catalog }: Awaited<ReturnType<typeof openOver>>,
  namespace: Namespace,
): Promise<Readonly<Record<string, unknown>>> => {
  const id = { namespace, name: 't' }
  const works = {
    load: () => catalog.namespaces.load(newCall(), namespace),
    table: () => catalog.tables.load(newCall(), id, { snapshots: 'all' }),
    list: () =>
      catalog.tables.list(newCall(), namespace, { size: 5 }).catch((error: unknown) => {
        if (isCatalogError(error, 'BadGatewayException')) return
        throw error
      }),
    children: () => catalog.namespaces.list(newCall(), namespace, { size: 5 }),
    drop: () => catalog.namespaces.drop(newCall(), namespace),
    dropTable: () => catalog.tables.drop(newCall(), id, { purge: false }),
  }
  const ends: Record<string, unknown> = {}
  for (const [name, work] of Object.entries(works))
    ends[name] = await work().then(
      () => 'done',
      (error: unknown) => (isMissing(error) ? 'missing' : error),
    )
  return ends
}

describe('a name that holds what the upstream separates levels by', () => {
  it.each([
    ['before decoding', careful],
    ['after decoding', careless],
    ['with care and then takes both for one', merging],
  ])('reaches the object it names or none, where the upstream splits %s', async (_, splitting) => {
    await fc.assert(
      fc.asyncProperty(namespaces, separators, async (namespace, separator) => {
        const upstream = await openOver(separator, splitting)
        const ends = await tryAll(upstream, namespace)
        expect(Object.values(ends).filter((end) => end !== 'done' && end !== 'missing')).toEqual([])
        for (const { what, levels: at } of upstream.reached)
          expect(at).toEqual(what === 'list' ? namespace.slice(0, at.length) : namespace)
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    ['%2E', ['a.b']],
    ['%2E', ['x', 'a.b']],
    ['%2E', ['a.b', 'x', 'c.d']],
    ['.', ['a.b']],
    ['.', ['x', 'a.b']],
    ['-', ['a-b', 'c']],
    ['%1F', ['%1F', 'a.b']],
  ])('works with an upstream that splits with care (%s, %j)', async (separator, namespace) => {
    const ends = await tryAll(await openOver(separator, careful), namespace)
    const { children, ...others } = ends
    expect(Object.values(others)).toEqual(new Array(5).fill('done'))
    // A parameter cannot escape it: the children of such a top level are the one thing that cannot be asked for.
    const alone = namespace.length === 1 && namespace[0]?.includes(decoded(separator))
    expect(children).toBe(alone ? 'missing' : 'done')
  })

  it('is missing where the upstream takes it for another one', async () => {
    const ends = await tryAll(await openOver('%2E', merging), ['a.b'])
    expect(Object.values(ends)).toEqual(new Array(6).fill('missing'))
    const plain = await tryAll(await openOver('%2E', merging), ['a', 'b'])
    expect(Object.values(plain)).toEqual(new Array(6).fill('done'))
  })

  it.each([
    ['%2E', ['a.b'], 'refused'],
    ['%2E', ['x', 'a.b'], 'refused'],
    ['%1F', ['x\u001fy'], 'refused'],
    ['%1F', ['..'], 'refused'],
    ['%1F', ['a.b'], 'sent'],
    ['%2E', ['x', 'y'], 'sent'],
  ])(
    'cannot be created, for nothing shows what would be made of it (%s, %j: %s)',
    async (separator, namespace, end) => {
      const { catalog, reached } = await openOver(separator, careful)
      const text = JSON.stringify({ namespace })
      const body = { bytes: Buffer.from(text), json: parseJsonObject(text) }
      const error = await catalog.namespaces
        .create(newCall(), namespace, body)
        .catch((reason: unknown) => reason)
      expect(isCatalogError(error, 'BadRequestException')).toBe(end === 'refused')
      expect(reached.length > 0 ? 'sent' : 'refused').toBe(end)
    },
  )

  it('of a table cannot be created, and is missing, where a path would climb with it', async () => {
    const { catalog, reached } = await openOver('%1F', careful)
    const id = { namespace: ['a'], name: '..' }
    const body = { bytes: Buffer.from('{"name":".."}'), json: parseJsonObject('{"name":".."}') }
    await expect(catalog.tables.create(newCall(), ['a'], body)).rejects.toMatchObject({
      type: 'BadRequestException',
    })
    await expect(catalog.tables.load(newCall(), id, { snapshots: 'all' })).rejects.toMatchObject({
      type: 'NoSuchTableException',
    })
    await expect(
      catalog.tables.rename(newCall(), { source: { ...id, name: 't' }, destination: id }),
    ).rejects.toMatchObject({ type: 'BadRequestException' })
    expect(reached).toEqual([])
  })
})
