/** Negotiates and applies compression of answers. */

import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  zstdCompress,
} from 'node:zlib'

export interface Coding {
  readonly name: 'zstd' | 'gzip' | 'br'
  /** Off the event loop. */
  readonly whole: (bytes: Uint8Array) => Promise<Uint8Array>
  readonly stream: () => Transform
}

/** Below this, headers and time cost more than the bytes saved. */
export const smallestCompressed = 1024

const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
const gzipOptions = { level: 4 }

/** In order of preference where a client likes several equally: by speed at equal size. */
const codings: readonly Coding[] = [
  {
    name: 'zstd',
    whole: promisify<Uint8Array, Uint8Array>(zstdCompress),
    stream: () => createZstdCompress(),
  },
  {
    name: 'gzip',
    whole: (bytes) => promisify(gzip)(bytes, gzipOptions),
    stream: () => createGzip(gzipOptions),
  },
  {
    name: 'br',
    whole: (bytes) => promisify(brotliCompress)(bytes, brotliOptions),
    stream: () => createBrotliCompress(brotliOptions),
  },
]

const weightsOf = (header: string): ReadonlyMap<string, number> => {
  const weights = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((one) => one.trim())
    const q = parameters.find((one) => one.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    weights.set(name === 'x-gzip' ? 'gzip' : name, Number.isNaN(weight) ? 0 : weight)
  }
  return weights
}

/** The coding that the client likes best (RFC 9110, 12.5.3); undefined: send it plain. */
export const chooseCoding = (header: string | string[] | undefined): Coding | undefined => {
  if (typeof header !== 'string' || header === 'identity') return undefined
  const weights = weightsOf(header)
  const weightOf = ({ name }: Coding): number => weights.get(name) ?? weights.get('*') ?? 0
  let best: Coding | undefined
  for (const coding of codings) if (weightOf(coding) > (best ? weightOf(best) : 0)) best = coding
  return best
}
