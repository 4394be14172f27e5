/** A gateway where every client has to name itself, with tokens so short that it has to renew them while it works. */
import { randomBytes } from 'node:crypto'
import type { Gateway } from '../support/gateway.ts'

export interface Account {
  /** As clients of the specification are given it: `id:secret`. */
  readonly credential: string
}

export const adminToken = (): string => randomBytes(24).toString('hex')

const manager = (gateway: Gateway, token: string) => async (path: string, body: object) => {
  const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, string>>
}

/** A service account with a client secret that may work in the default project. */
export const createAccount = async (gateway: Gateway, token: string): Promise<Account> => {
  const manage = manager(gateway, token)
  const { id = '' } = await manage('/service-account', { name: 'engine' })
  const { key = '' } = await manage(`/service-account/${id}/key`, { name: 'e2e', kind: 'client-secret' })
  await manage('/project/default/members', { members: [{ type: 'user', id }] })
  return { credential: `${id}:${key}` }
}

const given = /^lakegate_operation_duration_seconds_count\{operation="getToken",status="200"\} (\d+)$/m

/** How many tokens it has given so far. */
export const tokensGiven = async (gateway: Gateway): Promise<number> => {
  const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
  return Number(given.exec(metrics)?.[1] ?? 0)
}
