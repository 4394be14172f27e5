import { expect, test } from 'vitest'
import { refusedBy, unauthorized } from '#authn/refusal.ts'
import { draftOf, openTrail } from '#gateway/audit.ts'
import type { Caller } from '#gateway/operation.ts'

const caller = { requestId: 'r', startedAt: new Date(0), sender: { address: 'a', agent: 'b' } } as Caller
const drafted = (error: unknown) =>
  draftOf({ ...openTrail({ name: 'loadTable', kind: 'read', success: 200 }, caller), error })

test('the record of a refused credential names the check that the answer keeps to itself', () => {
  const error = refusedBy('audience', 'for others')
  expect(drafted(error)).toMatchObject({
    decision: 'denied',
    status: 401,
    reason: 'Not authorized: a valid bearer token is required (audience)',
  })
  expect(error.message).toBe('Not authorized: a valid bearer token is required')
  expect(drafted(unauthorized()).reason).toBe('Not authorized: a valid bearer token is required')
})
