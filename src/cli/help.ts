/** Help, from the rows alone. */
import { type Command, commonOptions, type Option, optionsOf, signatureOf } from './command.ts'
import { usageError } from './exit.ts'
import { findRow, nextWords } from './parse.ts'

const columns = (lines: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(0, ...lines.map(([left]) => left.length))
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

const optionLine = ({ name, about, form, required }: Option): readonly [string, string] => [
  `--${name}${form === 'switch' ? '' : ` ${name === 'from' ? 'FILE' : 'VALUE'}`}`,
  required ? `${about} (required)` : about,
]

const isCommon = (option: Option): boolean => commonOptions.includes(option)

const section = (title: string, lines: readonly (readonly [string, string])[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...columns(lines)]

const hintOf = ({ kind, about }: { readonly kind?: string; readonly about: string }): string =>
  kind === undefined || kind === 'member' ? about : `${about} (name or id)`

const helpOfCommand = (command: Command): string => {
  const args = command.arguments ?? []
  const options = optionsOf(command)
  return [
    `Usage: lakegate ${signatureOf(command)} [options]`,
    '',
    `  ${command.about}`,
    ...section(
      'Arguments',
      args.map((one) => [`<${one.name}>`, hintOf(one)]),
    ),
    ...section('Options', options.filter((one) => !isCommon(one)).map(optionLine)),
    ...section('Common options', options.filter(isCommon).map(optionLine)),
    ...('line' in command ? ['', `Operation: ${command.line.replace(' ', ' /management')}`] : []),
  ].join('\n')
}

const exitLine =
  'Exit codes: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not found, 5 conflict, 6 forbidden, 7 unavailable'

/** The words of one level, with what each is for; a group shows the words below it. */
const topicLines = (
  rows: readonly Command[],
  topic: readonly string[],
): readonly (readonly [string, string])[] =>
  nextWords(rows, topic).map((word) => {
    const path = [...topic, word]
    const row = rows.find(({ name }) => name === path.join(' '))
    const below = nextWords(rows, path)
    return [word, row?.about ?? below.join(', ')]
  })

const helpOfTopic = (rows: readonly Command[], topic: readonly string[]): string => {
  const inside = rows.filter(({ name }) => name.startsWith(`${topic.join(' ')} `))
  return [
    `Usage: lakegate ${topic.join(' ')} <command> [options]`,
    ...section(
      'Commands',
      inside.map((row) => [signatureOf(row), row.about]),
    ),
    '',
    `\`lakegate help ${topic.join(' ')} <command>\` explains one.`,
  ].join('\n')
}

const helpOfAll = (rows: readonly Command[]): string =>
  [
    'Usage: lakegate <command> [options]',
    ...section('Commands', topicLines(rows, [])),
    ...section('Common options', commonOptions.map(optionLine)),
    '',
    '`lakegate help <command>` explains one. Secrets come from the environment, a file or standard input.',
    exitLine,
  ].join('\n')

export const helpOf = (rows: readonly Command[], topic: readonly string[]): string => {
  if (topic.length === 0) return helpOfAll(rows)
  const row = findRow(rows, topic)
  const below = nextWords(rows, topic)
  if (below.length > 0)
    return [...(row === undefined ? [] : [helpOfCommand(row), '']), helpOfTopic(rows, topic)].join('\n')
  if (row !== undefined && row.name === topic.join(' ')) return helpOfCommand(row)
  throw usageError(`There is no command \`lakegate ${topic.join(' ')}\`: see \`lakegate help\``)
}
