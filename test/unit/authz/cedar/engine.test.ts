/** Cedar comes into a process that serves others meanwhile. */
import { expect, test } from 'vitest'
import { loadCedar } from '#authz/cedar/engine.ts'

test('Cedar is made ready in steps, and others are served between', async () => {
  // What else a load waits for is there the second time.
  await loadCedar()
  let turns = 0
  let next = setImmediate(function serve() {
    turns += 1
    next = setImmediate(serve)
  })
  await loadCedar()
  clearImmediate(next)
  expect(turns).toBeGreaterThanOrEqual(4)
})
