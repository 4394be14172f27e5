/** One connector over a scripted upstream, fresh for each case, and the few documents the cases speak of. */
import { afterEach, beforeEach } from 'vitest'
import { icebergRest } from '../../connectors/iceberg-rest/index.ts'
import type { Body, CallContext, Catalog, Loaded } from '../../src/catalog/catalog.ts'
import { CatalogError } from '../../src/model/errors.ts'
import { parseJsonObject } from '../../src/model/json.ts'
import { newCall, newReceipt } from '../contract/catalog/kit.ts'
import { createTestTools, type TestTools } from './connector-tools.ts'
import { answerRaw, type Behaviour, type HostileUpstream, startHostileUpstream } from './hostile-upstream.ts'

export interface RelayBench {
  readonly upstream: HostileUpstream
  readonly tools: TestTools
  readonly catalog: Catalog
  /** Another connector over the same upstream. */
  open(config?: Readonly<Record<string, unknown>>): Promise<Catalog>
}

const secrets = { 'env:TOKEN': 'canary-bearer', 'env:SECRET': 'canary-client-secret' }

interface Parts {
  readonly upstream: HostileUpstream
  readonly tools: TestTools
  readonly catalog: Catalog
}

const openWith = (parts: Pick<Parts, 'upstream' | 'tools'>, config: Readonly<Record<string, unknown>>) =>
  icebergRest.open(
    { uri: parts.upstream.uri, 'read-timeout-ms': 1000, 'change-timeout-ms': 1000, ...config },
    parts.tools.tools,
  )

/** Set up before and taken down after each case of the file that calls it. */
export const useRelayBench = (): RelayBench => {
  let current: Parts | undefined
  const parts = (): Parts => {
    if (current === undefined) throw new Error('the bench stands only while a case runs')
    return current
  }
  beforeEach(async () => {
    const base = { upstream: await startHostileUpstream(), tools: createTestTools({ secrets }) }
    current = { ...base, catalog: await openWith(base, {}) }
  })
  afterEach(async () => {
    const { upstream, tools, catalog } = parts()
    await catalog[Symbol.asyncDispose]()
    await tools[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })
  return {
    get upstream() {
      return parts().upstream
    },
    get tools() {
      return parts().tools
    },
    get catalog() {
      return parts().catalog
    },
    open: (config = {}) => openWith(parts(), config),
  }
}

export const raw = (text: string): Body => ({ bytes: Buffer.from(text), json: parseJsonObject(text) })
export const id = { namespace: ['db'], name: 't' }
export const all = { snapshots: 'all' } as const

export const metadata = (snapshotIds: readonly string[] = []): string =>
  `{"format-version":2,"table-uuid":"u-1","location":"s3://b/t","last-updated-ms":1,"odd": 1.0,"snapshots":[${snapshotIds
    .map((one) => `{"snapshot-id": ${one} ,"x":{}}`)
    .join(',')}]}`

export const envelope = (document: string, more = ''): string =>
  `{ "metadata-location" : "s3://b/t/metadata/1.json", "metadata":${document}${more}}`

export const answerTable = (snapshotIds: readonly string[] = [], headers = {}): Behaviour =>
  answerRaw(200, envelope(metadata(snapshotIds)), headers)

export const failureOf = async (work: Promise<unknown>): Promise<CatalogError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CatalogError))
    throw new Error('it was not refused as it should be', { cause: error })
  return error
}

export const bytesOf = (loaded: Loaded | 'not-modified'): string =>
  loaded === 'not-modified' ? loaded : Buffer.concat(loaded.metadata).toString()

export const appendBody = (snapshotId: string): Body =>
  raw(
    `{"identifier":{"namespace":["m","db"],"name":"t"},"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":${snapshotId}}}]}`,
  )

/** A call with an idempotency key. */
export const keyed = (): CallContext =>
  newCall({
    receipt: {
      ...newReceipt(),
      idempotency: { scope: 's', key: '0190b5a0-0000-7000-8000-000000000001', digest: 'd' },
    },
  })
