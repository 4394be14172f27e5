import { describe, expect, test } from 'vitest'
import { createRows, runCommandLine } from '#cli/run.ts'
import { createFakeTerminal, type FakeTerminalOptions } from '../../support/fake-terminal.ts'

const rows = createRows([])

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
    const { code, err } = await run('policy test rules', { files, answers })
    expect(code).toBe(1)
    expect(err).toBe('a is wrong\nb is worse')
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
