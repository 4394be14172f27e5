/** Certificates as an operator would make them, by the openssl command. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { noteSecret } from './leaks/record.ts'

const openssl = async (...args: readonly string[]): Promise<void> => {
  await promisify(execFile)('openssl', args)
}

export interface Certificate {
  /** Paths and their contents, in PEM. */
  readonly files: { readonly certificate: string; readonly key: string }
  readonly certificate: string
  readonly key: string
}

export interface Authority extends Certificate {
  /** For 127.0.0.1 and localhost; good as a server's and as a client's. */
  issue(name: string): Promise<Certificate>
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const

const read = async (base: string): Promise<Certificate> => {
  const files = { certificate: `${base}.crt`, key: `${base}.key` }
  const [certificate, key] = await Promise.all([
    readFile(files.certificate, 'utf8'),
    readFile(files.key, 'utf8'),
  ])
  noteSecret('private key', key)
  return { files, certificate, key }
}

export const createAuthority = async (folder: string, name = 'authority'): Promise<Authority> => {
  const root = join(folder, name)
  await openssl(
    ...['req', '-x509', ...curve, '-keyout', `${root}.key`, '-out', `${root}.crt`],
    ...['-days', '2', '-subj', `/CN=${name}`],
  )
  const own = await read(root)
  return {
    ...own,
    issue: async (subject) => {
      const base = join(folder, `${name}-${subject}`)
      await openssl(
        'req',
        ...curve,
        '-keyout',
        `${base}.key`,
        '-out',
        `${base}.csr`,
        '-subj',
        `/CN=${subject}`,
      )
      await writeFile(`${base}.ext`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
      await openssl(
        ...['x509', '-req', '-in', `${base}.csr`, '-CA', `${root}.crt`, '-CAkey', `${root}.key`],
        ...['-CAcreateserial', '-out', `${base}.crt`, '-days', '2', '-extfile', `${base}.ext`],
      )
      return read(base)
    },
  }
}
