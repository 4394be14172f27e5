/** The audit log as auditors meet it: a gateway before a real identity provider, two projects, the command line. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, runLakegate, startGateway } from '../../support/gateway.ts'
import { openTenants, type Tenants } from '../../support/tenants.ts'

interface Entry {
  readonly id: string
  readonly 'request-id': string
  readonly operation: string
  readonly principal: string
  readonly project: string | null
  readonly decision: string | null
  readonly status: number | null
  readonly 'latency-ms': number | null
  readonly detail: Readonly<Record<string, unknown>>
}

const entriesOf = (body: Readonly<Record<string, unknown>>): readonly Entry[] =>
  body['entries'] as readonly Entry[]

describe('an auditor', () => {
  let world: Tenants
  beforeAll(async () => {
    world = await openTenants()
    await world.makeRole({}, { as: 'wes', project: 'west' })
    await world.makeRole()
    await world.call('GET /role', { as: 'bob', project: 'east', headers: { 'x-request-id': 'bob-was-here' } })
  }, 120_000)
  afterAll(() => world[Symbol.asyncDispose]())

  /** Entries of reads are written within a second. */
  const search = async (query: string, ask = { as: 'eve', project: 'east' }): Promise<readonly Entry[]> => {
    const reply = await world.call(`GET /audit?${query}`, ask)
    expect(reply.status, reply.text).toBe(200)
    return entriesOf(reply.body)
  }

  test('of a project reads the entries of that project, and no other', async () => {
    await expect.poll(() => search('requestId=bob-was-here'), { timeout: 5_000 }).toHaveLength(1)
    const entries = await search('pageSize=1000')
    expect(new Set(entries.map(({ project }) => project))).toEqual(new Set(['east']))
    expect(entries.map(({ operation }) => operation)).toContain('createRole')
    const west = await search('operation=createRole', { as: 'wes', project: 'west' })
    expect(new Set(west.map(({ principal }) => principal))).toEqual(new Set(['oidc~wes']))
  })

  test('learns the true reason, where the asker was told that there is nothing', async () => {
    const [entry] = await search('requestId=bob-was-here')
    expect(entry).toMatchObject({ decision: 'denied', status: 404, principal: 'oidc~bob', project: 'east' })
    expect(entry?.detail['reason']).toMatch(/member|grant/)
    expect(entry?.['latency-ms']).toBeGreaterThanOrEqual(0)
  })

  test.each([
    ['in no project', { as: 'bob', project: 'east' }, 404],
    ['of another project', { as: 'wes', project: 'east' }, 404],
  ])('is nobody %s', async (_, ask, status) => {
    for (const path of ['/audit', '/audit/export', '/audit/verify', '/audit/anchor'])
      expect((await world.call(`GET ${path}`, ask)).status, path).toBe(status)
  })

  test('of the server reads all of it; one of a project does not', async () => {
    const reply = await world.call('GET /server/audit?pageSize=1000', { as: 'admin' })
    expect(new Set(entriesOf(reply.body).map(({ project }) => project))).toEqual(
      new Set([null, 'east', 'west', 'default']),
    )
    for (const path of ['/server/audit', '/server/audit/export'])
      expect((await world.call(`GET ${path}`, { as: 'eve', project: 'east' })).status).toBe(403)
  })

  test('pages through it, and is told how much there is', async () => {
    const whole = await search('kind=change&pageSize=1000')
    const seen: string[] = []
    let token = ''
    do {
      const { body } = await world.call(
        `GET /audit?kind=change&pageSize=1&count=true&pageToken=${encodeURIComponent(token)}`,
        { as: 'eve', project: 'east' },
      )
      expect(body).toMatchObject({ count: whole.length, 'count-is-exact': true })
      seen.push(...entriesOf(body).map(({ id }) => id))
      token = String(body['next-page-token'] ?? '')
    } while (token !== '')
    expect(seen).toEqual(whole.map(({ id }) => id))
  })

  test('has it line by line, in the order in which it happened, with what the digest is made of', async () => {
    const { text } = await world.call('GET /audit/export?kind=change', { as: 'eve', project: 'east' })
    const lines = text.trimEnd().split('\n')
    const whole = await search('kind=change&pageSize=1000')
    expect(lines.map((line) => (JSON.parse(line) as Entry).id)).toEqual(
      whole.map(({ id }) => id).toReversed(),
    )
    expect(lines[0]).toMatch(/"digest":"[0-9a-f]{64}","detail":\{/)
  })

  test('is told that nothing was altered, and keeps an anchor', async () => {
    const report = async () => {
      const { text } = await world.call('GET /audit/verify', { as: 'eve', project: 'east' })
      return (JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as { report: Record<string, unknown> })
        .report
    }
    await expect.poll(async () => (await report())['blocks'], { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await report()).toMatchObject({ findings: 0 })
    const { body } = await world.call('GET /audit/anchor', { as: 'eve', project: 'east' })
    const anchor = String(body['anchor'])
    const kept = await world.call(`GET /audit/verify?anchor=${anchor}`, { as: 'admin' })
    expect(kept.text).toContain('"findings":0')
    const forged = anchor.replace(/:.*/, `:${'0'.repeat(64)}`)
    const missed = await world.call(`GET /audit/verify?anchor=${forged}`, { as: 'admin' })
    expect(missed.text).toContain('"amiss":"anchor"')
  })

  test.each(['from=yesterday', 'decision=maybe', 'status=abc', 'pageToken=forged'])(
    'is told what is wrong with %s',
    async (query) => {
      expect((await world.call(`GET /audit?${query}`, { as: 'eve', project: 'east' })).status).toBe(400)
    },
  )
})

describe('the command line', () => {
  let gateway: Gateway
  beforeAll(async () => {
    gateway = await startGateway()
  }, 60_000)
  afterAll(() => gateway.discard())

  const run = (line: string, env = {}) =>
    runLakegate(line.split(' '), { LAKEGATE_SERVER: gateway.origin, ...env })

  test('searches, exports, verifies and keeps an anchor', async () => {
    await expect
      .poll(async () => (await run('audit search --all-projects --limit 5 --count')).stdout, {
        timeout: 15_000,
      })
      .toMatch(/createWarehouse|listWarehouses|getConfig|listProjects/)
    const { stdout: exported } = await run('audit export --all-projects --entry-kind change')
    expect(
      exported
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as Entry).operation),
    ).toContain('createWarehouse')
    await expect
      .poll(async () => (await run('audit verify')).stdout, { timeout: 15_000 })
      .toMatch(/[1-9]\d* blocks?;[\s\S]*Nothing was altered/)
    expect((await run('audit anchor')).stdout).toMatch(/\d+:[0-9a-f]{64}/)
    await expect(run(`audit verify --anchor 1:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/block 1 is not the one that was kept/),
    })
  }, 60_000)

  test('verifies the database itself, without a gateway', async () => {
    await gateway.stop()
    const where = `--database --config ${join(gateway.folder, 'lakegate.yaml')} --data ${join(gateway.folder, 'data')}`
    const { stdout } = await run(`audit anchor ${where}`)
    expect(stdout).toMatch(/^\d+:[0-9a-f]{64}\n$/)
    expect((await run(`audit verify ${where} --anchor ${stdout.trim()}`)).stdout).toMatch(
      /Nothing was altered/,
    )
    await expect(run(`audit verify ${where} --anchor 1:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 1 })
  }, 60_000)
})
