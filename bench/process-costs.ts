/** What a gateway costs as a process: start, idle, memory over many loads, and the event loop under a huge document. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measure } from './load.ts'
import { cpuMs, residentMb, type Subject, startSubject } from './process.ts'
import type { Verdict } from './report.ts'
import { startGateway } from './services.ts'
import {
  createNamespace,
  createRequest,
  createTable,
  largeMetadata,
  registerTable,
  tablesUrl,
  target,
} from './tables.ts'

export interface CostsSetup {
  readonly folder: string
  readonly port: number
  readonly loads: number
  readonly hugeBytes: number
}

const ns = ['bench']

const start = (setup: CostsSetup, name: string): Promise<Subject> =>
  startGateway({ name, folder: setup.folder, port: setup.port, database: 'embedded' })

/** By then a gateway that nobody asks for anything has given back what its start needed. */
const untilIdleMs = 25_000

/** CPU of a start on an existing data folder against that of importing the same packages; the best of three each. */
const startCost = async (setup: CostsSetup): Promise<Verdict[]> => {
  await (await start(setup, 'first')).stop()
  const own: number[] = []
  const imports: number[] = []
  let idle = Number.NaN
  for (let round = 0; round < 3; round++) {
    const bare = await startSubject({
      name: 'imports',
      command: [process.execPath, 'bench/subjects/imports.ts', String(setup.port + 1)],
      url: `http://127.0.0.1:${setup.port + 1}`,
      probe: `http://127.0.0.1:${setup.port + 1}/`,
    })
    imports.push(cpuMs(bare.pid))
    await bare.stop()
    const gateway = await start(setup, 'again')
    own.push(cpuMs(gateway.pid))
    await pause(untilIdleMs)
    idle = residentMb(gateway.pid)
    await gateway.stop()
  }
  return [
    {
      what: 'start, CPU / importing the same packages',
      measured: Math.min(...own) / Math.min(...imports),
      limit: 2,
      unit: '×',
    },
    { what: 'idle, resident', measured: idle, limit: 150, unit: 'MB' },
  ]
}

/** Growth of resident memory over many loads, once the heap has found its size. */
const memory = async (setup: CostsSetup, gateway: Subject): Promise<Verdict> => {
  const local = await target(`${gateway.url}/catalog`)
  await createNamespace(local, ns)
  await createTable(local, ns, createRequest('small', 10_000))
  const path = `${new URL(tablesUrl(local, ns)).pathname}/small`
  await measure({ name: 'warm-up', subject: gateway, path, requests: Math.floor(setup.loads / 2) })
  const before = residentMb(gateway.pid)
  await measure({ name: 'loads', subject: gateway, path, requests: setup.loads })
  const after = residentMb(gateway.pid)
  return {
    what: `resident memory after ${setup.loads} loads / before`,
    measured: after / before,
    limit: 1.1,
    unit: '×',
  }
}

const lag = async (gateway: Subject): Promise<number> => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1] ?? Number.NaN) * 1000
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The longest event-loop stall while a huge document is loaded, cold and warm, against an idle period of this run. */
const stall = async (setup: CostsSetup, gateway: Subject): Promise<Verdict> => {
  const local = await target(`${gateway.url}/catalog`)
  const location = `file://${setup.folder}/lake/huge`
  mkdirSync(join(setup.folder, 'lake/huge/metadata'), { recursive: true })
  const file = '/metadata/00000-0b1c2d3e-4f50-4a6b-8c7d-9e8f7a6b5c4d.metadata.json'
  writeFileSync(join(setup.folder, `lake/huge${file}`), largeMetadata(location, setup.hugeBytes))
  await registerTable(local, ns, { name: 'huge', 'metadata-location': location + file })
  await lag(gateway)
  await pause(3000)
  const idle = await lag(gateway)
  for (let i = 0; i < 3; i++) {
    const answer = await fetch(`${tablesUrl(local, ns)}/huge`)
    const bytes = (await answer.arrayBuffer()).byteLength
    if (!answer.ok || bytes < setup.hugeBytes * 0.9)
      throw new Error(`huge load: ${answer.status}, ${bytes} bytes`)
  }
  const busy = await lag(gateway)
  console.log(
    `\nEvent loop: longest stall ${idle.toFixed(1)} ms idle, ${busy.toFixed(1)} ms loading ${setup.hugeBytes} bytes.`,
  )
  return {
    what: 'longest stall during huge loads',
    measured: busy,
    limit: Math.max(50, 3 * idle),
    unit: 'ms',
  }
}

export const benchCosts = async (setup: CostsSetup): Promise<Verdict[]> => {
  const verdicts = await startCost(setup)
  const gateway = await start(setup, 'again')
  try {
    return [...verdicts, await memory(setup, gateway), await stall(setup, gateway)]
  } finally {
    await gateway.stop()
  }
}
