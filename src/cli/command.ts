/** What a command is: a row. Parsing, help, completion and the calls themselves are all made from the rows. */
import type { Wire } from './management-client.ts'
import type { Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** Kinds of object that may be given by name; the id is then looked up. */
export type Kind =
  | 'project'
  | 'user'
  | 'role'
  | 'service-account'
  | 'key'
  | 'warehouse'
  | 'connection'
  | 'tag'
  | 'mount'
  | 'member'

/** Where in the request a value goes, e.g. `path.id`, `body.new-name`, `query.name`, `header.x-project-id`. */
type Place = `${'path' | 'body' | 'query' | 'header'}.${string}`

/**
 * How a value is read. `levels` is a namespace such as `a/b`, `.` for the root; `reference` names a secret as
 * `env:NAME` or `file:/path`, so that the secret itself is never an argument.
 */
type Form = 'text' | 'number' | 'boolean' | 'switch' | 'list' | 'levels' | 'reference'

export interface Argument {
  readonly name: string
  readonly about: string
  readonly to?: Place
  readonly kind?: Kind
  readonly form?: Form
  readonly optional?: boolean
  /** The last one only: one or more, as a list. */
  readonly many?: boolean
}

export interface Option {
  readonly name: string
  readonly about: string
  readonly to?: Place
  readonly kind?: Kind
  /** Text where not said. A switch takes no value. */
  readonly form?: Form
  readonly required?: boolean
}

/** What is shown of an answer to people; `--json` shows all of it. */
export interface View {
  /** The member that holds the list, where the answer is one. */
  readonly list?: string
  /** Members, in order; `a|b` is the first of the two that is there. */
  readonly columns: readonly string[]
}

interface Row {
  /** Its words, e.g. `role members add`. */
  readonly name: string
  readonly about: string
  readonly arguments?: readonly Argument[]
  readonly options?: readonly Option[]
}

/** One operation of the management API. */
export interface CallCommand extends Row {
  /** E.g. `POST /v1/role/{id}/rename`, below `/management`. */
  readonly line: string
  /** More lines that are the same operation under an older name. */
  readonly also?: readonly string[]
  /** The body can be given whole, by `--from FILE` (JSON or YAML; `-` is standard input). */
  readonly from?: boolean
  /** Members that the body always has. */
  readonly body?: Wire
  /** The last word on the body, once every value is in its place. */
  readonly shape?: (body: Wire) => Wire
  readonly view?: View
  /** A member of the answer; where it is false the command has failed, though the request has not. */
  readonly failure?: string
  /** What people are told beside the answer, on standard error. */
  readonly note?: string
}

export interface Values {
  text(name: string): string | undefined
  isSet(name: string): boolean
  /** Of the last argument, where it takes many. */
  readonly many: readonly string[]
}

export interface Call {
  readonly values: Values
  readonly session: Session
  readonly terminal: Terminal
  /** Every row, for help and completion. */
  readonly rows: readonly Command[]
}

/** What the answer of a command is: shown as JSON or by its view. */
export interface Outcome {
  readonly answer?: unknown
  readonly view?: View
  /** Shown as it is, where it is not data. */
  readonly text?: string
  /** The command has shown it as it came. */
  readonly shown?: true
  /** It is shown, and says that something is wrong. */
  readonly failed?: boolean
}

/** A command of the command line itself. */
export interface OwnCommand extends Row {
  /**
   * The operations that it stands for, as lines below `/management`: which one depends on its arguments. Those that are
   * the same under another name are among them.
   */
  readonly lines?: readonly string[]
  readonly run: (call: Call) => Promise<Outcome>
}

/** A command of the server process: described here, run by main. */
export interface ProcessCommand extends Row {
  readonly process: true
}

export type Command = CallCommand | OwnCommand | ProcessCommand

/** Every command that asks a gateway has these. */
export const commonOptions: readonly Option[] = [
  { name: 'profile', about: 'which profile of the configuration file to use' },
  { name: 'server', about: 'address of the gateway' },
  { name: 'project', about: 'project to act in, by name or id' },
  { name: 'assume-role', about: 'act with this role alone, by id' },
  { name: 'cert', about: 'file with a client certificate (PEM) to show to the gateway' },
  { name: 'key', about: 'file with its key (PEM)' },
  { name: 'json', about: 'print JSON, errors too', form: 'switch' },
  { name: 'help', about: 'explain the command', form: 'switch' },
]

export const fromOption: Option = {
  name: 'from',
  about: 'file with the request body, JSON or YAML; - is standard input',
}

/** For calls that change something. */
const ifMatchOption: Option = {
  name: 'if-match',
  about: 'only if the object still has this ETag',
  to: 'header.if-match',
}

const pageOptions: readonly Option[] = [
  {
    name: 'page-size',
    about: 'one page of this size, not the whole list',
    to: 'query.pageSize',
    form: 'number',
  },
  { name: 'page-token', about: 'the page that this token begins', to: 'query.pageToken' },
]

const ownOptions = (command: Command): readonly Option[] => {
  const said = command.options ?? []
  if (!('line' in command)) return said
  const reads = command.line.startsWith('GET ')
  return [
    ...said,
    ...(command.from ? [fromOption] : []),
    ...(reads && command.view?.list !== undefined ? pageOptions : []),
    ...(reads ? [] : [ifMatchOption]),
  ]
}

export const optionsOf = (command: Command): readonly Option[] =>
  'process' in command ? (command.options ?? []) : [...ownOptions(command), ...commonOptions]

/** `role members add <role> <member>…` */
export const signatureOf = ({ name, arguments: args = [] }: Row): string =>
  [
    name,
    ...args.map(({ name: one, optional, many }) => {
      const shown = `<${one}>${many ? '…' : ''}`
      return optional ? `[${shown}]` : shown
    }),
  ].join(' ')
