/** Runs a row that is an operation: values go to their places, the request goes out, the answer comes back. */
import { parse as parseYaml } from 'yaml'
import {
  type Argument,
  type Call,
  type CallCommand,
  type Option,
  type Outcome,
  optionsOf,
} from './command.ts'
import { CommandError, usageError } from './exit.ts'
import type { Wire } from './management-client.ts'
import { readAllPages, resolveName } from './naming.ts'
import type { Parsed } from './parse.ts'
import type { Session } from './session.ts'
import type { Terminal } from './terminal.ts'

interface Draft {
  readonly path: Record<string, string>
  readonly query: URLSearchParams
  readonly headers: Record<string, string>
  readonly body: Record<string, unknown>
}

const isWire = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Of an argument that there has to be: without it nothing is run. */
export const needed = ({ values }: Call, name: string): string => values.text(name) ?? ''

/** A body from a file or from standard input. JSON is YAML too. */
export const readBody = async (terminal: Terminal, from: string): Promise<Wire> => {
  const text = from === '-' ? await terminal.readInput() : (await terminal.files.read(from))?.text
  if (text === undefined) throw usageError(`There is no file ${from}`)
  const name = from === '-' ? 'Standard input' : from
  try {
    const value: unknown = parseYaml(text, { uniqueKeys: true, strict: true })
    if (isWire(value)) return value
  } catch (cause) {
    throw new CommandError(`${name} is neither JSON nor YAML`, 2, { cause })
  }
  throw usageError(`${name} must hold an object`)
}

const levelsOf = (text: string): readonly string[] => (text === '.' ? [] : text.split('/'))

const readTruth = (text: string, name: string): boolean => {
  if (text !== 'true' && text !== 'false') throw usageError(`${name} must be true or false, not ${text}`)
  return text === 'true'
}

const readValue = ({ form }: Argument | Option, text: string, name: string): unknown => {
  if (form === 'levels') return levelsOf(text)
  if (form === 'list')
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  if (form === 'boolean') return readTruth(text, name)
  if (form !== 'number') return text
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number))
    throw usageError(`${name} must be a number, not ${text}`)
  return number
}

/** `storage-profile.location` is a member of a member. */
const putInBody = (body: Record<string, unknown>, path: string, value: unknown): void => {
  const [first = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    body[first] = value
    return
  }
  const inner = isWire(body[first]) ? { ...body[first] } : {}
  putInBody(inner, rest.join('.'), value)
  body[first] = inner
}

type Putter = (draft: Draft, name: string, value: unknown) => void

const putters: Readonly<Record<string, Putter>> = {
  path: ({ path }, name, value) => {
    if (!isWire(value)) path[name] = String(value)
    // A member goes into a path as its type and its id.
    else for (const [part, text] of Object.entries(value)) path[`${name}_${part}`] = String(text)
  },
  query: ({ query }, name, value) => {
    for (const one of [value].flat()) query.append(name, String(one))
  },
  header: ({ headers }, name, value) => {
    headers[name] = String(value)
  },
  body: ({ body }, name, value) => putInBody(body, name, value),
}

const put = (draft: Draft, to: string | undefined, value: unknown): void => {
  if (to === undefined) return
  const at = to.indexOf('.')
  putters[to.slice(0, at)]?.(draft, to.slice(at + 1), value)
}

/** What lies in another object comes after it on the line, and in the path. */
const ownerOf = (draft: Draft): string | undefined => Object.values(draft.path)[0]

interface Work {
  readonly session: Session
  readonly terminal: Terminal
}

const fill = async (
  { session }: Work,
  draft: Draft,
  item: { readonly of: Argument | Option; readonly text: string; readonly shown: string },
): Promise<void> => {
  const { of, text, shown } = item
  const named = of.kind === undefined ? undefined : { kind: of.kind, text, owner: ownerOf(draft) }
  put(draft, of.to, named === undefined ? readValue(of, text, shown) : await resolveName(session.send, named))
}

const fillMany = async (
  { session }: Work,
  draft: Draft,
  args: { of: Argument; texts: readonly string[] },
) => {
  const { of, texts } = args
  const values: unknown[] = []
  for (const text of texts)
    values.push(
      of.kind === undefined
        ? readValue(of, text, of.name)
        : await resolveName(session.send, { kind: of.kind, text, owner: ownerOf(draft) }),
    )
  put(draft, of.to, values)
}

const fillArguments = async (work: Work, draft: Draft, parsed: Parsed): Promise<void> => {
  for (const of of parsed.command.arguments ?? []) {
    const text = parsed.words[of.name]
    if (of.many && parsed.rest.length > 0) await fillMany(work, draft, { of, texts: parsed.rest })
    else if (text !== undefined) await fill(work, draft, { of, text, shown: `<${of.name}>` })
  }
}

const fillOptions = async (work: Work, draft: Draft, parsed: Parsed): Promise<void> => {
  for (const of of optionsOf(parsed.command)) {
    const value = parsed.options[of.name]
    if (value === true) put(draft, of.to, true)
    else if (value !== undefined) await fill(work, draft, { of, text: value, shown: `--${of.name}` })
  }
}

const pathOf = (template: string, values: Readonly<Record<string, string>>): string =>
  `/management${template}`.replaceAll(/\{([\w-]+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  )

const answerOf = ({ text, json }: { readonly text: string; readonly json: boolean }): Outcome => {
  if (text === '') return { answer: undefined }
  if (!json) return { text }
  try {
    return { answer: JSON.parse(text) }
  } catch {
    return { text }
  }
}

const bodyOf = (command: CallCommand, body: Wire): Wire | undefined => {
  const shaped = command.shape?.(body) ?? body
  return Object.keys(shaped).length === 0 ? undefined : shaped
}

const isFailure = ({ failure }: CallCommand, answer: unknown): boolean =>
  failure !== undefined && isWire(answer) && answer[failure] === false

export const runCall = async (command: CallCommand, parsed: Parsed, work: Work): Promise<Outcome> => {
  const { session, terminal } = work
  const { from } = parsed.options
  const given = typeof from === 'string' ? await readBody(terminal, from) : {}
  const draft: Draft = {
    path: {},
    query: new URLSearchParams(),
    headers: {},
    body: { ...command.body, ...given },
  }
  await fillArguments(work, draft, parsed)
  await fillOptions(work, draft, parsed)
  const [method = '', template = ''] = command.line.split(' ')
  const path = pathOf(template, draft.path)
  const { query, headers } = draft
  const { view } = command
  const isWhole = parsed.options['page-size'] === undefined && parsed.options['page-token'] === undefined
  if (method === 'GET' && view?.list !== undefined && isWhole)
    return { answer: await readAllPages(session.send, path, { query, list: view.list }), view }
  const sent = await session.send({ method, path, query, headers, body: bodyOf(command, draft.body) })
  if (command.note !== undefined) terminal.tell(command.note)
  const outcome = answerOf(sent)
  return { ...outcome, ...(view === undefined ? {} : { view }), failed: isFailure(command, outcome.answer) }
}
