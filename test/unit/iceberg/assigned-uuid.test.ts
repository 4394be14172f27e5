import { expect, test } from 'vitest'
import { assignedUuid } from '#iceberg/assigned-uuid.ts'

const assign = (uuid: string) => Object.assign(Object.create(null), { action: 'assign-uuid', uuid })

test('is the one that the updates give, in lower case', () => {
  expect(assignedUuid([assign('AB'), assign('ab')])).toBe('ab')
})

test('is none where they give none, or do not agree', () => {
  for (const updates of [
    undefined,
    null,
    'x',
    [],
    [null, { action: 'set-location', uuid: 'x' }],
    [assign('a'), assign('b')],
  ])
    expect(assignedUuid(updates)).toBeUndefined()
})
