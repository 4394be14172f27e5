/** Commits: 16 writers on 16 tables of one gateway, and the same on the reference server. */
import { cpuMs, type Subject } from './process.ts'
import { createNamespace, createRequest, createTable, propertyCommit, tablesUrl, target } from './tables.ts'

export interface CommitFigure {
  readonly name: string
  readonly commits: number
  readonly commitsPerSecond: number
  readonly cpuMsPerCommit: number
}

const writers = 16

const write = async (url: string, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const body = JSON.stringify(propertyCommit(String(i)))
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  }
}

/** Durable commits a second, one property each. CPU is that of `subject.pid`. */
export const benchCommits = async (subject: Subject, uri: string, each: number): Promise<CommitFigure> => {
  const to = await target(uri)
  const ns = ['commits']
  await createNamespace(to, ns)
  const tables = Array.from({ length: writers }, (_, i) => `t${i}`)
  for (const table of tables) await createTable(to, ns, createRequest(table, 10_000))
  const urls = tables.map((table) => `${tablesUrl(to, ns)}/${table}`)
  await Promise.all(urls.map((url) => write(url, Math.ceil(each / 5))))
  const cpu = cpuMs(subject.pid)
  const started = performance.now()
  await Promise.all(urls.map((url) => write(url, each)))
  const seconds = (performance.now() - started) / 1000
  const commits = each * writers
  const spent = cpuMs(subject.pid) - cpu
  return { name: subject.name, commits, commitsPerSecond: commits / seconds, cpuMsPerCommit: spent / commits }
}
