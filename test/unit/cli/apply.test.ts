import { describe, expect, test } from 'vitest'
import { apply } from '#cli/apply.ts'
import { ManagementError } from '#cli/management-client.ts'
import type { DeclaredState } from '#cli/state.ts'
import { createFakeManagement, type FakeManagement } from '../../support/fake-management.ts'

const legacy = {
  name: 'legacy',
  kind: 'iceberg-rest',
  uri: 'http://upstream/catalog',
  warehouse: '',
  auth: { kind: 'none' },
}

const lake = {
  name: 'default',
  location: 'file:///lake/',
  'allowed-locations': ['file:/tmp'],
  'verify-metadata-file': true,
  mounts: [{ namespace: ['legacy'], connection: 'legacy' }],
}

const bucket = {
  name: 'bucket',
  location: 's3://data/lake',
  storage: {
    endpoint: 'http://127.0.0.1:9000',
    'path-style': true,
    'access-key-id': 'env:A',
    'secret-access-key': 'env:B',
  },
}

const everything: DeclaredState = { connections: [legacy], warehouses: [lake, bucket] }

interface Applied {
  readonly lines: readonly string[]
  readonly changes: readonly string[]
}

const run = async (
  client: FakeManagement,
  declared: DeclaredState,
  options: { readonly prune?: boolean; readonly dryRun?: boolean } = {},
): Promise<Applied> => {
  const lines: string[] = []
  const before = client.changes.length
  await apply({ declared, client, print: (line) => lines.push(line), ...options })
  return { lines, changes: client.changes.slice(before) }
}

const applied = async (declared: DeclaredState): Promise<FakeManagement> => {
  const client = createFakeManagement()
  await run(client, declared)
  return client
}

describe('apply', () => {
  test('creates connections before warehouses before mounts, and says so', async () => {
    const { lines, changes } = await run(createFakeManagement(), everything)
    expect(lines).toEqual([
      '+ connection legacy (iceberg-rest)',
      '+ warehouse default at file:///lake',
      '+ warehouse bucket at s3://data/lake',
      '+ mount default:/legacy → connection legacy',
    ])
    expect(changes).toEqual([
      'POST /connection',
      'POST /warehouse',
      'POST /warehouse',
      'POST /warehouse/warehouse-1/mount',
    ])
  })

  test('a second time changes nothing', async () => {
    const { lines, changes } = await run(await applied(everything), everything)
    expect(lines).toEqual(['No changes.'])
    expect(changes).toEqual([])
  })

  test('a dry run prints the difference and leaves everything as it is', async () => {
    const client = createFakeManagement()
    const { lines, changes } = await run(client, everything, { dryRun: true })
    expect(lines).toHaveLength(4)
    expect(changes).toEqual([])
  })

  test('shows what a changed member was and becomes, and changes only that', async () => {
    const client = await applied(everything)
    const changed = {
      connections: [{ ...legacy, uri: 'http://other/catalog' }],
      warehouses: [
        { ...lake, 'verify-metadata-file': false },
        { ...bucket, storage: { ...bucket.storage, region: 'eu-west-1' } },
      ],
    }
    const { lines, changes } = await run(client, changed)
    expect(lines).toEqual([
      '~ connection legacy',
      '    uri: "http://upstream/catalog" → "http://other/catalog"',
      '~ warehouse default',
      '    verify-metadata-file: true → false',
      '~ warehouse bucket',
      '    region: "us-east-1" → "eu-west-1"',
    ])
    expect(changes).toEqual([
      'POST /connection/connection-0/config',
      'POST /warehouse/warehouse-1/settings',
      'POST /warehouse/warehouse-2/storage',
    ])
    expect((await run(client, changed)).lines).toEqual(['No changes.'])
  })

  test('a mount to another connection replaces the old one', async () => {
    const client = await applied(everything)
    const other = { ...legacy, name: 'other' }
    const declared = {
      connections: [legacy, other],
      warehouses: [{ ...lake, mounts: [{ namespace: ['legacy'], connection: 'other' }] }, bucket],
    }
    const { lines } = await run(client, declared)
    expect(lines).toEqual([
      '+ connection other (iceberg-rest)',
      '- mount default:/legacy → connection legacy',
      '+ mount default:/legacy → connection other',
    ])
    expect((await run(client, declared)).lines).toEqual(['No changes.'])
  })

  test('what is not declared stays and is named; --prune removes it, mounts first and connections last', async () => {
    const client = await applied(everything)
    const { lines, changes } = await run(client, { warehouses: [bucket] })
    expect(lines[0]).toBe('No changes.')
    expect(lines.slice(1)).toHaveLength(3)
    for (const line of lines.slice(1)) expect(line).toMatch(/is not declared; --prune removes it$/)
    expect(changes).toEqual([])
    const pruned = await run(client, { warehouses: [bucket] }, { prune: true })
    expect(pruned.lines).toEqual([
      '- mount default:/legacy → connection legacy',
      '- warehouse default',
      '- connection legacy',
    ])
    expect((await run(client, { warehouses: [bucket] }, { prune: true })).lines).toEqual(['No changes.'])
  })

  test('four at once make the declared state together, and none of them fails', async () => {
    const client = createFakeManagement()
    await Promise.all([1, 2, 3, 4].map(() => run(client, everything)))
    expect((await run(client, everything)).lines).toEqual(['No changes.'])
    expect(((await client.get('/warehouse'))['warehouses'] as unknown[]).length).toBe(2)
    const other = { connections: [legacy, { ...legacy, name: 'other' }], warehouses: [bucket] }
    await Promise.all([1, 2, 3, 4].map(() => run(client, other, { prune: true })))
    expect((await run(client, other, { prune: true })).lines).toEqual(['No changes.'])
  })

  test('what another one removes while it is read does not end the run', async () => {
    const client = await applied({ warehouses: [bucket] })
    const racing: FakeManagement = {
      ...client,
      get: async (path) => {
        if (path.endsWith('/mount')) await client.remove(path.replace('/mount', ''))
        return client.get(path)
      },
    }
    await run(racing, {}, { prune: true })
    expect((await run(client, {}, { prune: true })).lines).toEqual(['No changes.'])
  })

  test('a conflict that is not of that kind is told, and nothing is tried again', async () => {
    const client = createFakeManagement()
    const refusing: FakeManagement = {
      ...client,
      post: async (path, body) => {
        if (path.endsWith('/mount')) throw new ManagementError('the local catalog holds content there', 409)
        return client.post(path, body)
      },
    }
    await expect(run(refusing, everything)).rejects.toThrow(/holds content/)
    expect(client.changes).toEqual(['POST /connection', 'POST /warehouse', 'POST /warehouse'])
  })

  test('a mount of a connection that nobody declared names it', async () => {
    await expect(run(createFakeManagement(), { warehouses: [lake] })).rejects.toThrow(
      /There is no connection legacy/,
    )
  })
})
