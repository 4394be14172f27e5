#!/usr/bin/env node
/** The commands of this process (`serve`, `apply`, `bootstrap` …); every other is the command line's. The only place that builds things. */
import { enableCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import type { TryRules } from '#cli/commands-policy.ts'
import type { Config, Environment, Flags } from './config.ts'

const options = {
  config: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  server: { type: 'string' },
  profile: { type: 'string' },
  prune: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  timeout: { type: 'string' },
  'any-schema': { type: 'boolean', default: false },
  admin: { type: 'string' },
  name: { type: 'string' },
  email: { type: 'string' },
  'member-of': { type: 'string' },
  reopen: { type: 'boolean', default: false },
  'new-key': { type: 'string' },
  database: { type: 'boolean', default: false },
  anchor: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

type Options = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values']

interface Call {
  readonly config: Config
  readonly environment: Environment
  readonly values: Flags & Options
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** One signal stops in order; a second one stops at once. */
const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })

const runServe = async ({ config, environment }: Call): Promise<void> => {
  const [{ serve }, { createLogs }, { greetingOf }] = await Promise.all([
    import('./serve.ts'),
    import('./log.ts'),
    import('./greeting.ts'),
  ])
  const signalled = untilSignal()
  const { origin, firstStart, stop } = await serve({
    config,
    environment,
    logs: createLogs(config.server.logLevel),
  })
  for (const line of greetingOf({ origin, server: config.server, firstStart })) print(line)
  await signalled
  await stop()
  // Whatever an abandoned call still does must not keep the process.
  process.exit()
}

const runApply = async ({ config, environment, values }: Call): Promise<void> => {
  const [{ apply }, { openApplyClient }, { applyDeclaredRules }] = await Promise.all([
    import('#cli/apply.ts'),
    import('./apply-client.ts'),
    import('./declared-rules.ts'),
  ])
  const { server, profile, prune, 'dry-run': dryRun } = values
  const client = await openApplyClient({ config, environment, server, profile })
  await apply({ declared: config.state, client, print, prune, dryRun })
  await applyDeclaredRules(config, { client, print, dryRun })
}

const runMigrateSchema = async ({ config, environment }: Call): Promise<void> => {
  const { migrateSchema } = await import('./database-commands.ts')
  await migrateSchema({ config, environment, print })
}

const runBootstrap = async ({ config, environment, values }: Call): Promise<void> => {
  const { bootstrap, reopen } = await import('./database-commands.ts')
  const { admin, name, email, 'member-of': memberOf } = values
  const call = { config, environment, print }
  await (values.reopen ? reopen(call) : bootstrap(call, { admin, name, email, memberOf }))
}

const runReseal = async ({ config, environment, values }: Call): Promise<void> => {
  const { reseal } = await import('./reseal.ts')
  await reseal({ config, environment, print }, values['new-key'])
}

const runWaitForDatabase = async ({ config, environment, values }: Call): Promise<void> => {
  const { waitForDatabase } = await import('./database-commands.ts')
  const seconds = Number(values.timeout ?? 60)
  if (!Number.isFinite(seconds))
    throw new Error(`--timeout must be a number of seconds, not ${values.timeout}`)
  await waitForDatabase({ config, environment, print }, { seconds, anySchema: values['any-schema'] })
}

const runVersion = async (): Promise<void> => {
  const { version } = await import('./version.ts')
  print(version)
}

const runConfig = async ({ config }: Call): Promise<void> => {
  const { maskedConfig } = await import('./config.ts')
  print(JSON.stringify(maskedConfig(config), undefined, 2))
}

const runAuditVerify = async ({ config, environment, values }: Call): Promise<void> => {
  const { verifyDatabase } = await import('./audit-commands.ts')
  if (!(await verifyDatabase({ config, environment, print }, values.anchor))) process.exitCode = 1
}

const runAuditAnchor = async ({ config, environment }: Call): Promise<void> => {
  const { printAnchor } = await import('./audit-commands.ts')
  await printAnchor({ config, environment, print })
}

/** Of two words; without `--database` they ask a gateway. */
const databaseCommands: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  'audit verify': runAuditVerify,
  'audit anchor': runAuditAnchor,
}

const commands: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  serve: runServe,
  apply: runApply,
  'migrate-schema': runMigrateSchema,
  'wait-for-db': runWaitForDatabase,
  bootstrap: runBootstrap,
  'reseal-secrets': runReseal,
  config: runConfig,
  version: runVersion,
}

/** What a gateway of this build would say of them. */
const tryRules: TryRules = async (sources) => {
  const { tryRuleSources } = await import('./tried-rules.ts')
  const { rules, ...trial } = await tryRuleSources(sources)
  return { ...trial, rules: Object.keys(rules) }
}

/** Whatever else was typed: help, and all that asks a running gateway. */
const runOther = async (args: readonly string[]): Promise<void> => {
  const [{ createRows, runCommandLine }, { openTerminal }, { processCommands }] = await Promise.all([
    import('#cli/run.ts'),
    import('#cli/open-terminal.ts'),
    import('./process-commands.ts'),
  ])
  process.exitCode = await runCommandLine(createRows(processCommands, tryRules), args, openTerminal())
}

/** The first word that is no option's value, as far as that can be told before the command is known. */
const ownCommand = (args: readonly string[]): ((call: Call) => Promise<void>) | undefined => {
  const { positionals, values } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
  })
  const [name = ''] = positionals
  if (values.database) return databaseCommands[positionals.join(' ')]
  return Object.hasOwn(commands, name) ? commands[name] : undefined
}

const usageExit = 2

const parseOwn = (args: readonly string[]): Options => {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    if (positionals.length > 1 && !values.database) throw new Error(`Unexpected argument ${positionals[1]}`)
    return values
  } catch (error) {
    process.exitCode = usageExit
    throw error
  }
}

const main = async (args: readonly string[], environment: Environment): Promise<void> => {
  if (args[0] === '--version') return runVersion()
  const command = ownCommand(args)
  if (command === undefined || args.includes('--help') || args.includes('-h')) return runOther(args)
  const values = parseOwn(args)
  const { loadConfig } = await import('./config.ts')
  await command({ config: await loadConfig(values, environment), environment, values })
}

// Saves a third of a later start's processor time. Without a place to write it does nothing.
enableCompileCache()

try {
  await main(process.argv.slice(2), process.env)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode ??= 1
}
