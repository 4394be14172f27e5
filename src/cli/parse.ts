/** From the words that were typed to a row and its values. Nothing is asked of any server before all of them are right. */
import { parseArgs } from 'node:util'
import { nearest } from '#model/schema.ts'
import { type Argument, type Command, type Option, optionsOf, signatureOf, type Values } from './command.ts'
import { usageError } from './exit.ts'

export interface Parsed {
  readonly command: Command
  /** Texts by the name of the argument; those of the last one joined are in `rest`. */
  readonly words: Readonly<Record<string, string>>
  readonly rest: readonly string[]
  readonly options: Readonly<Record<string, string | true>>
}

/** Names that people know from other tools: refused with the way to do it, not as a mistake in writing. */
const secretNames = new Set([
  'token',
  'api-key',
  'password',
  'secret',
  'client-secret',
  'access-token',
  'refresh-token',
  'bearer',
  'secret-key',
])

const refuseSecret = (shown: string): Error =>
  usageError(
    `${shown}: a secret is never an argument, because others on this machine can read arguments. Put it into the environment (LAKEGATE_TOKEN, LAKEGATE_CLIENT_SECRET), pipe it to \`lakegate login --token-stdin\` or \`--client-secret-stdin\`, or name it: env:NAME, file:/path`,
  )

/** Keys of ours and JSON web tokens are known by their looks. */
const looksSecret = /^(lgs?_[\w-]{20}|ey[\w-]{8,}\.ey[\w-]+\.)/

const checkReference = (option: Option, value: string): void => {
  if (!/^(env|file):.+/.test(value)) throw refuseSecret(`--${option.name}`)
}

type Schema = Record<string, { type: 'string' | 'boolean'; short?: string }>

/** A name means one thing in every command, so that words can be told from values before the command is known. */
const allOptions = (rows: readonly Command[]): ReadonlyMap<string, Option> =>
  new Map(rows.flatMap(optionsOf).map((option) => [option.name, option]))

const isSwitch = (option: Option): boolean => option.form === 'switch'

const schemaOf = (options: ReadonlyMap<string, Option>): Schema => ({
  ...Object.fromEntries(
    [...options].map(([name, option]) => [name, { type: isSwitch(option) ? 'boolean' : 'string' } as const]),
  ),
  help: { type: 'boolean', short: 'h' },
})

const wordsOf = (command: Command): readonly string[] => command.name.split(' ')

/** The row with the most words among those that the typed words begin with. */
export const findRow = (rows: readonly Command[], typed: readonly string[]): Command | undefined =>
  rows
    .filter((row) => wordsOf(row).every((word, i) => typed[i] === word))
    .sort((a, b) => wordsOf(b).length - wordsOf(a).length)[0]

/** The words that may follow those typed. */
export const nextWords = (rows: readonly Command[], typed: readonly string[]): readonly string[] => {
  const found = rows.flatMap((row) => {
    const words = wordsOf(row)
    return typed.every((word, i) => words[i] === word) && words.length > typed.length
      ? [words[typed.length] ?? '']
      : []
  })
  return [...new Set(found)]
}

const refuseUnknown = (rows: readonly Command[], typed: readonly string[]): Error => {
  let known = 0
  while (known < typed.length && nextWords(rows, typed.slice(0, known)).includes(typed[known] ?? '')) known++
  const before = typed.slice(0, known)
  const choices = nextWords(rows, before)
  const wrong = typed[known]
  const where = ['lakegate', ...before].join(' ')
  if (wrong === undefined) return usageError(`\`${where}\` needs one of: ${choices.join(', ')}`)
  const meant = nearest(wrong, choices)
  const hint = meant === undefined ? `one of ${choices.join(', ')}` : `did you mean "${meant}"?`
  return usageError(`Unknown command \`${where} ${wrong}\`; ${hint}`)
}

interface Token {
  readonly kind: string
  readonly name?: string
  readonly rawName?: string
  readonly value?: string | boolean | undefined
}

const refuseOption = (token: Token, command: Command, isKnown: boolean): Error => {
  const { name = '', rawName = name } = token
  if (secretNames.has(name)) return refuseSecret(rawName)
  const own = optionsOf(command).map((one) => one.name)
  const meant = nearest(name, own)
  const hint = meant === undefined ? `see \`lakegate help ${command.name}\`` : `did you mean --${meant}?`
  const what = isKnown ? `\`lakegate ${command.name}\` has no option` : 'Unknown option'
  return usageError(`${what} ${rawName}; ${hint}`)
}

const readText = (option: Option, value: string | boolean | undefined): string => {
  if (typeof value !== 'string') throw usageError(`--${option.name} needs a value`)
  if (option.form === 'reference') checkReference(option, value)
  else if (looksSecret.test(value)) throw refuseSecret(`--${option.name}`)
  return value
}

const readOption = (token: Token, command: Command, known: ReadonlyMap<string, Option>): string | true => {
  const { name = '', value } = token
  const option = optionsOf(command).find((one) => one.name === name)
  if (option === undefined) throw refuseOption(token, command, known.has(name))
  if (!isSwitch(option)) return readText(option, value)
  if (value !== undefined) throw usageError(`--${name} takes no value`)
  return true
}

const assign = (command: Command, given: readonly string[]): Pick<Parsed, 'words' | 'rest'> => {
  const args: readonly Argument[] = command.arguments ?? []
  const words: Record<string, string> = {}
  for (const [i, { name, optional }] of args.entries()) {
    const value = given[i]
    if (value !== undefined) words[name] = value
    else if (!optional) throw usageError(`Missing <${name}>: lakegate ${signatureOf(command)}`)
  }
  const last = args.at(-1)
  const rest = last?.many ? given.slice(args.length - 1) : []
  if (last?.many && rest.length > 0) words[last.name] = rest.join(' ')
  const extra = given[args.length]
  if (extra !== undefined && !last?.many)
    throw usageError(`Unexpected argument ${extra}: lakegate ${signatureOf(command)}`)
  return { words, rest }
}

const checkRequired = (command: Command, options: Parsed['options']): void => {
  const lacking = optionsOf(command).find(({ name, required }) => required && options[name] === undefined)
  if (lacking !== undefined) throw usageError(`\`lakegate ${command.name}\` needs --${lacking.name}`)
}

/** `--help` needs no command to be complete. */
export const parse = (rows: readonly Command[], args: readonly string[]): Parsed => {
  const known = allOptions(rows)
  const { tokens } = parseArgs({
    args: [...args],
    options: schemaOf(known),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const typed = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const secret = typed.find((word) => looksSecret.test(word))
  if (secret !== undefined) throw refuseSecret(`${secret.slice(0, 4)}…`)
  const command = findRow(rows, typed)
  const asked = tokens.filter((token) => token.kind === 'option')
  const named = asked.find(({ name }) => secretNames.has(name))
  if (named !== undefined && !known.has(named.name)) throw refuseSecret(named.rawName)
  if (command === undefined) throw refuseUnknown(rows, typed)
  const options: Record<string, string | true> = {}
  for (const token of asked) options[token.name] = readOption(token, command, known)
  if (options['help']) return { command, words: {}, rest: [], options }
  checkRequired(command, options)
  return { command, ...assign(command, typed.slice(wordsOf(command).length)), options }
}

export const valuesOf = ({ words, options, rest }: Parsed): Values => ({
  many: rest,
  text: (name) => {
    const value = words[name] ?? options[name]
    return typeof value === 'string' ? value : undefined
  },
  isSet: (name) => options[name] !== undefined || words[name] !== undefined,
})
