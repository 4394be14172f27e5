/** A process of ours that a test starts: what it prints, and the secrets that its environment gives it. */
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { folderVariable, noteBlind, noteEmitted, noteSecret } from './record.ts'

export interface Started {
  readonly child: ChildProcess
  readonly args: readonly string[]
  /** `NAME=value` each. */
  readonly environment: readonly string[]
}

/** Variables that tests give to a process of ours and that hold no secret; whatever else they give is taken for one. */
const publicVariables = new Set([
  ...['HOME', 'XDG_CONFIG_HOME', 'PATH', 'LD_PRELOAD', 'TZ', 'TMPDIR'],
  ...['LAKEGATE_SERVER', 'LAKEGATE_DATA', 'LAKEGATE_PORT', 'LAKEGATE_HOST', 'LAKEGATE_PROJECT'],
])
const publicPrefixes = /^(?:OTEL_|FAKETIME|DONT_FAKE|LAKEGATE_LEAK_|NODE_)/

/** The command that prints a key once, by design, on its standard output. */
const printsKey = /\bkey create\b/
const keyText = /\blgs?_[\w-]+/g

const passwordIn = (text: string): string | undefined => {
  const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*?:([^/?#@]*)@/.exec(text) ?? []
  return password === undefined ? undefined : decodeURIComponent(password)
}

const noteVariable = (name: string, value: string): void => {
  if (publicVariables.has(name) || publicPrefixes.test(name) || process.env[name] === value) return
  if (name === 'LAKEGATE_KEY') noteSecret('server key', value)
  else if (/^[a-z]+:\/\//.test(value)) noteSecret('database password', passwordIn(value))
  else noteSecret('variable', value)
}

const noteOutput = (stream: Readable | null, place: string, told?: RegExp): void => {
  if (stream === null) noteBlind(`${place}: its output goes where it cannot be searched; give it a pipe`)
  stream?.on('data', (chunk) => {
    const text = String(chunk)
    noteEmitted('output', place, told ? text.replaceAll(told, 'told once') : text)
  })
}

export const noteStarted = ({ child, args, environment }: Started): void => {
  const entry = args.findIndex((arg) => /\bsrc\/main\.ts\b/.test(arg))
  if (entry < 0) return
  const command = args.slice(entry + 1).join(' ') || 'in a script'
  for (const pair of environment) {
    const at = pair.indexOf('=')
    noteVariable(pair.slice(0, at), pair.slice(at + 1))
  }
  if (!environment.some((pair) => pair.startsWith(`${folderVariable}=`)))
    noteBlind(`lakegate ${command} was started without the environment of the tests`)
  // The streams are there once the process has been started, in this very turn.
  process.nextTick(() => {
    noteOutput(child.stdout, `lakegate ${command}`, printsKey.test(command) ? keyText : undefined)
    noteOutput(child.stderr, `lakegate ${command} (errors)`)
  })
}
