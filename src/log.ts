/** One line of JSON an event, on standard error. */
import { pino } from 'pino'

export type Log = (event: string, detail: Readonly<Record<string, unknown>>) => void

export interface Logs {
  readonly info: Log
  readonly warn: Log
  readonly error: Log
}

/** Names under which a secret might come; they are never written, whatever holds them. */
const redacted = [
  'authorization',
  'token',
  'password',
  'client-secret',
  'secret-access-key',
  'url',
  'connectionString',
]

export const createLogs = (level: string): Logs => {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      serializers: { error: pino.stdSerializers.err },
      redact: { paths: redacted.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '***' },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  const at =
    (severity: 'info' | 'warn' | 'error'): Log =>
    (event, detail) =>
      logger[severity]({ event, ...detail })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
