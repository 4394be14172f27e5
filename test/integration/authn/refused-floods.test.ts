/** A gateway that is flooded with wrong tokens: who is turned away, who is not, and what of it is on record. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'

const token = 'the-token-of-the-configuration'
const attacker = '198.51.100.7'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({
    env: { LAKEGATE_TOKEN: token },
    server: { 'trusted-proxies': ['127.0.0.0/8'], limits: { 'refused-per-minute': 60 } },
  })
}, 90_000)
afterAll(() => gateway?.discard())

/** Answers of 429 so far. */
let turnedAway = 0

const ask = async (bearer: string, from: string, path = '/catalog/v1/config?warehouse=default') => {
  const headers = { authorization: `Bearer ${bearer}`, 'x-forwarded-for': from }
  const answer = await fetch(`${gateway.origin}${path}`, { headers })
  if (answer.status === 429) turnedAway += 1
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

const manage = async (line: string, body: unknown): Promise<Readonly<Record<string, unknown>>> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

const makeKey = async (): Promise<string> => {
  const account = await manage('POST /service-account', { name: 'etl' })
  return String((await manage(`POST /service-account/${account['id']}/key`, { name: 'one' }))['key'])
}

/** Until the address is turned away: some are refused first. */
const flood = async (): Promise<readonly number[]> => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => ask(`wrong-token-number-${i}`, attacker)),
  )
  const statuses = answers.map(({ status }) => status)
  return statuses.includes(429) ? statuses : flood()
}

test('a flood from one address is turned away, on every face, and counted', async () => {
  for (let i = 0; i < 3; i += 1) expect((await ask(`wrong-${i}`, attacker)).status).toBe(401)
  expect(new Set(await flood()).difference(new Set([401, 429]))).toEqual(new Set())
  for (const path of ['/management/v1/whoami', '/scim/v2/Users', '/opa/v1/data/lakegate/allow', '/nowhere']) {
    await flood()
    const refused = await ask('another-wrong-token', attacker, path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10)
  }
  const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
  const line = `lakegate_tokens_refused_total{provider="none",check="limit"} ${turnedAway}`
  expect(metrics.split('\n')).toContain(line)
  const recorded = async (): Promise<number> => {
    const { text } = await ask(token, '192.0.2.1', '/management/v1/server/audit?operation=shed')
    const { entries } = JSON.parse(text) as { entries: readonly { detail: { reason: string } }[] }
    const counts = entries.map(
      ({ detail }) => /wrong credentials \((\d+) request/.exec(detail.reason)?.[1] ?? '0',
    )
    return counts.reduce((sum, count) => sum + Number(count), 0)
  }
  await expect.poll(recorded, { timeout: 20_000 }).toBe(turnedAway)
})

test('others come in meanwhile: from elsewhere, with the static token, with a key that has been let in', async () => {
  const [key, stranger] = [await makeKey(), await makeKey()]
  expect([401, 429]).not.toContain((await ask(key, '192.0.2.1')).status)
  await flood()
  expect((await ask('wrong-elsewhere', '192.0.2.1')).status).toBe(401)
  expect((await ask(token, attacker)).status).toBe(200)
  expect([401, 429]).not.toContain((await ask(key, attacker)).status)
  await flood()
  expect((await ask(stranger, attacker)).status).toBe(429)
  expect([401, 429]).not.toContain((await ask(stranger, '192.0.2.1')).status)
  expect([401, 429]).not.toContain((await ask(stranger, attacker)).status)
})
