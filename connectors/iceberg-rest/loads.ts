/**
 * Loads of tables and views. A document that the upstream gave a tag for is kept and asked about with that tag
 * each time: it is the upstream's answer, so it is known by this connection, the identifier and the mode alone,
 * never by what it claims to be (its location or uuid).
 */
import { LRUCache } from 'lru-cache'
import type { CallContext, Loaded, LoadOptions, Relations } from '#catalog/catalog.ts'
import { isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import { checkWanted } from './changes.ts'
import type { Ask, Upstream } from './client.ts'
import { createSharedRuns } from './joined-runs.ts'
import { readLoaded, tagOfVersion } from './loaded.ts'
import { relationPath } from './paths.ts'
import { read } from './reads.ts'
import { unreadableError } from './translate.ts'
import { expectOne, type Words } from './words.ts'

const keptBytes = 32 * 1024 * 1024
const largestKept = 2 * 1024 * 1024
/** Requests for one document at the same time; with these on their way, callers gather for the next one. */
const atOnce = 2

interface Question {
  readonly id: Identifier
  readonly snapshots: LoadOptions['snapshots']
  /** What the answer is asked against: a version that is kept here or by the caller. */
  readonly version?: string | undefined
}

interface Wording extends Question {
  readonly words: Words
}

const askOf = async (upstream: Upstream, context: CallContext, question: Wording): Promise<Ask> => {
  const { words, id } = question
  const expect = expectOne(words, id)
  const path = await relationPath(upstream, context, { space: words.space, id, expect })
  const tag = tagOfVersion(question.version)
  const refs = words.kind === 'table' && question.snapshots === 'refs'
  return {
    method: 'GET',
    path: refs ? `${path}?snapshots=refs` : path,
    change: false,
    ...(tag === undefined ? {} : { headers: { 'if-none-match': tag } }),
  }
}

const sizeOf = ({ metadata }: Loaded): number =>
  metadata.reduce((sum, { byteLength }) => sum + byteLength, 1024)

/** Requests that came another way round may end otherwise: they share nothing. */
const keyOf = (context: CallContext, { namespace, name }: Identifier, { snapshots }: LoadOptions): string =>
  JSON.stringify([snapshots, name, namespace, context.hops ?? []])

/** One request: `not-modified` only where a version was asked against. */
const ask = async (
  upstream: Upstream,
  context: CallContext,
  request: Wording,
): Promise<Loaded | 'not-modified'> => {
  const { words, id } = request
  const response = await read(upstream, context, {
    ask: await askOf(upstream, context, request),
    expect: expectOne(words, id),
  })
  if (response.status === 304) return 'not-modified'
  const { config } = await upstream.session()
  const loaded = await readLoaded(upstream.connection, response, config)
  if (loaded.metadataLocation === undefined)
    throw unreadableError(upstream.connection, 'it names no metadata location')
  return loaded
}

export interface Loads {
  /** The member of the port; one request of ours is at most one of the upstream's. */
  readonly load: Relations['load']
  /** What was last loaded whole, without asking; undefined where nothing is kept. */
  readonly kept: (context: CallContext, id: Identifier) => Loaded | undefined
}

export const createLoads = (upstream: Upstream, words: Words): Loads => {
  const kept = new LRUCache<string, Loaded>({
    maxSize: keptBytes,
    maxEntrySize: largestKept,
    sizeCalculation: sizeOf,
  })
  const runs = createSharedRuns<Loaded>(atOnce)

  const keep = (key: string, loaded: Loaded): Loaded => {
    if (tagOfVersion(loaded.version) === undefined) kept.delete(key)
    else kept.set(key, loaded)
    return loaded
  }

  const validate = async (key: string, context: CallContext, question: Question): Promise<Loaded> => {
    const known = kept.get(key)
    try {
      const answer = await ask(upstream, context, { ...question, words, version: known?.version })
      if (answer !== 'not-modified') return keep(key, answer)
      if (known !== undefined) return known
    } catch (error) {
      if (isCatalogError(error, words.missing)) kept.delete(key)
      throw error
    }
    throw unreadableError(upstream.connection, 'it is not modified, but nothing was asked against')
  }

  const load: Relations['load'] = async (context, id, options) => {
    checkWanted(context)
    const key = keyOf(context, id, options)
    const question = { id, snapshots: options.snapshots }
    if (!kept.has(key) && tagOfVersion(options.unlessVersion) !== undefined) {
      const answer = await ask(upstream, context, { ...question, words, version: options.unlessVersion })
      return answer === 'not-modified' ? answer : keep(key, answer)
    }
    const loaded = await runs
      .join(key, context.signal, (signal) => validate(key, { ...context, signal }, question))
      .catch((error: unknown) => {
        checkWanted(context)
        throw error
      })
    return loaded.version === options.unlessVersion ? 'not-modified' : loaded
  }
  return { load, kept: (context, id) => kept.get(keyOf(context, id, { snapshots: 'all' })) }
}
