/** LISTEN on a connection of its own, taken up again whenever it is lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface Listener extends AsyncDisposable {
  /** False where no direct connection is configured: polling is all there is. */
  readonly active: boolean
}

interface Channel {
  readonly url: string
  readonly name: string
  readonly notify: () => void
}

/** Resolves when the connection is lost or `signal` aborts. */
const listenOnce = async ({ url, name, notify }: Channel, signal: AbortSignal): Promise<void> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true })
  const over = Promise.withResolvers<void>()
  client.on('error', () => over.resolve())
  client.on('end', () => over.resolve())
  client.on('notification', notify)
  signal.addEventListener('abort', () => over.resolve(), { once: true })
  try {
    await client.connect()
    await client.query(`listen ${client.escapeIdentifier(name)}`)
    notify()
    await over.promise
  } catch {
    // The caller tries again.
  } finally {
    client.end().catch(() => {})
  }
}

/** `url` undefined: a listener that never calls. */
export const listen = (url: string | undefined, channel: string, notify: () => void): Listener => {
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (url !== undefined && !stop.signal.aborted) {
      await listenOnce({ url, name: channel, notify }, stop.signal)
      await sleep(1_000, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const done = loop()
  return {
    active: url !== undefined,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
    },
  }
}
