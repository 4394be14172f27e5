/** A change of roles is in force on the process that took it at once, on others within five seconds, and on record. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Gateway } from '../../support/gateway.ts'
import {
  adminToken,
  type IdentityReplicas,
  manage,
  startIdentityReplicas,
} from '../../support/identity-replicas.ts'

let replicas: IdentityReplicas
let here: Gateway
let there: Gateway
beforeAll(async () => {
  replicas = await startIdentityReplicas([{ id: 'alice', secret: 'alice' }])
  ;[here, there] = replicas.gateways
}, 120_000)
afterAll(() => replicas?.[Symbol.asyncDispose]())

const makeRole = async (name: string): Promise<string> => {
  const { text } = await manage(here, 'POST /role', { body: { name } })
  return (JSON.parse(text) as { id: string }).id
}

const sees = async (gateway: Gateway): Promise<number> =>
  (await manage(gateway, 'GET /warehouse', { token: await replicas.provider.token('alice') })).status

test('a role that is given and taken', async () => {
  const [outer, inner] = [await makeRole('outer'), await makeRole('inner')]
  expect([await sees(here), await sees(there)]).toEqual([404, 404])
  const put = (line: string, type: string, id: string) =>
    manage(here, `POST ${line}`, { body: { members: [{ type, id }] } })
  await put(`/role/${inner}/members`, 'user', 'oidc~alice')
  await put(`/role/${outer}/members`, 'role', inner)
  await put('/project/default/members', 'role', outer)
  expect(await sees(here)).toBe(200)
  await expect.poll(() => sees(there), { timeout: 5_000, interval: 100 }).toBe(200)
  await manage(here, `DELETE /role/${outer}/members/role/${inner}`)
  expect(await sees(here)).toBe(404)
  await expect.poll(() => sees(there), { timeout: 5_000, interval: 100 }).toBe(404)
})

test('an assumed role stands in the audit log, beside who assumed it', async () => {
  const role = await makeRole('assumed')
  await manage(here, `POST /role/${role}/members`, {
    body: { members: [{ type: 'user', id: 'oidc~alice' }] },
  })
  const token = await replicas.provider.token('alice')
  const ask = (id: string) =>
    fetch(`${here.origin}/management/v1/whoami`, {
      headers: { authorization: `Bearer ${token}`, 'x-assume-role': id },
    })
  const answer = await ask(role)
  expect(await answer.json()).toMatchObject({ id: 'oidc~alice', 'assumed-role': role })
  expect((await ask('00000000-0000-0000-0000-000000000000')).status).toBe(403)
  const entries = () =>
    replicas.db.database.query(
      `select decision, detail ->> 'assumedRole' as role, detail ->> 'reason' as reason from (
         select at, decision, detail::jsonb as detail from audit_entry
         where principal = 'oidc~alice' and operation = 'whoami'
       ) e order by at desc limit 2`,
    )
  await expect.poll(entries, { timeout: 5_000 }).toMatchObject([
    { decision: 'denied', role: null, reason: expect.stringContaining('00000000-0000') },
    { decision: 'allowed', role },
  ])
})

test('the static token may act with any role that there is, and then has no more than it', async () => {
  const role = await makeRole('narrow')
  const seenAs = async (id: string): Promise<number> => {
    const headers = { authorization: `Bearer ${adminToken}`, 'x-assume-role': id }
    return (await fetch(`${here.origin}/management/v1/warehouse`, { headers })).status
  }
  expect(await seenAs(role)).toBe(404)
  await manage(here, 'POST /project/default/members', { body: { members: [{ type: 'role', id: role }] } })
  expect(await seenAs(role.toUpperCase())).toBe(200)
  for (const none of ['00000000-0000-0000-0000-000000000000', 'nonsense', ''])
    expect(await seenAs(none)).toBe(403)
})
