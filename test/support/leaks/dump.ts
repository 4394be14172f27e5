/** Everything that a database holds and everything that its server logged, into the record of the run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { isRecording, noteEmitted, noteSecret } from './record.ts'

const ownTables = `
  select format('%I.%I', schemaname, tablename) as name from pg_tables
  where schemaname not in ('pg_catalog', 'information_schema') order by 1`

/** Every row of every table as text. */
export const dumpDatabase = async (url: string): Promise<void> => {
  if (!isRecording()) return
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(ownTables)
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`)
      noteEmitted('database', name, rows.map(({ row }) => row).join('\n'))
    }
  } finally {
    await client.end()
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export const noteDatabaseLog = (path: string): void => noteEmitted('database log', path, textOf(path))

/**
 * What a gateway with the embedded database keeps, while it still runs: the rows, the log, and the server's key, which is
 * a secret itself. Where the database does not run there is nothing to ask; `expected.ts` sees to it that most do.
 */
export const dumpDataFolder = async (data: string): Promise<void> => {
  noteSecret('server key', textOf(join(data, 'server.key')).trim())
  noteDatabaseLog(join(data, 'database.log'))
  const socketFolder = textOf(join(data, 'database/postmaster.pid')).split('\n')[4]
  if (socketFolder === undefined || socketFolder === '') return
  const url = `postgres://lakegate@localhost/lakegate?host=${encodeURIComponent(socketFolder)}`
  await dumpDatabase(url).catch(() => {})
}
