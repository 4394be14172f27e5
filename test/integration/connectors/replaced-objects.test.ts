/** A table that takes the name of the one that was granted on, while a change of that one is on its way. */
import { describe, expect, it } from 'vitest'
import type { CallContext, Relations } from '#catalog/catalog.ts'
import { createMountTable } from '#catalog/mounts.ts'
import type { ExpectedUuid } from '#model/access.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import {
  answerError,
  answerRaw,
  type Behaviour,
  inTurn,
  type UpstreamCall,
} from '../../support/hostile-upstream.ts'
import { envelope, failureOf, metadata, useRelayBench } from '../../support/relay-bench.ts'

const bench = useRelayBench()

const at = { namespace: ['m', 'db'], name: 't' }
const to = { namespace: ['m', 'db'], name: 'new' }
const expected: readonly ExpectedUuid[] = [
  { uuid: 'u-1', resource: { kind: 'table', warehouse: 'w', mount: 'c', ...at } },
]
const granted = (): CallContext => newCall({ expected })
const table = (uuid: string): Behaviour => answerRaw(200, envelope(metadata().replace('u-1', uuid)))
const gone = answerError(404, 'NoSuchTableException', 'gone')

/** Of what is sent each is done; `looks` are the answers to looks at the table, one after the other. */
const behave = (...looks: readonly Behaviour[]): void => {
  const look = inTurn(...looks)
  bench.upstream.behave((call, response) =>
    (call.method === 'GET' ? (call.url.includes('/new') ? table('u-2') : look) : answerRaw(204, ''))(
      call,
      response,
    ),
  )
}
const sent = (): readonly UpstreamCall[] => bench.upstream.calls.filter(({ method }) => method !== 'GET')
const tables = (): Relations =>
  createMountTable({ mounts: [{ namespace: ['m'], connection: 'c', catalog: bench.catalog }] }).route(
    at.namespace,
  ).catalog.tables

const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  'a drop': () => tables().drop(granted(), at, { purge: false }),
  'a drop with its files': () => tables().drop(granted(), at, { purge: true }),
  'a rename': () => tables().rename(granted(), { source: at, destination: to }),
}

describe('is not met by', () => {
  it.each(Object.entries(changes))('%s that was under way when it came', async (_, change) => {
    behave(table('u-1'), table('u-2'))
    expect((await failureOf(change())).type).toBe('NoSuchTableException')
    expect(sent()).toEqual([])
    expect(bench.tools.intents).toMatchObject([{ state: 'refused' }])
  })

  it.each(Object.entries(changes))(
    '%s, nor is the upstream asked when it is not known what is there',
    async (_, change) => {
      behave(table('u-1'), answerRaw(503, ''))
      expect((await failureOf(change())).status).toBe(429)
      expect(sent()).toEqual([])
    },
  )
})

describe('once it was met', () => {
  it('a rename is told as one of something else, and takes no grants along', async () => {
    behave(table('u-1'))
    const error = await failureOf(tables().rename(granted(), { source: at, destination: to }))
    expect(error).toMatchObject({
      type: 'CommitStateUnknownException',
      cause: { expected: expected[0], found: 'u-2' },
    })
  })

  it('nothing more is found out of a drop', async () => {
    behave(table('u-1'), table('u-1'), gone)
    await tables().drop(granted(), at, { purge: true })
    expect(sent().map(({ url }) => url)).toEqual(['/v1/namespaces/db/tables/t?purgeRequested=true'])
  })
})
