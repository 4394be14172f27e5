/**
 * Every operation with text that means something to a database, a calendar or to JavaScript, in each place where a call
 * of it has text or a number: refused, or found nowhere, and never an internal error.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiDocument } from '../../support/api-document.ts'
import { steps } from '../../support/every-operation.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import type { Found, Json, Step } from '../../support/step.ts'

const odd: readonly unknown[] = [
  ...['\u0000', '__proto__', 'constructor', '\u001f', '~', '%', '', 'x'.repeat(3_000)],
  ...['2026-06-30T23:59:60Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z'],
  ...['ffffffff-ffff-ffff-ffff-ffffffffffff', 'http://[', 'env:__proto__', '\u{10ffff}'],
  ...[Number.MAX_SAFE_INTEGER, -1, 0.5],
]

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
}, 120_000)
afterAll(() => gateway?.discard())

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly query: ReadonlySet<string>
  readonly form: boolean
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const endpointOf = (method: string, path: string, operation: Record<string, unknown>): Endpoint => {
  const { parameters, requestBody } = operation
  const asked = Array.isArray(parameters) ? parameters.filter((one) => one['in'] === 'query') : []
  const query = new Set(asked.map((one) => String(one['name'])))
  return {
    method: method.toUpperCase(),
    path,
    query,
    form: JSON.stringify(requestBody ?? '').includes('urlencoded'),
  }
}

const endpoints = new Map(
  Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, one]) => [String(one['operationId']), endpointOf(method, path, one)] as const,
    ),
  ),
)

interface Asked {
  readonly args: Json
  readonly body: unknown
}

const send = async ({ operation, headers }: Step, found: Found, { args, body }: Asked) => {
  const endpoint = endpoints.get(operation)
  if (!endpoint) throw new Error(`no endpoint of ${operation}`)
  const { method, path, query, form } = endpoint
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(String(args[name] ?? '')),
  )
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(args))
    if (query.has(name)) for (const one of [value].flat()) search.append(name, String(one))
  const text = body === undefined || form ? undefined : JSON.stringify(body)
  return fetch(`${gateway.origin}${filled}?${search}`, {
    method,
    headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers?.(found) },
    ...(text === undefined ? {} : { body: text }),
    ...(form ? { body: new URLSearchParams(body as Record<string, string>) } : {}),
  })
}

type Path = readonly (string | number)[]

const leavesOf = (value: unknown, path: Path = []): readonly Path[] => {
  if (Array.isArray(value)) return value.flatMap((one, i) => leavesOf(one, [...path, i]))
  if (isRecord(value)) return Object.entries(value).flatMap(([name, one]) => leavesOf(one, [...path, name]))
  return typeof value === 'string' || typeof value === 'number' ? [path] : []
}

const withLeaf = (value: unknown, [step, ...rest]: Path, leaf: unknown): unknown => {
  if (step === undefined) return leaf
  if (Array.isArray(value)) return value.map((one, i) => (i === step ? withLeaf(one, rest, leaf) : one))
  return isRecord(value) ? { ...value, [step]: withLeaf(value[step], rest, leaf) } : value
}

/** What would change everything for all that comes after. */
const lasting = new Set(['rotateSigningKeys'])

/** The call as it is, with one thing odd in it; parameters that it leaves out are tried too. */
function* oddlyAsked({ operation }: Step, whole: Asked): Generator<readonly [what: string, asked: Asked]> {
  if (lasting.has(operation)) return
  const unsaid = [...(endpoints.get(operation)?.query ?? [])].filter(
    (name) => !Object.hasOwn(whole.args, name),
  )
  for (const path of [...leavesOf(whole), ...unsaid.map((name) => ['args', name])])
    for (const value of odd)
      yield [
        `${operation} ${path.join('.')}=${JSON.stringify(value).slice(0, 40)}`,
        withLeaf(whole, path, value) as Asked,
      ]
}

test('odd text is nobody’s internal error', async () => {
  const lake = join(gateway.folder, 'lake')
  await mkdir(lake, { recursive: true })
  const found: Found = { lake }
  const faults: string[] = []
  let asked = 0
  const note = async (step: Step, what: string, one: Asked): Promise<Response> => {
    const answer = await send(step, found, one)
    asked += 1
    if (answer.status >= 500) faults.push(`${what}: ${answer.status}`)
    return answer
  }
  for (const step of steps) {
    const whole = { args: step.args?.(found) ?? {}, body: step.body?.(found) }
    for (const [what, one] of oddlyAsked(step, whole)) await (await note(step, what, one)).arrayBuffer()
    const answer = await note(step, step.operation, whole)
    if (step.keep && answer.ok) Object.assign(found, step.keep((await answer.json()) as Json))
    else await answer.arrayBuffer()
  }
  expect(faults.slice(0, 40)).toEqual([])
  expect(asked).toBeGreaterThan(5_000)
}, 600_000)
