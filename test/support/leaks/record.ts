/**
 * The record of a run: every secret that it used, and everything that the product emitted. Each process appends to
 * files of its own in the run's folder, at once, so that nothing is lost with a process that is killed. Without a
 * folder in the environment nothing is recorded.
 */
import { appendFileSync } from 'node:fs'

/** The run's folder, for every process of the run. */
export const folderVariable = 'LAKEGATE_LEAK_RECORD'
/** The test file that a process works for. */
export const testVariable = 'LAKEGATE_LEAK_TEST'

/** Where a secret came from. A whole run has to have seen each: see `expected.ts`. */
export type SecretKind =
  | 'basic credential'
  | 'bearer token'
  | 'database password'
  | 'variable'
  | 'form member'
  | 'json member'
  | 'private key'
  | 'sealed'
  | 'server key'
  | 'shown once'
  | 'storage key'
  | 'token given'

export type EmittedKind =
  | 'answer'
  | 'database'
  | 'database log'
  | 'event'
  | 'log'
  | 'metrics'
  | 'output'
  | 'trace'

export interface NotedSecret {
  readonly kind: SecretKind
  readonly value: string
  readonly test: string
}

/** What stands before each emitted text, on a line of its own. */
export interface EmittedHead {
  readonly kind: EmittedKind
  readonly place: string
  readonly test: string
}

/** Begins the line of a head; no text that we emit has it. */
export const headMark = '\n\u0001emitted '

/** Shorter texts would be found everywhere; a test that wants its secret searched for gives it a longer one. */
const shortest = 8

export const isRecording = (): boolean => process.env[folderVariable] !== undefined

const append = (name: string, text: string): void => {
  const folder = process.env[folderVariable]
  if (folder !== undefined) appendFileSync(`${folder}/${name}-${process.pid}`, text)
}

const testOf = (): string => process.env[testVariable] ?? ''

const noted = new Set<string>()

/** References (`env:`, `file:`, `secret:`) are none. */
export const noteSecret = (kind: SecretKind, value: unknown): void => {
  if (typeof value !== 'string' || value.length < shortest || /^(?:env|file|secret):/.test(value)) return
  if (noted.has(`${kind} ${value}`)) return
  noted.add(`${kind} ${value}`)
  const secret: NotedSecret = { kind, value, test: testOf() }
  append('secrets', `${JSON.stringify(secret)}\n`)
}

export const noteEmitted = (kind: EmittedKind, place: string, text: string): void => {
  if (text === '') return
  const head: EmittedHead = { kind, place, test: testOf() }
  append('emitted', `${headMark}${JSON.stringify(head)}\n${text}`)
}

/** Something of the product escaped the record: fails the run. */
export const noteBlind = (what: string): void => append('blind', `${what} (${testOf()})\n`)
