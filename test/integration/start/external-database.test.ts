/** A database that is there already: nothing is done to it that nobody asked for, and every replica shares a key. */
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDebianPostgres, type TestPostgres } from '../../support/debian-postgres.ts'
import { runLakegate, scratchFolder, startGateway } from '../../support/gateway.ts'

let postgres: TestPostgres
let home: string

beforeAll(async () => {
  postgres = await startDebianPostgres()
  home = await scratchFolder()
})

afterAll(async () => {
  await postgres?.stop()
  await rm(home, { recursive: true, force: true })
})

test('a start asks for the key, then for the schema; two replicas then share one state', async () => {
  const database = await postgres.createDatabase('external')
  const env = { LAKEGATE_DATABASE: database, LAKEGATE_KEY: randomBytes(32).toString('hex') }
  const serve = ['serve', '--data', join(home, 'data')]
  await expect(runLakegate(serve, { LAKEGATE_DATABASE: database })).rejects.toThrow(/LAKEGATE_KEY/)
  await expect(runLakegate(serve, env)).rejects.toThrow(/lakegate migrate-schema/)
  expect((await runLakegate(['migrate-schema'], env)).stdout).toMatch(/The schema is at change \d+/)

  const server = { database }
  const first = await startGateway({ server, env })
  const second = await startGateway({ server, env })
  try {
    const config = join(home, 'lakegate.yaml')
    await writeFile(config, `state: { warehouses: [{ name: default, location: "file://${home}/lake" }] }`)
    const applied = await runLakegate(['apply', '--config', config, '--server', first.origin])
    expect(applied.stdout).toBe(`+ warehouse default at file://${home}/lake\n`)
    const seen = async (): Promise<number> => (await fetch(`${second.catalog}/v1/config`)).status
    await expect.poll(seen, { timeout: 10_000 }).toBe(200)
    const other = { ...env, LAKEGATE_KEY: randomBytes(32).toString('base64') }
    await expect(runLakegate(serve, other)).rejects.toThrow(/server key is not the one/)
  } finally {
    await first.discard()
    await second.discard()
  }
})

test('a database that cannot be reached is named without its password', async () => {
  const env = { LAKEGATE_DATABASE: 'postgres://me:hunter2@127.0.0.1:9/none', LAKEGATE_KEY: 'a'.repeat(64) }
  const failure = await runLakegate(['serve'], env).catch((error: Error) => error)
  expect(String(failure)).toMatch(/database/i)
  expect(String(failure)).not.toContain('hunter2')
})
