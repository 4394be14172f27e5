/** `lakegate …`: from words to an exit code. */
import { runCall } from './call.ts'
import type { Command, Outcome, ProcessCommand } from './command.ts'
import { auditCommands } from './commands-audit.ts'
import { connectionCommands, mountCommands } from './commands-catalog.ts'
import { grantCommands, permissionCommands } from './commands-grants.ts'
import { loginCommands } from './commands-login.ts'
import { ownCommands } from './commands-own.ts'
import { keyCommands, serviceAccountCommands, userCommands } from './commands-people.ts'
import { policyCommands, ruleCommands, type TryRules } from './commands-policy.ts'
import { roleCommands } from './commands-roles.ts'
import { adminCommands, projectCommands, serverCommands, signingKeyCommands } from './commands-server.ts'
import { tagCommands, taggingCommands } from './commands-tags.ts'
import { warehouseCommands } from './commands-warehouse.ts'
import { type ExitCode, errorText, errorWire, exitCodeOf, exitCodes } from './exit.ts'
import { helpOf } from './help.ts'
import { type Parsed, parse, valuesOf } from './parse.ts'
import { openSession } from './session.ts'
import { textOf } from './table.ts'
import type { Terminal } from './terminal.ts'

/** The commands that ask a gateway, in the order of help. */
export const callCommands = [
  ...serverCommands,
  ...adminCommands,
  ...signingKeyCommands,
  ...projectCommands,
  ...userCommands,
  ...serviceAccountCommands,
  ...keyCommands,
  ...roleCommands,
  ...warehouseCommands,
  ...connectionCommands,
  ...mountCommands,
  ...permissionCommands,
  ...ruleCommands,
  ...tagCommands,
]

export const createRows = (
  processCommands: readonly ProcessCommand[],
  tryRules: TryRules,
): readonly Command[] => [
  ...processCommands,
  ...loginCommands,
  ...callCommands,
  ...grantCommands,
  ...policyCommands(tryRules),
  ...taggingCommands,
  ...auditCommands,
  ...ownCommands,
]

const show = (terminal: Terminal, { answer, view, text, shown }: Outcome, asJson: boolean): void => {
  if (shown) return
  if (text !== undefined) terminal.print(text.replace(/\n$/, ''))
  else if (asJson) terminal.print(JSON.stringify(answer ?? {}, undefined, 2))
  else terminal.print(textOf(answer, view) || 'Done.')
}

const optionText = ({ options }: Parsed, name: string): string | undefined => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

const sessionOf = (parsed: Parsed, terminal: Terminal) =>
  openSession(terminal, {
    profile: optionText(parsed, 'profile'),
    server: optionText(parsed, 'server'),
    project: optionText(parsed, 'project'),
    assumeRole: optionText(parsed, 'assume-role'),
    certificate: optionText(parsed, 'cert'),
    key: optionText(parsed, 'key'),
    mayBeNew: parsed.command.name === 'login',
  })

const perform = async (rows: readonly Command[], parsed: Parsed, terminal: Terminal): Promise<Outcome> => {
  const { command } = parsed
  if (parsed.options['help']) return { text: helpOf(rows, command.name.split(' ')) }
  if ('process' in command) return { text: helpOf(rows, command.name.split(' ')) }
  const session = await sessionOf(parsed, terminal)
  const work = { session, terminal: session.terminal }
  if ('line' in command) return runCall(command, parsed, work)
  return command.run({ ...work, values: valuesOf(parsed), rows })
}

/** Never rejects: whatever goes wrong is told on standard error, as JSON where that was asked for. */
export const runCommandLine = async (
  rows: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> => {
  const asJson = args.includes('--json')
  try {
    const parsed = parse(rows, args.length === 0 ? ['help'] : args)
    const outcome = await perform(rows, parsed, terminal)
    show(terminal, outcome, asJson)
    return outcome.failed ? exitCodes.failed : exitCodes.done
  } catch (error) {
    terminal.tell(asJson ? JSON.stringify(errorWire(error), undefined, 2) : errorText(error))
    return exitCodeOf(error)
  }
}
