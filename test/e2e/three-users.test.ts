/** PyIceberg and Spark under three users, by their own tokens and through a trusted engine: three different catalogs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lake, openLake } from '../support/lake.ts'
import { installClient } from './clients.ts'

const users = ['alice', 'bob', 'carol'] as const

/** What each has been granted leads here, and nowhere else. */
const expected = {
  alice: { sales: ['orders', 'returns'] },
  bob: { staff: ['salaries'] },
  carol: { sales: ['orders'], staff: ['salaries'] },
}

let lake: Lake
let tokens: Readonly<Record<string, string>>
beforeAll(async () => {
  lake = await openLake([...users, 'engine'], {
    'trusted-engines': [{ name: 'shared', identities: ['oidc~engine'], 'user-header': 'X-Spark-User' }],
  })
  for (const name of ['sales', 'staff']) await lake.make('POST /namespaces', { namespace: [name] })
  for (const [namespace, name] of [
    ['sales', 'orders'],
    ['sales', 'returns'],
    ['staff', 'salaries'],
  ] as const)
    await lake.makeTable([namespace], name)
  const inSales = { namespace: ['sales'] }
  await lake.grant(await lake.pathOf({ kind: 'namespace', ...inSales }), 'select', 'alice')
  await lake.grant(await lake.pathOf({ kind: 'table', ...inSales, name: 'orders' }), 'select', 'carol')
  const staff = await lake.pathOf({ kind: 'namespace', namespace: ['staff'] })
  await lake.grant(staff, 'select', 'bob')
  await lake.grant(staff, 'select', 'carol')
  const { provider } = lake.replicas
  tokens = Object.fromEntries(
    await Promise.all([...users, 'engine'].map(async (user) => [user, await provider.token(user)] as const)),
  )
}, 300_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const run = async (command: string, args: readonly string[], env: Readonly<Record<string, string>>) => {
  const child = spawn(command, args, {
    cwd: lake.here.folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += String(data)))
  child.stderr.on('data', (data) => (errors += String(data)))
  const [status] = await once(child, 'close')
  expect(status, output + errors).toBe(0)
  return output
}

const walk = `
import json, os
from pyiceberg.catalog import load_catalog
for properties in json.loads(os.environ["CATALOGS"]):
    catalog = load_catalog("lake", type="rest", uri=os.environ["URI"], warehouse="lake", **properties)
    seen = {}
    for (namespace,) in catalog.list_namespaces():
        tables = [name for (_, name) in catalog.list_tables(namespace)]
        seen[namespace] = [name for name in tables if catalog.load_table((namespace, name)).scan().to_arrow().num_rows == 0]
    print(json.dumps(seen))
`

type Ways = readonly (readonly [user: (typeof users)[number], properties: Readonly<Record<string, string>>])[]

const ways = (): Ways =>
  users.flatMap((user) => [
    [user, { token: tokens[user] ?? '' }] as const,
    [user, { token: tokens['engine'] ?? '', 'header.X-Spark-User': user }] as const,
  ])

describe('three users see three different catalogs', () => {
  test('in PyIceberg, by their own tokens and through the engine', async () => {
    const python = path.join(await installClient('smoke'), 'venv/bin/python')
    const output = await run(python, ['-c', walk], {
      URI: `${lake.here.origin}/catalog`,
      CATALOGS: JSON.stringify(ways().map(([, properties]) => properties)),
    })
    const seen = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(seen).toEqual(ways().map(([user]) => expected[user]))
  })

  test('in one session of Spark, by their own tokens and through the engine', async () => {
    const spark = await installClient('spark')
    const jars = (await readdir(path.join(spark, 'jars'))).map((jar) => path.join(spark, 'jars', jar))
    const catalogs = ways().map(([user, properties], at) => ({ user, properties, name: `c${at}` }))
    const settings = catalogs.flatMap(({ name, properties }) => {
      const key = `spark.sql.catalog.${name}`
      const all = { type: 'rest', uri: `${lake.here.origin}/catalog`, warehouse: 'lake', ...properties }
      return [
        ...['--conf', `${key}=org.apache.iceberg.spark.SparkCatalog`],
        ...Object.entries(all).flatMap(([one, value]) => ['--conf', `${key}.${one}=${value}`]),
      ]
    })
    const statements = catalogs.flatMap(({ name, user }) => [
      `SELECT 'at ${name}'`,
      `SHOW NAMESPACES IN ${name}`,
      ...Object.keys(expected[user]).map((namespace) => `SHOW TABLES IN ${name}.${namespace}`),
    ])
    const args = ['--jars', jars.join(','), ...settings, '-e', statements.join('; ')]
    const bin = path.join(spark, 'venv/bin')
    const output = await run(path.join(bin, 'spark-sql'), args, {
      ...{ SPARK_LOCAL_IP: '127.0.0.1', PATH: `${bin}:${process.env['PATH']}` },
    })
    const seen = output
      .split(/^at c\d+\n/m)
      .slice(1)
      .map((part) => part.trim().split(/\s+/).sort())
    const names = (user: (typeof users)[number]) => Object.entries(expected[user]).flat(2).sort()
    expect(seen).toEqual(catalogs.map(({ user }) => names(user)))
  })
})
