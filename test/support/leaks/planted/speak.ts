/** An exchange with a stand-in for a gateway, and a database that keeps what it is told. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openTestDatabase } from '../../database.ts'

/** Asks with the token; the answer holds `told`. */
export const exchange = async (token: string, told: string): Promise<void> => {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'x-request-id': 'planted' })
    response.end(JSON.stringify({ error: { message: `There is no ${told}` } }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`http://127.0.0.1:${port}/catalog/v1/config`, { headers })
  await answer.text()
  server.close()
  await once(server, 'close')
}

export const keep = async (text: string): Promise<void> => {
  await using db = await openTestDatabase({ schema: false })
  await db.database.execute('create schema own; create table own.kept (row text)')
  await db.database.execute('insert into own.kept values ($1)', [text])
}

/** Starts a process that prints the variable `PLANTED_TOKEN` in hex. */
export const start = async (env: Readonly<Record<string, string>>): Promise<void> => {
  const entry = join(import.meta.dirname, 'src/main.ts')
  await promisify(execFile)(process.execPath, [entry, 'serve'], { env: { ...process.env, ...env } })
}
