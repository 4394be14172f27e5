/** kill -9 at random moments under concurrent writers: nothing acknowledged is lost, nothing is there twice. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../../support/gateway.ts'
import { embeddedDatabasePid, killHard } from '../../support/processes.ts'
import { createAppendTable, proveTable, runWriter } from '../../support/writers.ts'

const rounds = Number(process.env['FAULT_KILLS'] ?? 12)
const tablesCount = 4
const writersCount = 16

const victims = ['gateway', 'database', 'both'] as const
type Victim = (typeof victims)[number]

const createNamespace = async (prefix: string): Promise<void> => {
  const answer = await fetch(`${prefix}/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: ['faults'] }),
  })
  expect(answer.status).toBe(200)
}

const strike = (gateway: Gateway, victim: Victim): void => {
  const database = embeddedDatabasePid(gateway.pid)
  if (victim !== 'gateway') killHard(database)
  if (victim !== 'database') killHard(gateway.pid)
}

const isReady = async (gateway: Gateway): Promise<boolean> => {
  const answer = await fetch(`${gateway.origin}/health/ready`).catch(() => undefined)
  await answer?.arrayBuffer()
  return answer?.ok ?? false
}

/** As a supervisor would: a gateway that is not ready by itself soon is started again. */
const recover = async (gateway: Gateway): Promise<Gateway> => {
  for (let i = 0; i < 100 && !gateway.exited(); i++) {
    if (await isReady(gateway)) return gateway
    await delay(100)
  }
  await gateway.kill()
  return startGateway({ folder: gateway.folder, port: gateway.port })
}

test(`every acknowledged commit survives ${rounds} kills of gateway, database or both, exactly once`, async () => {
  let gateway = await startGateway()
  const prefix = await warehousePrefix(gateway)
  await createNamespace(prefix)
  const url = `${prefix}/namespaces/faults/tables`
  const tables = await Promise.all(
    Array.from({ length: tablesCount }, (_, i) => createAppendTable(url, `t${i}`)),
  )
  const stop = new AbortController()
  const writers = Array.from({ length: writersCount }, (_, i) =>
    runWriter(tables[i % tablesCount]!, stop.signal),
  )
  for (let round = 0; round < rounds; round++) {
    await delay(200 + Math.random() * 1500)
    strike(gateway, victims[round % victims.length] as Victim)
    gateway = await recover(gateway)
  }
  await delay(500)
  stop.abort()
  const reports = await Promise.all(writers)
  await gateway.stop()
  gateway = await startGateway({ folder: gateway.folder, port: gateway.port })
  const proofs = await Promise.all(tables.map(proveTable))
  const acknowledged = reports.reduce((sum, report) => sum + report.acknowledged, 0)
  console.log(`kills: ${rounds}, acknowledged commits: ${acknowledged}`, reports.slice(0, 2))
  await gateway.discard()
  for (const proof of proofs)
    expect(proof).toMatchObject({ lost: [], doubled: [], unknown: [], missingFiles: [] })
  expect(acknowledged).toBeGreaterThan(rounds)
}, 900_000)
