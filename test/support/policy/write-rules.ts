/** `npm run policy-rules`. */
import { writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { parse } from 'yaml'
import { loadCedar } from '#authz/cedar/engine.ts'
import { tryRules } from '#authz/cedar/rule-set.ts'
import { digestOf, preparedFile, shippedSources } from '../../../src/shipped-rules.ts'

const sources = await shippedSources()
const tools = { cedar: await loadCedar(), parseTable: parse, turn: () => setImmediate() }
const { rules, errors } = await tryRules(sources, tools)
if (errors.length > 0) throw new Error(errors.join('\n'))
writeFileSync(preparedFile, `${JSON.stringify({ digest: digestOf(sources).toString('hex'), rules })}\n`)
