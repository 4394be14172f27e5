/** From files to a set of rules: read, validated, held against its decision tables. What fails is refused with the reasons. */
import { contradiction, type DecisionRow, readTable } from './decision-table.ts'
import type { Cedar } from './engine.ts'
import { createProgram, type ParsedRules } from './program.ts'

/** Texts by file name: `*.cedar`, and `*.decisions.yaml` or `.json`. */
export type RuleSources = Readonly<Record<string, string>>

export interface TriedRules {
  readonly rules: ParsedRules
  /** How many combinations the tables were found to hold in. */
  readonly decisions: number
  /** Empty where the set may be taken. */
  readonly errors: readonly string[]
}

export interface RuleSetTools {
  readonly cedar: Cedar
  /** YAML, of which JSON is a part. Throws for what is none. */
  readonly parseTable: (text: string) => unknown
  /** Lets others have their turn: a large set is tried for a while. */
  readonly turn: () => Promise<void>
}

const isRules = (file: string): boolean => file.endsWith('.cedar')
const isTable = (file: string): boolean => /\.decisions\.(?:ya?ml|json)$/.test(file)

const mostRows = 20_000
const mostErrors = 50
const rowsATurn = 10

const refused = (errors: readonly string[]): TriedRules => ({
  ...{ rules: {}, decisions: 0 },
  errors: errors.slice(0, mostErrors),
})

const ofKind = (sources: RuleSources, is: (file: string) => boolean): RuleSources =>
  Object.fromEntries(Object.entries(sources).filter(([file]) => is(file)))

const readTables = (sources: RuleSources, parse: RuleSetTools['parseTable']) => {
  const rows: DecisionRow[] = []
  const errors: string[] = []
  for (const [file, text] of Object.entries(ofKind(sources, isTable))) {
    const read = readParsed(file, () => parse(text))
    rows.push(...read.rows)
    errors.push(...read.errors)
  }
  if (rows.length > mostRows)
    errors.push(`The tables have ${rows.length} combinations; at most ${mostRows} are tried`)
  return { rows, errors }
}

const readParsed = (file: string, parse: () => unknown): ReturnType<typeof readTable> => {
  try {
    return readTable(file, parse())
  } catch (error) {
    return { rows: [], errors: [`${file}: ${error instanceof Error ? error.message : 'cannot be read'}`] }
  }
}

const misnamed = (sources: RuleSources): readonly string[] =>
  Object.keys(sources)
    .filter((file) => !isRules(file) && !isTable(file))
    .map((file) => `${file}: files are named *.cedar and *.decisions.yaml`)

/** A rule that no table shows to decide anything may say something else than it means. */
const untested = (rules: ParsedRules, rows: readonly DecisionRow[]): readonly string[] => {
  const decided = new Set(rows.flatMap(({ by = [] }) => by))
  return Object.entries(rules)
    .filter(([id, { effect }]) => effect === 'forbid' && !decided.has(id))
    .map(([id]) => `${id}: no decision table has a case that is denied by this rule`)
}

/** A set that let nobody change the rules could only be taken back in the database. */
const wayBack = {
  cases: [
    {
      name: 'whoever administers the server can see and change the rules',
      who: { kind: 'user', id: 'nobody~in-particular', 'server-admin': true },
      ...{ does: ['manage', 'read-grants'], to: { kind: 'server' }, expect: 'allow' },
    },
  ],
}

export const tryRules = async (sources: RuleSources, tools: RuleSetTools): Promise<TriedRules> => {
  const parsed = tools.cedar.parse(ofKind(sources, isRules))
  const tables = readTables(sources, tools.parseTable)
  const wrong = [...misnamed(sources), ...parsed.errors, ...tables.errors]
  if (Object.keys(parsed.rules).length === 0 && wrong.length === 0)
    wrong.push('There is no rule: everything would be denied')
  if (wrong.length > 0) return refused(wrong)
  const evaluate = tools.cedar.prepare(parsed.rules, 'trial')
  const program = createProgram(parsed.rules, { report: () => undefined })
  const errors = [...untested(parsed.rules, tables.rows)]
  for (const [i, row] of [...tables.rows, ...readTable('(always)', wayBack).rows].entries()) {
    if (i % rowsATurn === 0) await tools.turn()
    const found = contradiction(row, program, evaluate)
    if (found !== undefined) errors.push(found)
  }
  return errors.length > 0
    ? refused(errors)
    : { rules: parsed.rules, decisions: tables.rows.length, errors: [] }
}
