import { expect, it } from 'vitest'
import { runClient } from './clients.ts'
import { openIdentitySetUp } from './identity-set-up.ts'

it('PyIceberg works with client credentials of a real provider, whose tokens end during the run', async () => {
  await using setUp = await openIdentitySetUp(3)
  const before = setUp.tokensGiven()
  const figures = await runClient('smoke-identity', 'smoke', setUp.target)
  expect(figures).toEqual({ passed: 18, failed: 0, skipped: 0 })
  expect(setUp.tokensGiven() - before).toBeGreaterThan(1)
})
