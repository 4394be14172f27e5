/** How the command line ends: one code for each kind of failure, so that scripts need not read sentences. */
import { ManagementError } from './management-client.ts'

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unauthenticated: 3,
  missing: 4,
  conflict: 5,
  forbidden: 6,
  unavailable: 7,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Said by the command line itself, before or beside what a server says. */
export class CommandError extends Error {
  readonly exit: ExitCode

  constructor(message: string, exit: ExitCode = exitCodes.failed, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.exit = exit
  }
}

/** What was typed is not a command; nothing was asked of any server. */
export const usageError = (message: string): CommandError => new CommandError(message, exitCodes.usage)

const ofStatus: ReadonlyMap<number, ExitCode> = new Map([
  [0, exitCodes.unavailable],
  [401, exitCodes.unauthenticated],
  [403, exitCodes.forbidden],
  [404, exitCodes.missing],
  [409, exitCodes.conflict],
  [412, exitCodes.conflict],
  [429, exitCodes.unavailable],
  [502, exitCodes.unavailable],
  [503, exitCodes.unavailable],
  [504, exitCodes.unavailable],
])

export const exitCodeOf = (error: unknown): ExitCode => {
  if (error instanceof CommandError) return error.exit
  if (error instanceof ManagementError) return ofStatus.get(error.status) ?? exitCodes.failed
  return exitCodes.failed
}

const nameOf = (exit: ExitCode): string =>
  Object.entries(exitCodes).find(([, code]) => code === exit)?.[0] ?? 'failed'

/** The envelope of every face: the server's own words where it had any. */
export const errorWire = (error: unknown) => {
  const exit = exitCodeOf(error)
  const said = error instanceof ManagementError ? error : undefined
  return {
    error: {
      message: error instanceof Error ? error.message : String(error),
      type: said?.type ?? nameOf(exit),
      ...(said === undefined || said.status === 0 ? {} : { code: said.status }),
      ...(said?.requestId === undefined ? {} : { 'request-id': said.requestId }),
      exit,
    },
  }
}

/** For people, without what a terminal would obey: the words may come from any server. */
export const errorText = (error: unknown): string => {
  const {
    error: { message, 'request-id': requestId },
  } = errorWire(error)
  const text = requestId === undefined ? message : `${message} (request ${requestId})`
  return text.replaceAll(/[^\P{Cc}\n]/gu, '\u{fffd}')
}
