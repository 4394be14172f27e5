/** Commands on rules, and on why something was decided. */
import { needed } from './call.ts'
import type { Call, CallCommand, Outcome, OwnCommand, View } from './command.ts'
import { usageError } from './exit.ts'
import { findGrantee, findObject, objectWords } from './grant-objects.ts'
import type { Wire } from './management-client.ts'

const readOne = async ({ terminal }: Call, path: string): Promise<string> => {
  const found = await terminal.files.read(path)
  if (found === undefined) throw usageError(`There is no file ${path}`)
  return found.text
}

const isRuleFile = (name: string): boolean => /\.(?:cedar|ya?ml|json)$/.test(name)

type Sources = Readonly<Record<string, string>>

/** Rules and their decision tables, by the names of their files. */
const readFolder = async (call: Call, path: string): Promise<Sources | undefined> => {
  const folder = path.replace(/(?<=.)\/$/, '')
  const names = (await call.terminal.files.list(folder))?.filter(isRuleFile)
  if (names === undefined) return undefined
  if (names.length === 0) throw usageError(`${folder} has no rules: *.cedar and *.decisions.yaml`)
  const texts = await Promise.all(names.map((name) => readOne(call, `${folder}/${name}`)))
  return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']))
}

const readRules = async (call: Call): Promise<Sources> => {
  const path = needed(call, 'folder')
  const sources = await readFolder(call, path)
  if (sources === undefined) throw usageError(`There is no folder ${path}`)
  return sources
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Of several folders and files, which are one set together. */
const readAll = async (call: Call): Promise<Sources> => {
  const all: Record<string, string> = {}
  for (const path of call.values.many) {
    const found = (await readFolder(call, path)) ?? { [fileName(path)]: await readOne(call, path) }
    const twice = Object.keys(found).find((name) => Object.hasOwn(all, name))
    if (twice !== undefined)
      throw usageError(`${twice} is there twice: files of one set have different names`)
    Object.assign(all, found)
  }
  return all
}

const setView: View = { columns: ['number', 'applied-by', 'applied-at', 'digest'] }

/** What came of trying a set of rules. */
interface Trial {
  readonly valid: boolean
  readonly errors: readonly string[]
  readonly decisions: number
}

/** As a gateway of this build would try them; no gateway is asked. */
export type TryRules = (
  sources: Sources,
) => Promise<Omit<Trial, 'valid'> & { readonly rules: readonly string[] }>

const tryAtGateway = async ({ session }: Call, sources: Sources): Promise<Trial> => {
  const path = '/management/v1/rules/test'
  const { text: answer } = await session.send({ method: 'POST', path, body: { sources } })
  return JSON.parse(answer) as Trial
}

const tryHere = async (tryRules: TryRules, sources: Sources): Promise<Trial> => {
  const { rules, errors, decisions } = await tryRules(sources)
  const trial = { valid: errors.length === 0, rules, decisions, errors }
  return trial
}

const runTest =
  (tryRules: TryRules) =>
  async (call: Call): Promise<Outcome> => {
    const sources = await readAll(call)
    const asked = call.values.isSet('at-gateway')
    const trial = await (asked ? tryAtGateway(call, sources) : tryHere(tryRules, sources))
    for (const error of trial.errors) call.terminal.tell(error)
    return { answer: trial, view: { columns: ['valid', 'decisions'] }, failed: !trial.valid }
  }

const runApply = async (call: Call): Promise<Outcome> => {
  const body = { sources: await readRules(call) }
  const { text: answer } = await call.session.send({ method: 'PUT', path: '/management/v1/rules', body })
  return { answer: JSON.parse(answer), view: setView }
}

/** As `warehouse/ID/table/ID` names it. */
const objectBody = ({ type, actionsPath }: Awaited<ReturnType<typeof findObject>>): Wire => {
  const [, warehouse, , id] = actionsPath.split('/')
  if (type === 'tag') return { type, id: warehouse }
  return {
    type,
    ...(warehouse === undefined ? {} : { 'warehouse-id': warehouse }),
    ...(id === undefined ? {} : { id }),
  }
}

const contextNames = ['time', 'address', 'agent', 'operation'] as const

const contextOf = ({ values }: Call): Wire => {
  const said = contextNames.flatMap((name) => {
    const value = values.text(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const refs = values.text('refs')
  return { ...Object.fromEntries(said), ...(refs === undefined ? {} : { refs: refs.split(',') }) }
}

const explainView: View = { columns: ['allowed', 'visible', 'reason', 'data', 'restricted'] }

interface Explained {
  readonly grants: readonly Wire[]
  readonly rules: { readonly by: readonly string[] }
  readonly missing: readonly string[]
}

/** What people read besides the table. */
const tellWhy = ({ terminal }: Call, { grants, rules, missing }: Explained): void => {
  for (const { object, relation, user, role, decides, suspended } of grants) {
    const whom = role === undefined ? String(user ?? 'everyone') : `role ${String(role)}`
    const weight = suspended ? 'suspended' : decides ? 'decides' : 'is not enough'
    terminal.tell(`grant: ${String(relation)} on ${String(object)} to ${whom} (${weight})`)
  }
  if (rules.by.length > 0) terminal.tell(`forbidden by: ${rules.by.join(', ')}`)
  if (missing.length > 0) terminal.tell(`each would be enough: ${missing.join(', ')}`)
}

const runExplain = async (call: Call): Promise<Outcome> => {
  const { session } = call
  const who = needed(call, 'who')
  const principal = await findGrantee(session, who)
  const object = objectBody(await findObject(session, needed(call, 'object')))
  const isAccount = who.startsWith('service-account:')
  const body = {
    principal: isAccount ? { 'service-account': principal['user'] } : principal,
    ...{ action: needed(call, 'action'), object, context: contextOf(call) },
  }
  const path = '/management/v1/decisions/explain'
  const { text: answer } = await session.send({ method: 'POST', path, body })
  const explained = JSON.parse(answer) as Explained
  if (!call.values.isSet('json')) tellWhy(call, explained)
  return { answer: explained, view: explainView }
}

const folder = {
  name: 'folder',
  about: 'with rules (*.cedar) and their decision tables (*.decisions.yaml)',
}

export const policyCommands = (tryRules: TryRules): readonly OwnCommand[] => [
  {
    name: 'policy test',
    about:
      'try whether rules are valid and their decision tables hold; no gateway is needed, nothing is stored',
    arguments: [
      {
        name: 'path',
        about: 'a folder of rules (*.cedar) and decision tables (*.decisions.yaml), or files of them',
        many: true,
      },
    ],
    options: [
      { name: 'at-gateway', about: 'have the gateway try them, whose build may be another', form: 'switch' },
    ],
    lines: ['POST /v1/rules/test'],
    run: runTest(tryRules),
  },
  {
    name: 'policy apply',
    about: 'put a folder of rules in force, if it is valid and its decision tables hold',
    arguments: [folder],
    lines: ['PUT /v1/rules'],
    run: runApply,
  },
  {
    name: 'policy explain',
    about: 'show whether somebody may do something with an object, and what decides it',
    arguments: [
      { name: 'who', about: 'user:ID, role:NAME or service-account:NAME' },
      { name: 'action', about: 'e.g. read, append, drop' },
      { name: 'object', about: objectWords },
    ],
    options: [
      { name: 'time', about: 'at this moment, e.g. 2027-01-31T18:00:00Z' },
      { name: 'address', about: 'from this address' },
      { name: 'agent', about: 'with this client, as its User-Agent says' },
      { name: 'operation', about: 'in this operation, e.g. loadTable' },
      { name: 'refs', about: 'on these snapshot refs, with commas between' },
    ],
    lines: ['POST /v1/decisions/explain'],
    run: runExplain,
  },
]

export const ruleCommands: readonly CallCommand[] = [
  { name: 'policy show', about: 'show the rules in force', line: 'GET /v1/rules', view: setView },
  {
    name: 'policy history',
    about: 'list the sets of rules that have been in force, the newest first',
    line: 'GET /v1/rules/history',
    view: { list: 'rule-sets', columns: setView.columns },
  },
  {
    name: 'policy get',
    about: 'show a set of rules that has been in force',
    line: 'GET /v1/rules/history/{number}',
    arguments: [{ name: 'number', about: 'of the set', to: 'path.number' }],
    view: setView,
  },
]
