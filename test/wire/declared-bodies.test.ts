/** The Iceberg face reads bodies by itself: what its schemas demand is what it demands. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faces } from '../support/api-document.ts'
import { samples } from '../support/iceberg-requests.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { call, fill } from '../support/wire.ts'

let gateway: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway()
  await fill(gateway)
})
afterAll(() => gateway?.stop())

const requiredOf = (schema: object): readonly string[] =>
  'required' in schema ? (schema.required as readonly string[]) : []

const demands = (faces.find(({ base }) => base === '/catalog')?.endpoints ?? []).flatMap((endpoint) => {
  const { operation, declares } = endpoint
  const sample = samples[operation]
  return declares.body === undefined || sample === undefined
    ? []
    : requiredOf(declares.body).map((member) => ({ operation, member, sample }))
})

describe('a body of the Iceberg face', () => {
  test('is demanded of every operation that declares one', () => {
    expect(new Set(demands.map(({ operation }) => operation)).size).toBeGreaterThan(8)
  })

  test.each(demands)('of $operation is refused without $member', async ({ member, sample }) => {
    const { [member]: _left, ...body } = sample.body as Record<string, unknown>
    const { status, json } = await call(gateway, sample.line, { body })
    expect([status, json]).toEqual([400, expect.anything()])
  })
})
