/**
 * The HTTP face of real processes under generated requests, on local content and through a mount of another gateway:
 * no 5xx, no crash, no unhandled rejection, and every refusal in the form of the specification.
 * `LAKEGATE_FUZZ_REQUESTS` sets how many, `LAKEGATE_FUZZ_SEED` repeats a run.
 */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../support/gateway.ts'
import { type FuzzRequest, nextGarbage, nextRequest, seeds } from '../support/http-fuzz/requests.ts'
import { createRandom, type Random } from '../support/twin/random.ts'

const total = Number(process.env['LAKEGATE_FUZZ_REQUESTS'] ?? 20_000)
const seed = Number(process.env['LAKEGATE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const lanes = 8

const open: Gateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0).reverse()) await gateway.discard()
})

interface Outcome {
  readonly status: number
  readonly text: string
}

/** What is fuzzed, and where its content lies. */
interface Subject {
  readonly port: number
  readonly prefix: string
  /** Moves a request to the content under test. */
  readonly move: (sent: FuzzRequest) => FuzzRequest
  readonly agent: Agent
}

const readAll = async (answer: IncomingMessage): Promise<Outcome> => {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}

const ask = async ({ port, agent }: Subject, sent: FuzzRequest): Promise<Outcome> => {
  const { method, path, headers, body } = sent
  // Always with a length: for some methods the client would else send a body that belongs to no request.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const outgoing = request({
    ...{ host: '127.0.0.1', port, agent, method, path },
    headers: { ...headers, ...length },
  })
  outgoing.end(body)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return readAll(answer)
}

const tell = async ({ port }: Subject, random: Random): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).on('data', () => {})
  socket.end(nextGarbage(random))
  await once(socket, 'close')
}

/** What is wrong with an answer, or nothing. */
const faultOf = (sent: FuzzRequest, { status, text }: Outcome): string | undefined => {
  if (status >= 500 || status < 200) return `status ${status}: ${text.slice(0, 300)}`
  if (status < 400 || sent.method === 'HEAD' || text === '') return undefined
  if (!sent.headers['accept-encoding'] || text.startsWith('{'))
    return text.includes(`"code":${status}`) ? undefined : `not the error form: ${text.slice(0, 300)}`
  return undefined
}

const refill = async (subject: Subject): Promise<void> => {
  for (const { line, body } of seeds) {
    const [method = '', path = ''] = line.split(' ')
    const headers = { 'content-type': 'application/json' }
    const sent = { method, path: subject.prefix + path, headers, body: JSON.stringify(body) }
    await ask(subject, subject.move(sent))
  }
}

interface Findings {
  readonly faults: string[]
  readonly statuses: Map<number, number>
}

const runLane = async (subject: Subject, random: Random, findings: Findings & { count: number }) => {
  const { faults, statuses } = findings
  for (let i = 0; i < findings.count; i += 1) {
    if (i % 40 === 0) await refill(subject)
    if (i % 25 === 0) await tell(subject, random)
    const sent = subject.move(nextRequest(random, subject.prefix))
    const outcome = await ask(subject, sent)
    statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1)
    const fault = faultOf(sent, outcome)
    if (fault) faults.push(`${fault}\n  ${JSON.stringify(sent).slice(0, 1500)}`)
  }
}

const fuzz = async (subject: Subject, requests: number): Promise<Findings> => {
  const findings: Findings = { faults: [], statuses: new Map() }
  const count = requests / lanes
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) =>
      runLane(subject, createRandom(seed + lane), { ...findings, count }),
    ),
  )
  subject.agent.destroy()
  const { statuses, faults } = findings
  console.info(`fuzz seed ${seed}:`, Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))
  expect(faults.slice(0, 10).join('\n')).toBe('')
  // Both halves must have been met, or the generator has gone blind.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 100)
  expect(statuses.get(400) ?? 0).toBeGreaterThan(requests / 20)
  return findings
}

const start = async (options: Parameters<typeof startGateway>[0] = {}): Promise<Gateway> => {
  const gateway = await startGateway(options)
  open.push(gateway)
  return gateway
}

const subjectOf = async (gateway: Gateway, move: Subject['move']): Promise<Subject> => ({
  port: gateway.port,
  prefix: new URL(await warehousePrefix(gateway)).pathname,
  agent: new Agent({ keepAlive: true, maxSockets: lanes }),
  move,
})

const expectUnharmed = async (gateway: Gateway): Promise<void> => {
  expect(gateway.output()).not.toMatch(/request\.failed|unhandled|uncaught|\n\s+at /i)
  const answer = await fetch(`${await warehousePrefix(gateway)}/namespaces`)
  expect(answer.status).toBe(200)
}

test(`${total} generated requests meet no 5xx and break nothing (seed ${seed})`, {
  timeout: 900_000,
}, async () => {
  const gateway = await start()
  await fuzz(await subjectOf(gateway, (sent) => sent), total)
  await expectUnharmed(gateway)
})

/** Into the mount `up`: paths and bodies that speak of namespace `a` speak of `up.a`. */
const intoMount = (sent: FuzzRequest): FuzzRequest => ({
  ...sent,
  path: sent.path.replace(/\/namespaces\/a\b/, '/namespaces/up%1Fa').replace('parent=a', 'parent=up%1Fa'),
  body: sent.body?.replaceAll('"namespace":["a"', '"namespace":["up","a"'),
})

test(`a fifth of them through a mount break neither gateway (seed ${seed})`, {
  timeout: 900_000,
}, async () => {
  const upstream = await start()
  const gateway = await start({
    state: {
      connections: [
        { name: 'up', kind: 'iceberg-rest', uri: upstream.catalog, warehouse: '', auth: { kind: 'none' } },
      ],
      warehouses: [
        {
          name: 'default',
          location: `file://${upstream.lake}/own`,
          mounts: [{ namespace: ['up'], connection: 'up' }],
        },
      ],
    },
  })
  await fuzz(await subjectOf(gateway, intoMount), total / 5)
  await expectUnharmed(gateway)
  await expectUnharmed(upstream)
})
