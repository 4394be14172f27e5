/** A client that was generated of our own document calls every operation of it. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateApi } from 'swagger-typescript-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiDocument } from '../support/api-document.ts'
import { steps } from '../support/every-operation.ts'
import { type Gateway, scratchFolder, startGateway } from '../support/gateway.ts'
import type { Found, Step } from '../support/step.ts'

type Call = (...args: unknown[]) => Promise<{ readonly status: number; readonly data: unknown }>
type Client = Readonly<Record<string, Call>>

let gateway: Gateway
let folder: string
let client: Client
let document: typeof apiDocument

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The methods of all its parts, by operation id. */
const callsOf = (api: object): Client =>
  Object.fromEntries(Object.values(api).filter(isRecord).flatMap(Object.entries)) as Client

beforeAll(async () => {
  folder = await scratchFolder()
  gateway = await startGateway()
  document = (await (await fetch(`${gateway.origin}/openapi.json`)).json()) as typeof apiDocument
  await generateApi({
    fileName: 'client.ts',
    output: folder,
    // It writes into what it is given.
    spec: structuredClone(document) as never,
    extractRequestParams: true,
    toJS: true,
    silent: true,
  })
  const { Api } = (await import(join(folder, 'client.js'))) as {
    Api: new (settings: { readonly baseUrl: string }) => object
  }
  client = callsOf(new Api({ baseUrl: gateway.origin }))
})

afterAll(async () => {
  await gateway?.discard()
  await rm(folder, { recursive: true, force: true })
})

/** One for each call, in order; by what was called. */
const requestIds: [id: string, operation: string][] = []
const requestIdOf = (operation: string): string => {
  const id = `call-${requestIds.length}`
  requestIds.push([id, operation])
  return id
}

const operations = () =>
  new Map(
    Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .map((operation) => [String(operation['operationId']), operation]),
  )

const methodOf = (operation: string): string | undefined =>
  Object.values(document.paths)
    .flatMap((methods) => Object.entries(methods))
    .find(([, one]) => one['operationId'] === operation)?.[0]

const takesArgs = (operation: unknown): boolean =>
  isRecord(operation) &&
  Array.isArray(operation['parameters']) &&
  operation['parameters'].some((one) => isRecord(one) && one['in'] !== 'header')

/** A generated method throws the answer that is no success. */
const perform = async ({ operation, args, body, headers, keep }: Step, found: Found): Promise<unknown> => {
  const call = client[operation]
  if (!call) return `${operation}: no method`
  const given = takesArgs(operations().get(operation)) ? [args?.(found) ?? {}] : []
  try {
    const { data } = await call(...given, ...(body ? [body(found)] : []), {
      headers: { ...headers?.(found), 'X-Request-Id': requestIdOf(operation) },
    })
    if (keep) Object.assign(found, keep(data as Record<string, unknown>))
    return undefined
  } catch (answer) {
    const refused = answer as { readonly status?: number; readonly error?: unknown }
    return `${operation}: ${refused.status} ${JSON.stringify(refused.error)} ${answer instanceof Error ? answer.message : ''}`
  }
}

const offersMatch = ({ operation }: Step): boolean => {
  const parameters = operations().get(operation)?.['parameters']
  return Array.isArray(parameters) && parameters.some((one) => isRecord(one) && one['name'] === 'If-Match')
}

const expecting = ({ keep: _, ...step }: Step, tag: string): Step => ({
  ...step,
  headers: (found) => ({ ...step.headers?.(found), 'If-Match': tag }),
})

test('the served document is the one that answers are held against', () => {
  expect(document.paths).toEqual(JSON.parse(JSON.stringify(apiDocument.paths)))
})

test('nobody is shown the document where it is turned off', async () => {
  const quiet = await startGateway({ server: { 'api-docs': false } })
  try {
    for (const path of ['/openapi.json', '/api-docs/management/v1/openapi.json', '/swagger-ui/index.html'])
      expect((await fetch(`${quiet.origin}${path}`)).status).toBe(404)
    expect((await fetch(`${gateway.origin}/swagger-ui`)).status).toBe(200)
  } finally {
    await quiet.discard()
  }
})

test('a generated client calls every operation', async () => {
  const lake = join(folder, 'lake')
  await mkdir(lake)
  const found: Found = { lake }
  const failures: unknown[] = []
  for (const step of steps) {
    // Nothing has this version: where the document offers If-Match, it is honoured.
    if (offersMatch(step)) {
      const refused = await perform(expecting(step, '"999999999"'), found)
      if (!String(refused).includes(': 412 ')) failures.push(`${step.operation} with If-Match: ${refused}`)
    }
    failures.push(await perform(step, found))
  }
  expect(failures.filter((one) => one !== undefined)).toEqual([])
  const called = new Set(steps.map(({ operation }) => operation))
  expect([...operations().keys()].filter((id) => !called.has(id))).toEqual([])
})

interface Entry {
  readonly kind: 'decision' | 'change'
  readonly 'request-id': string
  readonly status: number | null
}

const entriesOf = async (requestId: string): Promise<readonly Entry[]> => {
  const url = `${gateway.origin}/management/v1/server/audit?requestId=${requestId}`
  return ((await (await fetch(url)).json()) as { readonly entries: readonly Entry[] }).entries
}

/** Neither told of as reads nor as changes: whoever scrapes and probes would fill the log. */
const unrecorded = new Set(['getLiveness', 'getReadiness', 'getMetrics'])

/** Sent with a method that may change something: they ask, or are told what is so already. */
const changingNothing =
  /^(search|validate|resolve|confirm|check|batchCheck|test|explain|decide|filter|getToken|bootstrap|apply.*Grants)/

const isOdd = (operation: string, found: readonly Entry[]): boolean => {
  const decisions = found.filter(({ kind }) => kind === 'decision')
  if (unrecorded.has(operation)) return found.length > 0
  if (decisions.length !== 1) return true
  const asks = ['get', 'head'].includes(methodOf(operation) ?? '')
  const refused = (decisions[0]?.status ?? 0) >= 300
  if (asks || refused) return found.length > 1
  return found.length === 1 && !changingNothing.test(operation)
}

test('each of the calls is on record with one decision, and what it changed with it', async () => {
  const [last = ''] = requestIds.at(-1) ?? []
  await expect.poll(() => entriesOf(last)).not.toEqual([])
  const odd: unknown[] = []
  for (const [id, operation] of requestIds) {
    const found = await entriesOf(id)
    if (isOdd(operation, found)) odd.push([operation, found])
  }
  expect(odd).toEqual([])
  expect(requestIds.length).toBeGreaterThan(operations().size)
})
