/**
 * The way to Redis: one connection, opened and kept in the background. Nobody waits for one that is not there, and what
 * is asked is answered or given up within a bounded time.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisAddress } from './redis-address.ts'

/** Runs as one step at the server. */
export interface Script {
  readonly text: string
  readonly digest: string
}

export const scriptOf = (text: string): Script => ({
  text,
  digest: createHash('sha1').update(text).digest('hex'),
})

export interface Redis extends AsyncDisposable {
  /** False while no connection stands: whoever can do without it does not ask. */
  reachable(): boolean
  /** The answer of a script on one key. Rejects where there is no connection, no answer in time, or one of an error. */
  run(script: Script, key: string, values: readonly string[]): Promise<unknown>
}

export interface RedisDeps {
  /** Asked before each connection, so that a password that has changed is taken up. */
  readonly address: () => Promise<RedisAddress>
  /** Told when the connection is lost or cannot be made, once for each reason, and when it stands again. No secret is in it. */
  readonly report: (event: 'redis.lost' | 'redis.regained', detail: { readonly error?: string }) => void
  /** Of one answer. Default 250 ms: a request may wait so long, once. */
  readonly answerMs?: number
}

const connectMs = 2_000
const pauses = { first: 250, longest: 5_000 }

const open = async ({ host, port, tls, username, password, database }: RedisAddress) => {
  // Loaded where Redis is configured only: it takes 28 MB and a tenth of a second.
  const { createClient } = await import('@redis/client')
  const socket = { host, port, connectTimeout: connectMs, reconnectStrategy: false } as const
  return createClient({
    socket: tls ? { ...socket, tls: true, ...tls } : socket,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    // What every server and proxy speaks, and no command besides our own.
    ...{ RESP: 2, disableClientInfo: true, maintNotifications: 'disabled', disableOfflineQueue: true },
    commandsQueueMaxLength: 10_000,
  })
}

type Client = Awaited<ReturnType<typeof open>>

interface Connection {
  readonly client: Client
  /** Gives it up: another one is opened. */
  readonly lose: (error: unknown) => void
}

const thrown = (error: unknown): never => {
  throw error
}

const close = (client: Client): void => {
  if (client.isOpen) client.destroy()
}

/** The answer counts also where it lay in the socket while this process was busy: it is read before we give up. */
const within = <T>(milliseconds: number, work: Promise<T>): Promise<T> => {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const late = setTimeout(() => setImmediate(reject, new Error('no answer in time')), milliseconds)
  work.then(resolve, reject)
  return promise.finally(() => clearTimeout(late))
}

/** A script that failed is the script's matter; one at a server that may not write any more is the connection's. */
const isAnswer = (error: unknown): boolean =>
  error instanceof Error && /^[A-Z]+ /.test(error.message) && !/^(READONLY|MASTERDOWN) /.test(error.message)

const wordsOf = (error: unknown, password: string | undefined): string => {
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  const words = message || code || 'the connection has ended'
  // Servers repeat the words of a command that they do not know, `AUTH` among them.
  return password === undefined ? words : words.replaceAll(password, '***')
}

const evaluate = async (client: Client, script: Script, ask: { keys: string[]; arguments: string[] }) => {
  try {
    return await client.evalSha(script.digest, ask)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
      return await client.eval(script.text, ask)
    throw error
  }
}

/** Each reason is told once, until the connection stands again. */
const createTelling = ({ report }: RedisDeps) => {
  let told: string | undefined
  return {
    lost: ({ error, password }: Ended): void => {
      const words = wordsOf(error, password)
      if (told !== words) report('redis.lost', { error: words })
      told = words
    },
    regained: (): void => {
      if (told !== undefined) report('redis.regained', {})
      told = undefined
    },
  }
}

interface Ended {
  readonly error: unknown
  /** That it was tried with. */
  readonly password?: string | undefined
  readonly stood: boolean
}

interface Serving {
  readonly address: RedisAddress
  readonly ending: AbortSignal
  /** Undefined: it stands no more. */
  readonly stands: (connection: Connection | undefined) => void
}

/** A server that hangs takes connections all the same: one stands when something has been answered on it. */
const greet = async (client: Client): Promise<void> => {
  await client.connect()
  try {
    await client.ping()
  } catch (error) {
    // Who may not ask this has been answered, too.
    if (!(error instanceof Error && error.message.startsWith('NOPERM'))) throw error
  }
}

/** Resolves with the reason when a connection that stood is gone; rejects where none came about. */
const serve = async ({ address, ending, stands }: Serving): Promise<unknown> => {
  const client = await open(address)
  const { promise: gone, resolve: lose } = Promise.withResolvers<unknown>()
  const end = (): void => lose(new Error('the connection has ended'))
  client.on('error', lose)
  client.on('end', end)
  ending.addEventListener('abort', end, { once: true })
  if (ending.aborted) end()
  try {
    await Promise.race([within(connectMs, greet(client)), gone.then(thrown)])
    stands({ client, lose })
    return await gone
  } finally {
    stands(undefined)
    ending.removeEventListener('abort', end)
    close(client)
  }
}

/** Returns at once; the connection comes when it comes. */
export const openRedis = (deps: RedisDeps): Redis => {
  const { answerMs = 250 } = deps
  const ending = new AbortController()
  const { signal } = ending
  const telling = createTelling(deps)
  let current: Connection | undefined
  const stands = (connection: Connection | undefined): void => {
    current = connection
    if (connection) telling.regained()
  }
  const connect = async (): Promise<Ended> => {
    let password: string | undefined
    try {
      const address = await deps.address()
      password = address.password
      return { error: await serve({ address, ending: signal, stands }), password, stood: true }
    } catch (error) {
      return { error, password, stood: false }
    }
  }
  const keep = async (): Promise<void> => {
    let pause = pauses.first
    while (!signal.aborted) {
      const ended = await connect()
      if (!signal.aborted) telling.lost(ended)
      pause = ended.stood ? pauses.first : Math.min(pause * 2, pauses.longest)
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }
  const kept = keep()
  return {
    reachable: () => current !== undefined,
    run: async (script, key, values) => {
      const connection = current
      if (connection === undefined) throw new Error('no connection to Redis')
      const ask = { keys: [key], arguments: [...values] }
      try {
        return await within(answerMs, evaluate(connection.client, script, ask))
      } catch (error) {
        if (!isAnswer(error)) connection.lose(error)
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort()
      await kept
    },
  }
}
