import { describe, expect, test } from 'vitest'
import { createRows, runCommandLine } from '#cli/run.ts'
import { createFakeTerminal, type FakeTerminalOptions, untried } from '../../support/fake-terminal.ts'

const rows = createRows([], untried)

const run = async (line: string, options: FakeTerminalOptions = {}) => {
  const terminal = createFakeTerminal(options)
  const code = await runCommandLine(rows, line.split(' '), terminal)
  return { code, out: terminal.output(), err: terminal.errors(), sent: terminal.sent }
}

const files = {
  'rules/open.cedar': 'permit',
  'rules/open.decisions.yaml': 'cases: []',
  'rules/README.md': 'not one of them',
}

describe('a folder of rules', () => {
  test('is sent as the files that it holds, and put in force', async () => {
    const set = { number: 7, 'applied-by': 'oidc~ann', 'applied-at': '2026-01-01T00:00:00Z', digest: 'ab' }
    const answers = { 'PUT /management/v1/rules': { body: set } }
    const { code, out, sent } = await run('policy apply rules/', { files, answers })
    expect(code).toBe(0)
    expect(out).toContain('7')
    expect(JSON.parse(sent[0]!.body)).toEqual({
      sources: { 'open.cedar': 'permit', 'open.decisions.yaml': 'cases: []' },
    })
  })

  test('that does not hold fails the command, and each reason is told', async () => {
    const trial = { valid: false, rules: [], decisions: 0, errors: ['a is wrong', 'b is worse'] }
    const answers = { 'POST /management/v1/rules/test': { body: trial } }
    const { code, err } = await run('policy test rules --at-gateway', { files, answers })
    expect(code).toBe(1)
    expect(err).toBe('a is wrong\nb is worse')
  })

  test('is tried with tables from elsewhere, as one set, and no gateway is asked', async () => {
    const tried: object[] = []
    const own = createRows([], async (sources) => {
      tried.push(sources)
      return { rules: ['open'], decisions: 1, errors: tried.length === 1 ? [] : ['open is wrong'] }
    })
    const more = { ...files, 'team/eu.decisions.yaml': 'cases: 1', 'team/open.cedar': 'forbid' }
    const attempt = async (line: string) => {
      const terminal = createFakeTerminal({ files: more })
      const code = await runCommandLine(own, line.split(' '), terminal)
      expect(terminal.sent).toEqual([])
      return [code, terminal.errors()]
    }
    expect(await attempt('policy test rules team/eu.decisions.yaml')).toEqual([0, ''])
    expect(tried).toEqual([
      { 'open.cedar': 'permit', 'open.decisions.yaml': 'cases: []', 'eu.decisions.yaml': 'cases: 1' },
    ])
    expect(await attempt('policy test rules')).toEqual([1, 'open is wrong'])
    expect((await attempt('policy test rules team/open.cedar'))[0]).toBe(2)
    expect((await attempt('policy test rules nowhere'))[0]).toBe(2)
    expect((await attempt('policy test'))[0]).toBe(2)
  })

  test('that is none is not sent', async () => {
    expect((await run('policy apply nowhere', { files })).code).toBe(2)
    expect((await run('policy test docs', { files: { 'docs/a.md': 'x' } })).code).toBe(2)
  })
})

describe('an explanation', () => {
  const warehouse = '0198c0de-0000-7000-8000-000000000001'
  const answers = {
    [`POST /management/v1/warehouse/${warehouse}/objects`]: { body: { id: 'table-id' } },
    'POST /management/v1/decisions/explain': {
      body: {
        ...{ allowed: false, visible: true, reason: 'forbidden by rule: quarantine', restricted: false },
        'by-standing': false,
        grants: [
          { object: 'table:table-id', relation: 'select', user: 'oidc~bob', decides: true, suspended: false },
        ],
        rules: { allowed: false, by: ['quarantine'] },
        missing: [],
      },
    },
  }

  test('names the grant and the rule', async () => {
    const { code, err, sent } = await run(
      `policy explain user:oidc~bob read table:${warehouse}/sales/orders --address 10.0.0.1 --refs main,audit`,
      { answers },
    )
    expect(code).toBe(0)
    expect(err).toBe('grant: select on table:table-id to oidc~bob (decides)\nforbidden by: quarantine')
    expect(JSON.parse(sent[1]!.body)).toEqual({
      principal: { user: 'oidc~bob' },
      action: 'read',
      object: { type: 'table', 'warehouse-id': warehouse, id: 'table-id' },
      context: { address: '10.0.0.1', refs: ['main', 'audit'] },
    })
  })
})
