/** The documents that must agree with the house: a README a room, and the table of rooms. */
import type { SourceFile } from './imports.ts'
import { type Room, roomOf, rooms, saidOf } from './rooms.ts'

const maxReadmeLines = 40

const checkReadme = (folder: string, documents: readonly SourceFile[]): string | undefined => {
  const readme = documents.find((document) => document.path === `${folder}/README.md`)
  if (readme === undefined) return `${folder}: a room has a README.md`
  const lines = readme.text.replace(/\n$/, '').split('\n').length
  return lines > maxReadmeLines ? `${readme.path}: ${lines} lines; the stop is ${maxReadmeLines}` : undefined
}

/** A room with code has a README of at most 40 lines. */
export const checkReadmes = (
  files: readonly SourceFile[],
  documents: readonly SourceFile[],
): readonly string[] => {
  const folders = files
    .filter((file) => !['main.ts', undefined].includes(roomOf(file.path)))
    .map((file) => (file.path.startsWith('connectors/') ? 'connectors' : `src/${roomOf(file.path)}`))
  return [...new Set(folders)]
    .map((folder) => checkReadme(folder, documents))
    .filter((violation) => violation !== undefined)
}

const tableBetween = (text: string): string | undefined =>
  /<!-- rooms:begin -->([\s\S]*?)<!-- rooms:end -->/.exec(text)?.[1]

const cellsOf = (row: string): readonly string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''))

const rowOf = (room: Room, columns: number): string =>
  [room.name, room.purpose, saidOf(room)].slice(0, columns).join(' | ')

/**
 * The table between the marks `rooms:begin` and `rooms:end` has the rows of the literal, in order: name,
 * purpose and, where the table has that column, what the room may import.
 */
export const checkRoomTable = (document: SourceFile): readonly string[] => {
  const table = tableBetween(document.text)
  if (table === undefined) return [`${document.path}: has no table of rooms`]
  const rows = table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => cellsOf(row))
  const columns = rows[0]?.length ?? 0
  const shown = rows.map((cells) => cells.join(' | '))
  const wanted = rooms.map((room) => rowOf(room, columns))
  return [
    ...wanted
      .filter((row) => !shown.includes(row))
      .map((row) => `${document.path}: the table lacks "${row}"`),
    ...shown.filter((row) => !wanted.includes(row)).map((row) => `${document.path}: no room is "${row}"`),
  ]
}

/** As much of a JSON schema as is read here. */
export interface SchemaNode {
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
}

const leaves = (
  node: SchemaNode,
  path: string,
): readonly (readonly [path: string, description: string])[] => {
  const members = node.properties ?? node.items?.properties
  if (members === undefined) return [[path, node.description ?? '']]
  const below = node.items?.properties === undefined ? path : `${path}[]`
  return Object.entries(members).flatMap(([name, member]) =>
    leaves(member, below === '' ? name : `${below}.${name}`),
  )
}

/** The row of each key of the configuration file, as the manual shows it. */
export const configurationRows = (schema: SchemaNode): readonly string[] =>
  leaves(schema, '').map(([path, description]) => `| \`${path}\` | ${description} |`)

/** The row of each error type, as the manual shows it. */
export const errorRows = (table: Readonly<Record<string, number>>): readonly string[] =>
  Object.entries(table).map(([type, status]) => `| ${status} | \`${type}\` |`)

/** Rows of a table that a document lacks, and rows of that form that it has too many. */
export const checkRows = (document: SourceFile, rows: readonly string[]): readonly string[] => {
  const shown = document.text.split('\n').filter((line) => /^\| (?:`|\d)/.test(line))
  return [
    ...rows.filter((row) => !shown.includes(row)).map((row) => `${document.path} lacks: ${row}`),
    ...shown.filter((row) => !rows.includes(row)).map((row) => `${document.path} should not have: ${row}`),
  ]
}
