/**
 * The HTTP face of a real process under generated requests: no 5xx, no crash, no unhandled rejection, and every
 * refusal in the form of the specification. `LAKEGATE_FUZZ_REQUESTS` sets how many, `LAKEGATE_FUZZ_SEED` repeats a run.
 */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../support/gateway.ts'
import { type FuzzRequest, nextGarbage, nextRequest, seeds } from '../support/http-fuzz/requests.ts'
import { createRandom, type Random } from '../support/twin/random.ts'

const total = Number(process.env['LAKEGATE_FUZZ_REQUESTS'] ?? 20_000)
const seed = Number(process.env['LAKEGATE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const lanes = 8

let gateway: Gateway
let prefix: string
const agent = new Agent({ keepAlive: true, maxSockets: lanes })
beforeAll(async () => {
  gateway = await startGateway()
  prefix = new URL(await warehousePrefix(gateway)).pathname
})
afterAll(async () => {
  agent.destroy()
  await gateway.discard()
})

interface Outcome {
  readonly status: number
  readonly text: string
}

const readAll = async (answer: IncomingMessage): Promise<Outcome> => {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}

const ask = async ({ method, path, headers, body }: FuzzRequest): Promise<Outcome> => {
  // Always with a length: for some methods the client would else send a body that belongs to no request.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const target = { host: '127.0.0.1', port: gateway.port, agent, method, path }
  const sent = request({ ...target, headers: { ...headers, ...length } })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return readAll(answer)
}

const tell = async (random: Random): Promise<void> => {
  const socket = connect(gateway.port, '127.0.0.1')
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

const refill = async (): Promise<void> => {
  for (const { line, body } of seeds) {
    const [method = '', path = ''] = line.split(' ')
    const headers = { 'content-type': 'application/json' }
    await ask({ method, path: prefix + path, headers, body: JSON.stringify(body) })
  }
}

const runLane = async (lane: number, faults: string[], statuses: Map<number, number>): Promise<void> => {
  const random = createRandom(seed + lane)
  for (let i = 0; i < total / lanes; i += 1) {
    if (i % 40 === 0) await refill()
    if (i % 25 === 0) await tell(random)
    const sent = nextRequest(random, prefix)
    const outcome = await ask(sent)
    statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1)
    const fault = faultOf(sent, outcome)
    if (fault) faults.push(`${fault}\n  ${JSON.stringify(sent).slice(0, 1500)}`)
  }
}

test(`${total} generated requests meet no 5xx and break nothing (seed ${seed})`, {
  timeout: 900_000,
}, async () => {
  const faults: string[] = []
  const statuses = new Map<number, number>()
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, faults, statuses)))
  console.info(`fuzz seed ${seed}:`, Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))
  expect(faults.slice(0, 10).join('\n')).toBe('')
  expect(gateway.output()).not.toMatch(/request\.failed|unhandled|uncaught|\n\s+at /i)
  // Both halves must have been met, or the generator has gone blind.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(total / 100)
  expect(statuses.get(400) ?? 0).toBeGreaterThan(total / 20)
  await refill()
  const loaded = await ask({ method: 'GET', path: `${prefix}/namespaces`, headers: {}, body: undefined })
  expect(loaded.status).toBe(200)
})
