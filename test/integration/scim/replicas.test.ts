/** What a provisioning system takes away at one process is refused by another one within five seconds. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Gateway } from '../../support/gateway.ts'
import { type IdentityReplicas, manage, startIdentityReplicas } from '../../support/identity-replicas.ts'

let replicas: IdentityReplicas
let here: Gateway
let there: Gateway
beforeAll(async () => {
  replicas = await startIdentityReplicas(['alice', 'bob'].map((id) => ({ id, secret: `${id}-secret` })))
  ;[here, there] = replicas.gateways
}, 120_000)
afterAll(() => replicas?.[Symbol.asyncDispose]())

const provision = async (line: string, body?: unknown): Promise<number> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${here.origin}/scim/v2${path}`, {
    method,
    headers: {
      authorization: 'Bearer the-token-of-the-configuration',
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await answer.text()
  return answer.status
}

const off = { Operations: [{ op: 'replace', value: { active: false } }] }

test.each([
  ['alice', 'PATCH /Users/oidc~alice', off],
  ['bob', 'DELETE /Users/oidc~bob', undefined],
])('%s, by %s', async (subject, line, body) => {
  const token = await replicas.provider.token(subject)
  const seenBy = async (gateway: Gateway) => (await manage(gateway, 'GET /whoami', { token })).status
  expect(await provision('POST /Users', { userName: `${subject}@x`, externalId: subject })).toBe(201)
  expect([await seenBy(here), await seenBy(there)]).toEqual([200, 200])
  expect(await provision(line, body)).toBeLessThan(300)
  expect(await seenBy(here)).toBe(401)
  await expect.poll(() => seenBy(there), { timeout: 5_000, interval: 100 }).toBe(401)
})
