/** Encryption of the listener. */
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { Caller } from '#gateway/operation.ts'

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

export type ClientCertificate = NonNullable<ReturnType<NonNullable<Caller['certificate']>>>

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

/** A connection may be older than the certificate that it began with is valid. */
const isOver = (validTo: string): boolean => !(Date.parse(validTo) > Date.now())

/** That the client has shown, if it is of the listed authorities and valid now. */
export const certificateOf = (socket: Socket): ClientCertificate | undefined => {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  // Of a client that has gone there is none, which the types do not say.
  const { subject, fingerprint256, valid_to: validTo } = socket.getPeerCertificate() ?? {}
  if (fingerprint256 === undefined || isOver(validTo)) return undefined
  const name: unknown = subject.CN
  return {
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    commonName: typeof name === 'string' ? name : undefined,
  }
}

/** From here on new connections see these; those that are open stay as they are. Throws as `checkTls` does. */
export const renew = (server: Server, options: TlsOptions): void => {
  server.setSecureContext(contextOf(options))
}
