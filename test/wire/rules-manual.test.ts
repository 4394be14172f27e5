/** The page about rules says what is served, and what it shows holds. */
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadCedar } from '#authz/cedar/engine.ts'
import { tryRules } from '#authz/cedar/rule-set.ts'
import { createGovernanceOperations } from '#gateway/operations/governance/governance.ts'
import { governanceEndpoints } from '#http/management/governance.ts'
import { shippedSources } from '../../src/shipped-rules.ts'

const page = readFile(new URL('../../docs/rules.md', import.meta.url), 'utf8')

const blocksOf = async (language: string): Promise<readonly string[]> =>
  [...(await page).matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text)

test('the manual lists every endpoint about rules, tags and restrictions', async () => {
  const shown = (await page).split('\n').flatMap((row) => /^\| `([A-Z]+ [^`]+)`/.exec(row)?.[1] ?? [])
  const endpoints = governanceEndpoints(createGovernanceOperations({} as never))
  expect(shown).toEqual(endpoints.map(({ method, template }) => `${method} /management${template}`))
})

test('the rule of the manual is valid, and its table holds', async () => {
  const [rule = ''] = await blocksOf('cedar')
  const [table = ''] = await blocksOf('yaml')
  const sources = { ...(await shippedSources()), 'own.cedar': rule, 'own.decisions.yaml': table }
  const tools = { cedar: await loadCedar(), parseTable: parse, turn: () => setImmediate() }
  expect((await tryRules(sources, tools)).errors).toEqual([])
})

test('the manual shows every tag that the shipped rules know', async () => {
  const texts = Object.entries(await shippedSources()).filter(([file]) => file.endsWith('.cedar'))
  const known = texts.flatMap(([, text]) => [...text.matchAll(/hasTag\("([^"]+)"\)/g)].map(([, tag]) => tag))
  const shown = [...(await page).matchAll(/^\| `([a-z-]+)`(?: = `private`)? \| /gm)].map(([, tag]) => tag)
  expect(shown.toSorted()).toEqual([...new Set(known)].toSorted())
})
