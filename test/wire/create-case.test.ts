/** The law of new names holds for a commit that creates, however its requirement is spelled. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { call, fill } from '../support/wire.ts'

let gateway: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway()
  await fill(gateway)
})
afterAll(() => gateway.stop())

test.each(['assert-create', 'ASSERT-CREATE'])('an over-long name is refused: %s', async (type) => {
  const body = { requirements: [{ type }], updates: [] }
  const answer = await call(gateway, `POST /namespaces/a/tables/${'n'.repeat(256)}`, { body })
  expect(answer.status).toBe(400)
  expect(answer.text).toContain('longer than 255 bytes')
})
