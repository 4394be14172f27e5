import { expect, test } from 'vitest'
import { assertsCreate } from '#iceberg/requirements.ts'

test.each(['assert-create', 'ASSERT-CREATE', 'Assert-Create'])(
  'sees the assertion of absence as the engine does, whatever its letter case: %s',
  (type) => {
    expect(assertsCreate([{ type: 'assert-of-another-catalog' }, { type }])).toBe(true)
  },
)

test.each([[undefined], [null], ['assert-create'], [[]], [[null, 1, 'assert-create', {}, { type: 1 }]]])(
  'sees none in %j',
  (requirements) => {
    expect(assertsCreate(requirements)).toBe(false)
  },
)
