/** Every operation while the mount it acts on does not answer: generated from the list of operations. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { call } from '../support/wire.ts'

const out = async (): Promise<never> => {
  throw new CatalogError('BadGatewayException', 'The upstream does not answer')
}

/** Every function of the part fails; what is absent stays absent. */
const deaden = <T extends object>(part: T): T =>
  Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key, typeof value === 'function' ? out : value]),
  ) as T

const deadCatalog = (): Catalog => {
  const { namespaces, tables, views, transactions, ...rest } = createMemoryCatalog()
  const { find: _, ...reachable } = tables
  return {
    ...rest,
    namespaces: deaden(namespaces),
    tables: deaden(reachable),
    ...(views ? { views: deaden(views) } : {}),
    ...(transactions ? { transactions: deaden(transactions) } : {}),
  }
}

let gateway: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway({
    mounts: [{ namespace: ['up'], connection: 'up', catalog: deadCatalog() }],
  })
})
afterAll(() => gateway.stop())

/** The sample, one level down: namespace `a` of the mount `up`. */
const below = (operation: string) => {
  const { line, body } = samples[operation] ?? { line: '' }
  const moved = JSON.stringify(body)?.replaceAll('"namespace":["a"', '"namespace":["up","a"')
  return {
    line: line.replace('/namespaces/a', '/namespaces/up%1Fa').replace('parent=a', 'parent=up%1Fa'),
    ...(moved === undefined ? {} : { body: moved, headers: { 'content-type': 'application/json' } }),
  }
}

const isList = (operation: string): boolean => operation.startsWith('list')

describe.each(Object.keys(samples).filter((operation) => operation !== 'getConfig'))('%s', (operation) => {
  const wanted = isList(operation) ? 200 : 502
  test(`is answered ${wanted} and recorded`, async () => {
    const { line, ...sending } = below(operation)
    const reply = await call(gateway, line, sending)
    expect(reply.status, reply.text).toBe(wanted)
    const entry = gateway.audited.at(-1)
    expect(entry).toMatchObject({ operation, decision: isList(operation) ? 'allowed' : 'failed' })
    if (isList(operation)) expect(reply.headers.get('lakegate-partial')).toContain('up;')
  })
})

test('the configuration is served, and local content is as quick as ever', async () => {
  expect((await call(gateway, `GET ${gateway.origin}/catalog/v1/config`)).status).toBe(200)
  const body = { namespace: ['here'], properties: {} }
  expect((await call(gateway, 'POST /namespaces', { body })).status).toBe(200)
})
