/** Declared rules against those in force: whole sets, told by the files in which they differ. */
import { isDeepStrictEqual } from 'node:util'
import type { ManagementClient } from './management-client.ts'

type Sources = Readonly<Record<string, string>>

export interface ApplyRulesRequest {
  /** Texts by file name, as they are declared. */
  readonly sources: Sources
  readonly client: ManagementClient
  readonly print: (line: string) => void
  /** Prints the difference and stops there. */
  readonly dryRun?: boolean
}

const lineOf = (file: string, before: string | undefined, after: string | undefined): string => {
  if (before === undefined) return `+ rules ${file}`
  return after === undefined ? `- rules ${file}` : `~ rules ${file}`
}

const differencesOf = (before: Sources, after: Sources): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .toSorted()
    .filter((file) => before[file] !== after[file])
    .map((file) => lineOf(file, before[file], after[file]))

/** True where another set was put in force. Rejects with the server's reasons where it refuses the set. */
export const applyRules = async ({ sources, client, print, dryRun }: ApplyRulesRequest): Promise<boolean> => {
  const { sources: before } = (await client.get('/rules')) as { readonly sources: Sources }
  if (isDeepStrictEqual({ ...before }, { ...sources })) return false
  for (const line of differencesOf(before, sources)) print(line)
  if (dryRun) return false
  await client.put('/rules', { sources })
  return true
}
