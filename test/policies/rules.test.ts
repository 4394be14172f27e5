/** The rules that are shipped say what their decision tables say, and are prepared as they are written. */
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadCedar } from '#authz/cedar/engine.ts'
import { tryRules } from '#authz/cedar/rule-set.ts'
import { readShipped, shippedSources } from '../../src/shipped-rules.ts'

const tools = async () => ({ cedar: await loadCedar(), parseTable: parse, turn: () => setImmediate() })

test('the shipped rules hold in every line of their tables', async () => {
  const tried = await tryRules(await shippedSources(), await tools())
  expect(tried.errors).toEqual([])
  expect(tried.decisions).toBeGreaterThan(250)
  process.stdout.write(
    `decision tables: ${tried.decisions} decisions of ${Object.keys(tried.rules).length} rules\n`,
  )
})

test('the prepared form beside them is theirs: run `npm run policy-rules` after a change', async () => {
  const { rules } = await tryRules(await shippedSources(), await tools())
  expect((await readShipped()).rules).toEqual(rules)
})

test('every file of rules has a table', () => {
  const files = readdirSync(new URL('../../policies/rules/', import.meta.url))
  const named = (end: string) =>
    files.filter((file) => file.endsWith(end)).map((file) => file.slice(0, -end.length))
  expect(named('.decisions.yaml')).toEqual(named('.cedar'))
})

test('an upset table is noticed', async () => {
  const text = readFileSync(
    new URL('../../policies/rules/quarantine.decisions.yaml', import.meta.url),
    'utf8',
  )
  const sources = {
    ...(await shippedSources()),
    'quarantine.decisions.yaml': text.replace('expect: deny', 'expect: allow'),
  }
  const { errors } = await tryRules(sources, await tools())
  expect(errors.join()).toContain('expected allow, got deny by quarantine')
})

test('a rule about a spelling is passed by in no other spelling of the name', async () => {
  const spelled = [
    ...['sales/orders', 'SALES/Orders', 'sales/orders%20', 'sales.orders', 's\u00e1les/orders'],
    ...['\uff33ales/orders', 'Sa\u0301les/ORDERS'],
  ]
  const table = (expect: string, paths: readonly string[], by: readonly string[]) => ({
    ...{ name: expect, who: { kind: 'user', id: 'a' }, does: 'read', expect, by },
    to: paths.map((path) => ({ kind: 'table', path, mount: 'hive' })),
  })
  const cases = [
    table('deny', spelled, ['secret']),
    table('allow', ['sales/order', 'sale/sorders', 'sales/orders/x'], []),
  ]
  const sources = {
    ...(await shippedSources()),
    'secret.cedar':
      '@id("secret") forbid (principal, action == Action::"read", resource is Table) when { resource has mount && resource.spelling == "sales.orders" };',
    'secret.decisions.json': JSON.stringify({ cases }),
  }
  const { errors } = await tryRules(sources, await tools())
  expect(errors).toEqual([])
})
