/** The certificate of the listener: read where the configuration points, and again when it has been renewed. */
import type { TlsOptions } from '#http/tls.ts'
import { checkTls } from '#http/tls.ts'
import { CatalogError } from '#model/errors.ts'
import type { TlsConfig } from './config.ts'
import type { SecretResolver } from './secrets.ts'

const lookAgainMs = 10_000

const readTls = async (config: TlsConfig, secret: SecretResolver): Promise<TlsOptions> => {
  const { certificate, key, clientCa, clientCertificates } = config
  return {
    certificate: await secret(certificate),
    key: await secret(key),
    ...(clientCa === undefined
      ? {}
      : { clients: { authorities: await secret(clientCa), required: clientCertificates === 'required' } }),
  }
}

/** BadRequest for what cannot be read, is no certificate, or has another key. */
export const loadTls = async (config: TlsConfig, secret: SecretResolver): Promise<TlsOptions> => {
  const options = await readTls(config, secret)
  try {
    checkTls(options)
    return options
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable'
    throw new CatalogError('BadRequestException', `server.tls: no valid certificate and key: ${why}`, {
      cause,
    })
  }
}

export interface TlsWatch {
  readonly config: TlsConfig
  readonly secret: SecretResolver
  /** What is in force. */
  readonly current: TlsOptions
  readonly renew: (options: TlsOptions) => void
  /** Told of what cannot be taken up; what was in force stays so. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** Looks at the contents, not at the times of files: a mounted secret is renewed by moving a link. */
export const watchTls = ({ config, secret, current, renew, onFailure, everyMs }: TlsWatch): Disposable => {
  let known = JSON.stringify(current)
  let looking = false
  const look = async (): Promise<void> => {
    const options = await loadTls(config, secret)
    const found = JSON.stringify(options)
    if (found === known) return
    renew(options)
    known = found
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch(onFailure)
      .finally(() => {
        looking = false
      })
  }, everyMs ?? lookAgainMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
