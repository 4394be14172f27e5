/** The walls: every static and dynamic import of src and connectors against the import table. */
import { posix } from 'node:path'
import { codeOf } from './code.ts'
import { type Room, roomOf, rooms } from './rooms.ts'

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string
  readonly text: string
}

const importForms = [
  /\bfrom\s*(['"])(?<path>[^'"]+)\1/g,
  /\bimport\s*(['"])(?<path>[^'"]+)\1/g,
  /\bimport\s*\(\s*(['"`])(?<path>[^'"`]+)\1\s*[,)]/g,
  /\brequire(?:\.resolve)?\s*\(\s*(['"`])(?<path>[^'"`]+)\1/g,
  /\bnew URL\(\s*(['"`])(?<path>[^'"`]+\.[cm]?[tj]s)\1\s*,\s*import\.meta\.url/g,
]

/** Every path that a file imports, in any form. */
const importsOf = (text: string): readonly string[] => {
  const code = codeOf(text, 'keep-strings')
  return importForms.flatMap((form) => [...code.matchAll(form)].map((match) => match.groups?.['path'] ?? ''))
}

const hasComputedImport = (text: string): boolean =>
  /\bimport\s*\(\s*(?!['"`])/.test(codeOf(text, 'keep-strings')) ||
  /\bimport\s*\(\s*`[^`]*\$\{/.test(codeOf(text, 'keep-strings'))

/** The file that an import means, relative to the repository; undefined for packages. */
const targetOf = (from: string, imported: string): string | undefined => {
  if (imported.startsWith('#')) return posix.normalize(`src/${imported.slice(1)}`)
  if (imported.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), imported))
  return undefined
}

/** A connector is a room of its own within its row; `connectors/index.ts` is main's list of them. */
const placeOf = (path: string): string => {
  const [top, second] = path.split('/')
  return top === 'connectors' ? `connectors/${second}` : (roomOf(path) ?? path)
}

const isConnectorList = (path: string): boolean => path === 'connectors/index.ts'

const checkWithin = (file: SourceFile, imported: string): string | undefined =>
  imported.startsWith('#')
    ? `${file.path}: ${imported} is in the same room; inside a room imports are relative`
    : undefined

const checkAcross = (file: SourceFile, imported: string, target: string): string | undefined => {
  const room: Room | undefined = rooms.find((r) => r.name === roomOf(file.path))
  const targetRoom = roomOf(target)
  if (room === undefined) return `${file.path}: its room is not in the table`
  if (targetRoom === undefined) return `${file.path}: ${imported} leaves the source tree`
  if (targetRoom === 'main.ts') return `${file.path}: ${imported} belongs to main; nobody imports main`
  if (!room.mayImport.includes(targetRoom)) return `${file.path}: ${room.name} may not import ${targetRoom}`
  if (!imported.startsWith('#') && targetRoom !== 'connectors/*')
    return `${file.path}: ${imported} crosses a wall; spell it #${target.replace(/^src\//, '')}`
  return undefined
}

const checkImport = (file: SourceFile, imported: string): string | undefined => {
  if (imported.startsWith('/') || imported.startsWith('file:'))
    return `${file.path}: ${imported} is an absolute path`
  const target = targetOf(file.path, imported)
  if (target === undefined) return undefined
  if (!/\.(ts|json|sql)$/.test(target)) return `${file.path}: ${imported} must end in .ts`
  if (placeOf(file.path) === placeOf(target)) return checkWithin(file, imported)
  if (isConnectorList(file.path) && target.startsWith('connectors/')) return undefined
  if (target.startsWith('connectors/') && roomOf(file.path) === 'connectors/*')
    return `${file.path}: ${imported} is another connector`
  if (target.startsWith('connectors/') && !isConnectorList(target))
    return `${file.path}: ${imported}: connectors are reached through connectors/index.ts`
  return checkAcross(file, imported, target)
}

/** Violations of the import table, one sentence each. */
export const checkImports = (files: readonly SourceFile[]): readonly string[] =>
  files
    .filter((file) => roomOf(file.path) !== undefined)
    .flatMap((file) => [
      ...importsOf(file.text).map((imported) => checkImport(file, imported)),
      hasComputedImport(file.text) ? `${file.path}: an import path must be a literal` : undefined,
      rooms.some((room) => room.name === roomOf(file.path))
        ? undefined
        : `${file.path}: its room is not in the table`,
    ])
    .filter((violation) => violation !== undefined)
