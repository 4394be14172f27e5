/** Whole processes: one that ends in the middle of its work, two at once, and one with limits. */
import { afterEach, expect, test } from 'vitest'
import { type Gateway, runLakegate, startGateway } from '../../support/gateway.ts'

const open: Gateway[] = []
afterEach(async () => {
  // The last first: an earlier one's folder is also that of the one that came after it.
  for (const gateway of open.splice(0).reverse()) await gateway.discard()
})

const start = async (options: Parameters<typeof startGateway>[0]): Promise<Gateway> => {
  const gateway = await startGateway(options)
  open.push(gateway)
  return gateway
}

const asJson = { 'content-type': 'application/json' }

const makeNamespace = ({ catalog }: Gateway, name: string): Promise<Response> =>
  fetch(`${catalog}/v1/namespaces`, {
    method: 'POST',
    headers: asJson,
    body: JSON.stringify({ namespace: [name] }),
  })

const verified = async ({ origin }: Gateway): Promise<string> =>
  (await runLakegate(['audit', 'verify'], { LAKEGATE_SERVER: origin })).stdout

test('a process that is killed while it works leaves a log in which nothing is amiss', async () => {
  const first = await start({})
  let going = true
  const work = (async () => {
    for (let i = 0; going; i += 1) await makeNamespace(first, `n${i}`).catch(() => {})
  })()
  await expect.poll(() => verified(first), { timeout: 20_000 }).toMatch(/ in [1-9]\d* block/)
  await first.kill()
  going = false
  await work
  const second = await start({ folder: first.folder })
  await makeNamespace(second, 'after')
  // The killed one holds the lease of the sealer until that lapses.
  await expect
    .poll(() => verified(second), { timeout: 60_000 })
    .toMatch(/not sealed yet: [0-9]\b[\s\S]*Nothing was altered/)
}, 120_000)

test('who asks more often than the configuration says is told to wait, and is on record', async () => {
  const gateway = await start({
    server: { limits: { principal: { 'per-second': 0.2, burst: 25 } } },
  })
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => fetch(`${gateway.catalog}/v1/namespaces`)),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(30)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
  for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  await Promise.all(answers.map((answer) => answer.text()))
  const folder = gateway.folder
  await gateway.stop()
  const free = await start({ folder })
  const found = async () => {
    const reply = await fetch(`${free.origin}/management/v1/server/audit?operation=shed`)
    const { entries } = (await reply.json()) as {
      entries: readonly { principal: string; detail: { reason: string } }[]
    }
    return entries.map(({ principal, detail }) => [principal, Number(/\((\d+) /.exec(detail.reason)?.[1])])
  }
  const counted = await found()
  expect(counted.map(([principal]) => principal)).toContain('anonymous')
  expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(refused.length)
}, 90_000)
