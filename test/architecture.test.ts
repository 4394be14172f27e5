/** The house holds its own rules: walls, lengths, names, and documents that agree. Each rule is shown to bite. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { errorTable } from '#model/errors.ts'
import { fileSchema } from '../src/config-schema.ts'
import {
  checkReadmes,
  checkRoomTable,
  checkRows,
  configurationRows,
  errorRows,
  type SchemaNode,
} from './support/house/documents.ts'
import { checkImports, type SourceFile } from './support/house/imports.ts'
import { rooms } from './support/house/rooms.ts'
import { checkStyle } from './support/house/style.ts'

const root = new URL('..', import.meta.url)

const filesUnder = (folder: string, ends: string): readonly SourceFile[] =>
  existsSync(new URL(folder, root))
    ? readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ends))
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.pathname.length))
        .filter((path) => !path.includes('node_modules/') && !path.startsWith('src/store/changes/'))
        .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }))
    : []

const source = [...filesUnder('src', '.ts'), ...filesUnder('connectors', '.ts')]
const all = [...source, ...filesUnder('test', '.ts'), ...filesUnder('bench', '.ts')]
const documents = [...filesUnder('src', '.md'), ...filesUnder('connectors', '.md')]

describe('the house as it stands', () => {
  test('every import keeps to the table', () => expect(checkImports(source)).toEqual([]))
  test('no file breaks a house rule', () => expect(checkStyle(all)).toEqual([]))
  test('every room has a short README', () => expect(checkReadmes(source, documents)).toEqual([]))
  test.each(['docs/architecture.md', 'README.md'])(
    'the table of rooms in %s is the table in force',
    (path) => {
      expect(checkRoomTable({ path, text: readFileSync(new URL(path, root), 'utf8') })).toEqual([])
    },
  )
  test('the manual shows every key of the configuration and every error', () => {
    const page = (path: string): SourceFile => ({ path, text: readFileSync(new URL(path, root), 'utf8') })
    expect(checkRows(page('docs/configuration.md'), configurationRows(fileSchema as SchemaNode))).toEqual([])
    expect(checkRows(page('docs/errors.md'), errorRows(errorTable))).toEqual([])
  })
  test('a row names only rooms above it', () => {
    rooms.forEach((room, i) => {
      const above = rooms.slice(0, i).map((r) => r.name)
      if (room.name !== 'main.ts') expect(above).toEqual(expect.arrayContaining([...room.mayImport]))
    })
  })
})

const importing = (path: string, text: string): readonly string[] => checkImports([{ path, text }])

describe('the wall check bites', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'a forbidden room',
      'src/http/a.ts',
      "import { x } from '#catalog/catalog.ts'",
      /http may not import catalog/,
    ],
    ['a type import', 'src/model/a.ts', "import type { x } from '#store/a.ts'", /model may not import store/],
    [
      'several lines',
      'src/cli/a.ts',
      "import {\n  x,\n} from\n  '#gateway/a.ts'",
      /cli may not import gateway/,
    ],
    ['a re-export', 'src/authz/a.ts', "export { x } from '#authn/a.ts'", /authz may not import authn/],
    ['a bare import', 'src/store/a.ts', "import '#local/a.ts'", /store may not import local/],
    ['a dynamic import', 'src/iceberg/a.ts', "await import('#store/a.ts')", /iceberg may not import store/],
    ['a template import', 'src/iceberg/a.ts', 'await import(`#store/a.ts`)', /iceberg may not import store/],
    ['a computed import', 'src/iceberg/a.ts', 'await import(name)', /must be a literal/],
    ['a computed template', 'src/iceberg/a.ts', 'await import(`#$' + '{name}/a.ts`)', /must be a literal/],
    ['require', 'src/events/a.ts', "require('#local/a.ts')", /events may not import local/],
    ['a worker', 'src/http/a.ts', "new URL('../store/a.ts', import.meta.url)", /http may not import store/],
    [
      'a relative escape',
      'src/catalog/a.ts',
      "import { x } from '../model/json.ts'",
      /spell it #model\/json.ts/,
    ],
    [
      'a deep escape',
      'src/http/iceberg/a.ts',
      "import { x } from '../../store/a.ts'",
      /may not import store/,
    ],
    ['a # path at home', 'src/model/a.ts', "import { x } from '#model/json.ts'", /same room/],
    ['a # path that climbs', 'src/http/a.ts', "import { x } from '#model/../store/a.ts'", /may not import/],
    ['main from below', 'src/store/a.ts', "import { x } from '#config.ts'", /nobody imports main/],
    [
      'a connector from src',
      'src/gateway/a.ts',
      "import '../../connectors/glue/index.ts'",
      /connectors\/index/,
    ],
    [
      'the list of connectors from src',
      'src/gateway/a.ts',
      "import '../../connectors/index.ts'",
      /may not import/,
    ],
    ['another connector', 'connectors/glue/a.ts', "import '../hive/client.ts'", /another connector/],
    ['the store from a connector', 'connectors/glue/a.ts', "import '#store/a.ts'", /may not import store/],
    ['src by path from a connector', 'connectors/glue/a.ts', "import '../../src/model/a.ts'", /spell it/],
    ['a test from src', 'src/store/a.ts', "import '../../test/support/a.ts'", /leaves the source tree/],
    ['an absolute path', 'src/store/a.ts', "import '/etc/a.ts'", /absolute/],
    ['a missing .ts', 'src/store/a.ts', "import './pool'", /must end in .ts/],
    ['a room that is not in the table', 'src/attic/a.ts', 'export const x = 1', /not in the table/],
  ])('%s is refused', (_name, ...[path, text, message]) => {
    expect(importing(path, text).join('\n')).toMatch(message)
  })

  test.each([
    ['src/http/a.ts', "import { x } from '#gateway/operations/a.ts'\nimport { y } from './b.ts'"],
    ['src/main.ts', "import { x } from '../connectors/index.ts'\nimport { c } from './config.ts'"],
    ['connectors/index.ts', "import { x } from './glue/index.ts'"],
    [
      'connectors/glue/index.ts',
      "import { x } from './client.ts'\nimport { y } from '#catalog/connector.ts'",
    ],
    ['src/model/a.ts', "// import { x } from '#store/a.ts'\nimport { y } from 'pg'"],
  ])('%s may import what its row allows', (path, text) => expect(importing(path, text)).toEqual([]))
})

const styled = (path: string, text: string): readonly string[] => checkStyle([{ path, text }])

describe('the style check bites', () => {
  test.each<[string, string, string, RegExp]>([
    ['401 lines', 'test/unit/a.test.ts', 'x\n'.repeat(401), /401 lines/],
    ['a file named utils', 'src/model/json-utils.ts', '', /"utils" says nothing/],
    ['a folder named shared', 'test/shared/a.ts', '', /"shared" says nothing/],
    ['a file in CamelCase', 'src/model/JsonCodec.ts', '', /kebab-case/],
    ['a Manager', 'src/model/a.ts', 'class TableManager {}', /TableManager is refused/],
    ['an Impl', 'src/model/a.ts', 'const CatalogImpl = 1', /CatalogImpl is refused/],
    ['a BaseCatalog', 'src/model/a.ts', 'interface BaseCatalog {}', /BaseCatalog is refused/],
    ['an I-prefix', 'src/model/a.ts', 'interface ICatalog {}', /ICatalog is refused/],
    ['any as a type', 'src/model/a.ts', 'const x: any = 1', /`any`/],
    ['any as an argument', 'src/model/a.ts', 'const x = new Map<string, any>()', /`any`/],
    ['any as a cast', 'src/model/a.ts', 'const x = y as any', /`any`/],
    ['arrays of any', 'src/model/a.ts', 'const x: readonly any[] = []', /`any`/],
    ['a default export', 'src/model/a.ts', 'export default 1', /default export/],
    ['an enum', 'src/model/a.ts', 'export const enum E { A }', /enum/],
    ['a silenced type error', 'src/model/a.ts', '// @ts-expect-error: why\nx()', /mended/],
    ['console output', 'src/model/a.ts', 'console.log(1)', /console/],
    ['a barrel', 'src/model/index.ts', "export * from './a.ts'\nexport { b } from './b.ts'", /barrel/],
    ['a TODO without a number', 'src/model/a.ts', '// TODO mend', /issue number/],
  ])('%s is refused', (_name, ...[path, text, message]) => {
    expect(styled(path, text).join('\n')).toMatch(message)
  })

  test.each([
    ['src/model/a.ts', '// any comment may say any thing\nconst x = "as any"\nconst any1 = 1'],
    ['src/model/a.ts', '// TODO(#12) later\nconst ServiceUnavailable = 1\ninterface Base {}'],
    ['test/unit/a.test.ts', 'x\n'.repeat(400)],
  ])('%s with %j passes', (path, text) => expect(styled(path, text)).toEqual([]))
})

describe('the document check bites', () => {
  const file: SourceFile = { path: 'src/model/a.ts', text: '' }
  const table = (rows: string): SourceFile => ({
    path: 'docs/architecture.md',
    text: `<!-- rooms:begin -->\n| room | purpose | may import |\n|---|---|---|\n${rows}\n<!-- rooms:end -->`,
  })
  const right = rooms.map((r) => `| ${r.name} | ${r.purpose} | ${r.said ?? r.mayImport.join(', ')} |`)

  test('a room without a README is refused', () => expect(checkReadmes([file], [])).toHaveLength(1))
  test('a README of 41 lines is refused', () => {
    const readme = (lines: number) => [{ path: 'src/model/README.md', text: 'x\n'.repeat(lines) }]
    expect(checkReadmes([file], readme(41))).toHaveLength(1)
    expect(checkReadmes([file], readme(40))).toEqual([])
  })
  test('a manual that lacks a row, or has one too many, is refused', () => {
    const rows = errorRows({ A: 400, B: 500 })
    const page = (text: string): SourceFile => ({ path: 'docs/errors.md', text })
    expect(checkRows(page(rows.join('\n')), rows)).toEqual([])
    expect(checkRows(page(rows.slice(1).join('\n')), rows)).toHaveLength(1)
    expect(checkRows(page([...rows, '| 404 | `C` |'].join('\n')), rows)).toHaveLength(1)
    const schema = { properties: { a: { items: { properties: { b: { description: 'B' } } } } } }
    expect(configurationRows(schema)).toEqual(['| `a[].b` | B |'])
  })
  test('a table with a missing, changed or additional row is refused', () => {
    expect(checkRoomTable(table(right.join('\n')))).toEqual([])
    expect(checkRoomTable(table(right.slice(1).join('\n')))).toHaveLength(1)
    expect(checkRoomTable(table(right.join('\n').replace('nothing', 'store')))).toHaveLength(2)
    expect(checkRoomTable(table([...right, '| attic | old things | model |'].join('\n')))).toHaveLength(1)
    expect(checkRoomTable({ path: 'docs/architecture.md', text: '' })).toHaveLength(1)
  })
})
