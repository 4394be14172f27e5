/** The listener with real certificates, spoken to as TLS clients do. */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { Agent, type RequestOptions, request } from 'node:https'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TlsOptions } from '#http/tls.ts'
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts'
import { scratchFolder } from '../support/gateway.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { exchange } from '../support/wire.ts'

let folder: string
let authority: Authority
let own: Certificate

beforeAll(async () => {
  folder = await scratchFolder()
  authority = await createAuthority(folder)
  own = await authority.issue('server')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const withGateway = async (
  tls: TlsOptions,
  use: (gateway: MemoryGateway) => Promise<void>,
): Promise<void> => {
  const gateway = await startMemoryGateway({ edge: { tls } })
  try {
    await use(gateway)
  } finally {
    await gateway.stop()
  }
}

/** The status, over a connection of its own. */
const ask = async (gateway: MemoryGateway, more: RequestOptions = {}): Promise<number | undefined> => {
  const agent = new Agent({ ca: authority.certificate, keepAlive: false })
  const sent = request(`${gateway.origin}/catalog/v1/config`, { agent, ...more })
  sent.end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  return answer.statusCode
}

const shake = async (gateway: MemoryGateway, more: ConnectionOptions = {}): Promise<TLSSocket> => {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', ca: authority.certificate, ...more })
  await once(socket, 'secureConnect')
  return socket
}

/** The serial number of the certificate that a new connection is shown. */
const shown = async (gateway: MemoryGateway): Promise<string> => {
  const socket = await shake(gateway)
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

describe('a listener with a certificate', () => {
  test('answers over TLS, and nothing to who speaks plainly', () =>
    withGateway(own, async (gateway) => {
      expect(await ask(gateway)).toBe(200)
      expect(await exchange(gateway.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')).not.toContain(
        'HTTP/1.1 2',
      )
    }))

  test.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s', (version) =>
    withGateway(own, async (gateway) => {
      const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
      await expect(shake(gateway, old)).rejects.toThrow(/protocol version|alert/i)
    }),
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', (version) =>
    withGateway(own, async (gateway) => {
      const socket = await shake(gateway, { minVersion: version, maxVersion: version })
      expect(socket.getProtocol()).toBe(version)
      socket.destroy()
    }),
  )

  test('shows a renewed certificate to new connections, and keeps those that are open', () =>
    withGateway(own, async (gateway) => {
      const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 })
      expect(await ask(gateway, { agent })).toBe(200)
      const before = await shown(gateway)
      gateway.server.renewTls(await authority.issue('renewed'))
      expect(await shown(gateway)).not.toBe(before)
      expect(await ask(gateway, { agent })).toBe(200)
      agent.destroy()
    }))

  test('keeps what it has when the renewed one does not fit its key', () =>
    withGateway(own, async (gateway) => {
      const before = await shown(gateway)
      const other = await authority.issue('other')
      expect(() => gateway.server.renewTls({ certificate: other.certificate, key: own.key })).toThrow()
      expect(await shown(gateway)).toBe(before)
    }))
})

describe('certificates of clients', () => {
  const of = (required: boolean): TlsOptions => ({
    ...own,
    clients: { authorities: authority.certificate, required },
  })

  test('where they are required, who shows none is not answered', () =>
    withGateway(of(true), async (gateway) => {
      await expect(ask(gateway)).rejects.toThrow()
      const { certificate: cert, key } = await authority.issue('client')
      const agent = new Agent({ ca: authority.certificate, cert, key })
      expect(await ask(gateway, { agent })).toBe(200)
    }))

  test('where they are optional, who shows none is answered', () =>
    withGateway(of(false), async (gateway) => {
      expect(await ask(gateway)).toBe(200)
      const { certificate: cert, key } = await authority.issue('client')
      expect(await ask(gateway, { agent: new Agent({ ca: authority.certificate, cert, key }) })).toBe(200)
    }))

  test.each([true, false])('one of another authority is refused (required: %s)', (required) =>
    withGateway(of(required), async (gateway) => {
      const stranger = await createAuthority(folder, 'stranger')
      const { certificate: cert, key } = await stranger.issue('client')
      const agent = new Agent({ ca: authority.certificate, cert, key })
      await expect(ask(gateway, { agent })).rejects.toThrow()
    }),
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'an authority that is taken away takes the sessions of its clients with it (%s)',
    (version) =>
      withGateway(of(true), async (gateway) => {
        const { certificate: cert, key } = await authority.issue('client')
        const options = { cert, key, minVersion: version, maxVersion: version }
        const first = await shake(gateway, options)
        // From TLS 1.3 on it comes after the handshake.
        let session = first.getSession()
        first.on('session', (given) => {
          session = given
        })
        first.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        first.resume()
        await once(first, 'close')
        expect(session).toBeDefined()
        const other = await createAuthority(folder, 'other-authority')
        gateway.server.renewTls({ ...own, clients: { authorities: other.certificate, required: true } })
        const agent = new Agent({ ca: authority.certificate, ...options, session })
        await expect(ask(gateway, { agent })).rejects.toThrow()
      }),
  )
})
