/** Every operation under every refusal, generated from the list of operations: what is denied reaches no catalog. */
import { afterEach, describe, expect, test } from 'vitest'
import { createAllowAll } from '#authz/allow-all.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import { createDenyList, denyEverything } from '../support/deny-list.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { watchCatalog } from '../support/watched-catalog.ts'
import { call, fill, type Reply } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

/** A gateway over content that was made before the refusals began. */
const prepare = async (options: MemoryGatewayOptions) => {
  const catalog = createMemoryCatalog()
  const maker = await startMemoryGateway({ local: catalog })
  await fill(maker)
  await maker.stop()
  const watched = watchCatalog(catalog)
  const gateway = await startMemoryGateway({ ...options, local: watched.catalog })
  open.push(gateway)
  return { gateway, reached: watched.reached }
}

const ask = (gateway: MemoryGateway, operation: string): Promise<Reply> => {
  const sample = samples[operation]
  if (!sample) throw new Error(`no sample of ${operation}`)
  const line = sample.line.replace('~', `${gateway.origin}/catalog`)
  return call(gateway, line, sample.body === undefined ? {} : { body: sample.body })
}

const errorOf = (reply: Reply): { type: string; message: string } =>
  (reply.json as { error: { type: string; message: string } }).error

const operations = Object.keys(samples)
const isRead = (operation: string): boolean => /^(GET|HEAD)/.test(samples[operation]?.line ?? '')
const isHead = (operation: string): boolean => samples[operation]?.line.startsWith('HEAD') === true

const unanswering: Authorizer = {
  ...createAllowAll(),
  check: () => Promise.reject(new Error('the policy engine is out')),
}

describe.each(operations)('%s', (operation) => {
  test('is allowed and recorded as such when nothing is denied', async () => {
    const { gateway, reached } = await prepare({})
    const reply = await ask(gateway, operation)
    // The samples register a file that is not there: also an answer that only the catalog can give.
    expect([200, 204, 404, 409]).toContain(reply.status)
    if (operation !== 'getConfig') expect(reached.length).toBeGreaterThan(0)
    expect(gateway.audited).toMatchObject([{ operation, status: reply.status }])
  })

  test('denied but visible is 403, reaches nothing, and is recorded with the true reason', async () => {
    const { gateway, reached } = await prepare({ authorizer: denyEverything(true) })
    const reply = await ask(gateway, operation)
    expect(reply.status).toBe(403)
    if (!isHead(operation)) expect(errorOf(reply).type).toBe('ForbiddenException')
    expect(reached).toEqual([])
    expect(gateway.audited).toMatchObject([
      { operation, decision: 'denied', status: 403, reason: expect.stringContaining('on the list') },
    ])
  })

  test('denied and invisible is 404, reaches nothing, and keeps the true reason for the audit', async () => {
    const { gateway, reached } = await prepare({ authorizer: denyEverything(false) })
    const reply = await ask(gateway, operation)
    expect(reply.status).toBe(404)
    expect(reached).toEqual([])
    expect(gateway.audited).toMatchObject([
      { operation, decision: 'denied', status: 404, reason: expect.stringContaining('on the list') },
    ])
  })

  test('without the token is 401, reaches nothing, and is recorded', async () => {
    const { gateway, reached } = await prepare({ authenticator: staticTokenAuthenticator('s3cret') })
    const reply = await ask(gateway, operation)
    expect(reply.status).toBe(401)
    expect(reached).toEqual([])
    expect(gateway.audited).toMatchObject([{ operation, decision: 'denied', status: 401 }])
  })

  test('while nobody can decide reaches nothing, and says when to come back', async () => {
    const { gateway, reached } = await prepare({ authorizer: unanswering })
    const reply = await ask(gateway, operation)
    const status = isRead(operation) ? 503 : 429
    expect(reply.status).toBe(status)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(reached).toEqual([])
    expect(gateway.audited).toMatchObject([{ operation, decision: 'failed', status }])
  })
})

describe('an invisible object', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['table', 'GET /namespaces/a/tables/t', 'GET /namespaces/a/tables/none'],
    ['view', 'GET /namespaces/a/views/v', 'GET /namespaces/a/views/none'],
    ['namespace', 'GET /namespaces/a', 'GET /namespaces/none'],
    ['list of tables', 'GET /namespaces/a/tables', 'GET /namespaces/none/tables'],
    ['commit', 'POST /namespaces/a/tables/t', 'POST /namespaces/a/tables/none'],
    ['dropped view', 'DELETE /namespaces/a/views/v', 'DELETE /namespaces/a/views/none'],
  ]
  test.each(cases)('(%s) is answered like a missing one, to the letter', async (_, present, absent) => {
    const body = absent.startsWith('POST') ? { requirements: [], updates: [] } : undefined
    const sending = { headers: { 'x-request-id': 'same' }, ...(body ? { body } : {}) }
    const denied = await prepare({ authorizer: denyEverything(false) })
    const hidden = await call(denied.gateway, present, sending)
    const allowed = await prepare({})
    const missing = await call(allowed.gateway, absent, sending)
    const name = /\/(\w+)$/.exec(present.replace('/tables', ''))?.[1] ?? 'a'
    expect(hidden.text).toBe(missing.text.replace(/\bnone\b/, name))
    expect(hidden.status).toBe(missing.status)
  })

  test('(warehouse) is answered by the name that was asked for, not by what it is', async () => {
    const denied = await prepare({ authorizer: denyEverything(false) })
    const hidden = await call(denied.gateway, `GET ${denied.gateway.origin}/catalog/v1/config?warehouse=lake`)
    expect(errorOf(hidden)).toMatchObject({
      type: 'NoSuchWarehouseException',
      message: 'Warehouse does not exist: lake',
    })
  })

  test('is left out of listings', async () => {
    const authorizer = createDenyList({
      denies: () => false,
      visible: true,
      hides: (resource) => resource.kind === 'table' && resource.name === 't',
    })
    const { gateway } = await prepare({ authorizer })
    expect((await call(gateway, 'GET /namespaces/a/tables')).json).toMatchObject({ identifiers: [] })
    expect((await call(gateway, 'GET /namespaces/a/views')).json).toMatchObject({
      identifiers: [{ namespace: ['a'], name: 'v' }],
    })
  })
})

describe('an operation with several needs', () => {
  const denyOn = (action: string, visible: boolean): Authorizer =>
    createDenyList({ denies: (need) => need.action === action, visible })

  test('answers for the one that was refused: the destination of a rename', async () => {
    const { gateway, reached } = await prepare({ authorizer: denyOn('create', false) })
    const reply = await ask(gateway, 'renameTable')
    expect(errorOf(reply)).toMatchObject({
      type: 'NoSuchNamespaceException',
      message: 'Namespace does not exist: a',
    })
    expect(reached).toEqual([])
  })

  test('asks for all: registering over a table takes the rights to write and to drop it', async () => {
    const { gateway } = await prepare({ authorizer: denyOn('drop', true) })
    const body = { name: 't', 'metadata-location': 'file:///x', overwrite: true }
    expect((await call(gateway, 'POST /namespaces/a/register', { body })).status).toBe(403)
    const plain = { name: 'new', 'metadata-location': 'file:///x' }
    expect((await call(gateway, 'POST /namespaces/a/register', { body: plain })).status).toBe(404)
  })

  test('asks for the right to create where a commit creates', async () => {
    const { gateway } = await prepare({ authorizer: denyOn('create', true) })
    const body = { requirements: [{ type: 'assert-create' }], updates: [] }
    expect((await call(gateway, 'POST /namespaces/a/tables/new', { body })).status).toBe(403)
    const changes = [{ identifier: { namespace: ['a'], name: 'new' }, ...body }]
    const reply = await call(gateway, 'POST /transactions/commit', { body: { 'table-changes': changes } })
    expect(reply.status).toBe(403)
  })

  test('asks for each thing that a commit does', async () => {
    const { gateway, reached } = await prepare({ authorizer: denyOn('set-location', true) })
    const properties = { action: 'set-properties', updates: { k: '1' } }
    const location = { action: 'set-location', location: 'file:///elsewhere' }
    const sent = { body: { requirements: [], updates: [properties, location] } }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', sent)).status).toBe(403)
    const changes = [{ identifier: { namespace: ['a'], name: 't' }, ...sent.body }]
    const together = await call(gateway, 'POST /transactions/commit', { body: { 'table-changes': changes } })
    expect(together.status).toBe(403)
    expect(reached).toEqual([])
    const less = { body: { requirements: [], updates: [properties] } }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', less)).status).toBe(200)
    expect(gateway.audited.map(({ needs }) => needs.map(({ action }) => action))).toEqual([
      ['set-properties', 'set-location'],
      ['set-properties', 'set-location'],
      ['set-properties'],
    ])
  })

  test('does not take a commit of a view for the making of one', async () => {
    const { gateway } = await prepare({ authorizer: denyOn('write', true) })
    const body = { requirements: [{ type: 'assert-create' }], updates: [] }
    expect((await call(gateway, 'POST /namespaces/a/views/v', { body })).status).toBe(403)
  })

  test('asks for the right to write where the files are to go, too', async () => {
    const { gateway, reached } = await prepare({ authorizer: denyOn('write', true) })
    const purged = await call(gateway, 'DELETE /namespaces/a/tables/t?purgeRequested=true')
    expect(purged.status).toBe(403)
    expect(reached).toEqual([])
    expect((await call(gateway, 'DELETE /namespaces/a/tables/t')).status).toBe(204)
  })

  test('names the object by its content id, so that a grant survives a rename', async () => {
    const { gateway } = await prepare({})
    await ask(gateway, 'loadTable')
    expect(gateway.audited).toMatchObject([
      { needs: [{ action: 'describe', resource: { kind: 'table', contentId: expect.any(String) } }] },
    ])
  })

  test('names what a register may overwrite by its content id, too', async () => {
    const { gateway } = await prepare({})
    const body = { name: 't', 'metadata-location': 'file:///x', overwrite: true }
    await call(gateway, 'POST /namespaces/a/register', { body })
    const resource = { kind: 'table', name: 't', contentId: expect.any(String) }
    expect(gateway.audited[0]?.needs).toMatchObject([
      { action: 'register' },
      { action: 'write', resource },
      { action: 'drop', resource },
    ])
  })

  test('does not take the id of a view for that of a table of the same name', async () => {
    const { gateway } = await prepare({})
    await call(gateway, 'GET /namespaces/a/tables/v')
    expect(gateway.audited[0]?.needs[0]?.resource).not.toHaveProperty('contentId')
  })
})
