/** Encryption of the listener. */
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls'

export interface TlsOptions {
  /** PEM: the certificate, and what leads from it to a root. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** Whose certificates clients may show. */
  readonly clients?: {
    /** PEM: one authority or more. */
    readonly authorities: string
    /** Whether who shows none is refused. One that is not of the authorities always is. */
    readonly required: boolean
  }
}

const handshakeTimeoutMs = 10_000

const contextOf = ({ certificate, key, clients }: TlsOptions): SecureContextOptions => ({
  cert: certificate,
  key,
  minVersion: 'TLSv1.2',
  ...(clients ? { ca: clients.authorities } : {}),
})

/** Throws what is wrong with the certificate, its key or the authorities. */
export const checkTls = (options: TlsOptions): void => {
  createSecureContext(contextOf(options))
}

export const serverOptionsOf = (options: TlsOptions) => ({
  ...contextOf(options),
  handshakeTimeout: handshakeTimeoutMs,
  requestCert: options.clients !== undefined,
  rejectUnauthorized: options.clients?.required === true,
})

const isUnknown = (socket: TLSSocket): boolean =>
  !socket.authorized && Object.keys(socket.getPeerCertificate() ?? {}).length > 0

/** Where certificates are optional, a wrong one is no better than where they are required. */
export const refuseUnknown = (server: Server): void => {
  server.on('secureConnection', (socket) => {
    if (isUnknown(socket)) socket.destroy()
  })
}

/** From here on new connections see these; those that are open stay as they are. Throws as `checkTls` does. */
export const renew = (server: Server, options: TlsOptions): void => {
  server.setSecureContext(contextOf(options))
}
