import { describe, expect, it } from 'vitest'
import { type ClientName, type Figures, runClient } from './clients.ts'
import { openIdentitySetUp } from './identity-set-up.ts'

/** Java renews a token a tenth of its life before it expires, and does not ask again where it comes too late. */
const runs: readonly (readonly [ClientName, number, Figures])[] = [
  ['smoke', 3, { passed: 18, failed: 0, skipped: 0 }],
  ['rck', 15, { passed: 151, failed: 0, skipped: 6 }],
  ['spark', 15, { passed: 47, failed: 0, skipped: 0 }],
]

describe('client credentials of a real provider', () => {
  it.each(runs)(
    'are enough, with tokens that end during the run: %s, %i s',
    async (name, lifetime, expected) => {
      await using setUp = await openIdentitySetUp(lifetime)
      const before = setUp.tokensGiven()
      expect(await runClient(`${name}-identity`, name, setUp.target)).toEqual(expected)
      expect(setUp.tokensGiven() - before).toBeGreaterThan(1)
    },
  )
})
