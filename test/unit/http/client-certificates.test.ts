import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { certificateOf } from '#http/tls.ts'

const fingerprint256 = Array.from({ length: 32 }, () => 'AB').join(':')
const shown = { subject: { CN: 'trino' }, fingerprint256, valid_to: 'Jan  1 00:00:00 2099 GMT' }

const socketOf = (certificate: object, authorized = true): TLSSocket =>
  Object.assign(new TLSSocket(new Socket()), { authorized, getPeerCertificate: () => certificate })

describe('the certificate of a client', () => {
  test('is told by its fingerprint and the one common name of its subject', () => {
    const fingerprint = 'ab'.repeat(32)
    expect(certificateOf(socketOf(shown))).toEqual({ fingerprint, commonName: 'trino' })
    for (const subject of [{}, { CN: ['trino', 'other'] }, { OU: 'trino' }])
      expect(certificateOf(socketOf({ ...shown, subject }))).toEqual({ fingerprint, commonName: undefined })
  })

  test('is none where the listener has verified none', () => {
    expect(certificateOf(new Socket())).toBeUndefined()
    expect(certificateOf(socketOf(shown, false))).toBeUndefined()
    // A session that was taken up again counts as verified, whatever began it.
    expect(certificateOf(socketOf({}))).toBeUndefined()
  })

  test('is none where the client has gone meanwhile', () => {
    // What Node has then, whatever its types say.
    const gone = Object.assign(new TLSSocket(new Socket()), { authorized: true })
    gone.destroy()
    expect(gone.getPeerCertificate()).toBeNull()
    expect(certificateOf(gone)).toBeUndefined()
  })

  test('is none once it is over, though its connection goes on', () => {
    for (const over of ['Jan  1 00:00:00 2020 GMT', '', 'soon'])
      expect(certificateOf(socketOf({ ...shown, valid_to: over }))).toBeUndefined()
  })
})
