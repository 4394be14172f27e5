/** House rules that the type checker and the linter do not hold: length, names, forms that are refused. */
import { codeOf } from './code.ts'
import type { SourceFile } from './imports.ts'
import { roomOf } from './rooms.ts'

const maxLines = 400

const refusedWords = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'shared',
  'misc',
  'manager',
  'service',
  'base',
  'impl',
])

const refusedSuffix = /(?:Utils?|Helpers?|Manager|Service|Impl)$|^Base[A-Z]|[a-z]Base$|^I[A-Z][a-z]\w*$/
const declaration = /\b(?<kind>class|interface|type|enum|function|const|let)\s+(?<name>[A-Za-z_$][\w$]*)/g

const checkLength = ({ path, text }: SourceFile): string | undefined => {
  const lines = text.replace(/\n$/, '').split('\n').length
  return lines > maxLines ? `${path}: ${lines} lines; the stop is ${maxLines}` : undefined
}

const checkFileName = ({ path }: SourceFile): string | undefined => {
  const words = path
    .replace(/\.[^/]*$/, '')
    .split('/')
    .slice(1)
    .flatMap((part) => part.split('-'))
  const refused = words.find((word) => refusedWords.has(word))
  if (refused !== undefined) return `${path}: "${refused}" says nothing; name what it does`
  const name = path.split('/').at(-1) ?? ''
  return /^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(name) ? undefined : `${path}: files are kebab-case.ts`
}

const checkNames = ({ path, text }: SourceFile): readonly string[] =>
  [...codeOf(text, 'drop-strings').matchAll(declaration)]
    .map((match) => ({ kind: match.groups?.['kind'] ?? '', name: match.groups?.['name'] ?? '' }))
    .filter(({ kind, name }) => refusedSuffix.test(name) && !(kind === 'const' && /^I[A-Z]/.test(name)))
    .map(({ name }) => `${path}: the name ${name} is refused`)

const refusedForms: readonly (readonly [RegExp, string])[] = [
  [/(?::|\bas|<|\||&|=>)\s*any\b(?!\s*\()/, '`any`'],
  [/,\s*any\s*[>,\]]/, '`any`'],
  [/\bany\[\]/, '`any`'],
  [/\bexport\s+default\b/, 'a default export'],
  [/^\s*(?:export\s+|declare\s+|const\s+)*enum\s+\w+/m, 'an enum'],
  [/\bconsole\.(?:log|error|warn|info|debug)\b/, 'console output'],
]

const refusedComments = /@ts-(?:ignore|nocheck|expect-error)\b/

const checkForms = ({ path, text }: SourceFile): readonly string[] => {
  const code = codeOf(text, 'drop-strings')
  const found = refusedForms
    .filter(([form]) => form.test(code))
    .map(([, name]) => `${path}: ${name} is refused`)
  return refusedComments.test(text) ? [...found, `${path}: type errors are mended, not silenced`] : found
}

const checkBarrel = ({ path, text }: SourceFile): string | undefined => {
  if (path === 'connectors/index.ts') return undefined
  const statements = codeOf(text, 'drop-strings')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const reExports = statements.filter((line) => /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*from\b/.test(line))
  return statements.length > 0 && reExports.length === statements.length
    ? `${path}: a file that only re-exports is a barrel`
    : undefined
}

const unnumberedTodo = /\b(?:TODO|FIXME|XXX)\b(?!\s*\(?#\d+)/

const checkTodo = ({ path, text }: SourceFile): string | undefined =>
  unnumberedTodo.test(text) ? `${path}: a TODO carries an issue number` : undefined

/** Violations in any TypeScript file of the project; names and forms are judged in src and connectors only. */
export const checkStyle = (files: readonly SourceFile[]): readonly string[] =>
  files
    .flatMap((file) => [
      checkLength(file),
      checkFileName(file),
      ...(roomOf(file.path) === undefined
        ? []
        : [...checkNames(file), ...checkForms(file), checkBarrel(file), checkTodo(file)]),
    ])
    .filter((violation) => violation !== undefined)
