/** The rules that `state.rules` names, brought into force like the rest of the declared state. */
import { resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ApplyRulesRequest, applyRules } from '#cli/apply-rules.ts'
import type { Config } from './config.ts'
import { readRuleFolder } from './shipped-rules.ts'

/** Nothing where none are declared. Rejects where the folder cannot be read, or the server refuses the set. */
export const applyDeclaredRules = async (
  { state }: Config,
  request: Omit<ApplyRulesRequest, 'sources'>,
): Promise<void> => {
  if (state.rules === undefined) return
  const folder = pathToFileURL(resolve(state.rules) + sep)
  await applyRules({ ...request, sources: await readRuleFolder(folder) })
}
