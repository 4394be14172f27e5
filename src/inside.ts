/** The gateway as its own client: past the listener, whose certificate and whose clients' ones are for others. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HttpServer } from '#http/server.ts'

/** How long the last answer may take to leave. */
const graceMs = 1_000

/** Listens on a socket file that only this user reaches; gives the way there. */
export const openInside = async (server: HttpServer, parts: AsyncDisposableStack): Promise<typeof fetch> => {
  const folder = await mkdtemp(join(tmpdir(), 'lakegate-inside-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'socket')
  await server.listen({ path: socketPath })
  parts.defer(() => server.stop(graceMs))
  const { Agent, fetch: ask } = await import('undici')
  const dispatcher = new Agent({ connect: { socketPath } })
  parts.defer(() => dispatcher.close())
  const fetchInside = (url: string | URL, init: object): unknown => {
    const { pathname, search } = new URL(url)
    return ask(`http://localhost${pathname}${search}`, { ...init, dispatcher })
  }
  return fetchInside as typeof fetch
}
