/**
 * What an audited load cannot do without: Fastify, and one pointer read a request, those of one moment coalesced
 * into one `= any($1)` query. Arguments: port, file with the body, connection string of a database with
 * `bench_pointer(name text primary key, location text)`.
 */
import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import pg from 'pg'

const [port = '0', file = '', database = ''] = process.argv.slice(2)
const body = readFileSync(file)
const pool = new pg.Pool({ connectionString: database, max: 10 })
const server = fastify()

interface Waiting {
  readonly name: string
  readonly resolve: (location: string) => void
  readonly reject: (error: unknown) => void
}

let waiting: Waiting[] = []

const flush = async (): Promise<void> => {
  const batch = waiting
  waiting = []
  try {
    const names = [...new Set(batch.map((one) => one.name))]
    const result = await pool.query<{ name: string; location: string }>({
      name: 'pointers',
      text: 'select name, location from bench_pointer where name = any($1)',
      values: [names],
    })
    const found = new Map(result.rows.map((row) => [row.name, row.location]))
    for (const one of batch) one.resolve(found.get(one.name) ?? '')
  } catch (error) {
    for (const one of batch) one.reject(error)
  }
}

const pointer = (name: string): Promise<string> =>
  new Promise((resolve, reject) => {
    waiting.push({ name, resolve, reject })
    if (waiting.length === 1) setImmediate(flush)
  })

server.get('/*', async (_request, reply) => {
  await pointer('table')
  return reply.type('application/json').send(body)
})
await server.listen({ port: Number(port), host: '127.0.0.1' })
