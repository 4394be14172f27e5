/** A way to a Postgres socket that can cut the connection right after COMMIT was passed on: its answer is lost. */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface CuttingProxy extends AsyncDisposable {
  through(url: string): string
  /** The next COMMIT reaches the server; its answer reaches nobody. */
  cutNextCommit(): void
}

const commitMessage = Buffer.from('commit\0')

export const openCuttingProxy = async (socketFolder: string): Promise<CuttingProxy> => {
  const folder = await mkdtemp(join(tmpdir(), 'lakegate-proxy-'))
  let cutting = false
  const server = createServer((client) => {
    const upstream = connect(join(socketFolder, '.s.PGSQL.5432'))
    let cut = false
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', (bytes) => {
      if (cutting && bytes.includes(commitMessage)) {
        cutting = false
        cut = true
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (cut) end()
      else client.write(bytes)
    })
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  await new Promise<void>((ready) => server.listen(join(folder, '.s.PGSQL.5432'), ready))
  return {
    through: (url) => {
      const changed = new URL(url)
      changed.searchParams.set('host', folder)
      return changed.href
    },
    cutNextCommit: () => {
      cutting = true
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise((done) => server.close(done))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
