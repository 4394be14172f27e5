import { expect, test } from 'vitest'
import { applyRules } from '#cli/apply-rules.ts'
import { createFakeManagement } from '../../support/fake-management.ts'

const run = async (sources: Readonly<Record<string, string>>, dryRun = false) => {
  const client = createFakeManagement({ 'a.cedar': 'one', 'b.cedar': 'two' })
  const lines: string[] = []
  const applied = await applyRules({ sources, client, print: (line) => lines.push(line), dryRun })
  return { applied, lines, changes: client.changes }
}

test('another set is put in force, and the files that differ are told', async () => {
  expect(await run({ 'a.cedar': 'other', 'c.cedar': 'three' })).toEqual({
    applied: true,
    lines: ['~ rules a.cedar', '- rules b.cedar', '+ rules c.cedar'],
    changes: ['PUT /rules'],
  })
})

test('the same set is left alone', async () => {
  expect(await run({ 'b.cedar': 'two', 'a.cedar': 'one' })).toEqual({
    applied: false,
    lines: [],
    changes: [],
  })
})

test('a dry run tells and does nothing', async () => {
  expect(await run({ 'a.cedar': 'one' }, true)).toEqual({
    applied: false,
    lines: ['- rules b.cedar'],
    changes: [],
  })
})
