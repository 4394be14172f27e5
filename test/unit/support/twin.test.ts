import { describe, expect, test } from 'vitest'
import { type JsonObject, parseJsonObject } from '../../../src/model/json.ts'
import { acceptedDifferences } from '../../support/twin/accepted.ts'
import { differences, outcomeOf } from '../../support/twin/compare.ts'
import { spoil } from '../../support/twin/mutate.ts'
import { createRandom } from '../../support/twin/random.ts'
import { runTwin } from '../../support/twin/run.ts'
import type { Answer, Side } from '../../support/twin/side.ts'

const startedAt = 1_700_000_000_000

const side = (name: string, send: Side['send'] = async () => ({ status: 204, body: undefined })): Side => ({
  name,
  root: `file:///${name}`,
  bindings: new Map([['given:o', `file:///${name}/tables/${name}-o`]]),
  send,
})
const [a, b] = [side('a'), side('b')]

const metadata = (name: string, over: JsonObject = {}): JsonObject => ({
  'metadata-location': `file:/${name}/tables/${name}-o/metadata/00001-${crypto.randomUUID()}.metadata.json`,
  metadata: {
    'table-uuid': crypto.randomUUID(),
    location: `file:/${name}/tables/${name}-o`,
    'last-updated-ms': startedAt + Math.floor(Math.random() * 1000),
    'snapshot-log': [{ 'timestamp-ms': 5, 'snapshot-id': 9_007_199_254_740_993n }],
    ...over,
  },
  config: { of: name },
})

const compare = (left: Answer, right: Answer) =>
  differences(outcomeOf(a, left, startedAt), outcomeOf(b, right, startedAt))

const refusal = (status: number, type: string, message = ''): Answer => ({
  status,
  body: parseJsonObject(JSON.stringify({ error: { code: status, type, message } })),
})

describe('the comparison', () => {
  test('does not see uuids, times of the run, paths and config', () => {
    expect(compare({ status: 200, body: metadata('a') }, { status: 200, body: metadata('b') })).toEqual([])
  })

  test.each<[string, JsonObject]>([
    ['a uuid that the client chose', { 'table-uuid': 'c1e47000-0000-4000-8000-000000000000' }],
    ['a time long ago', { 'last-updated-ms': 5 }],
    ['another path', { location: 'file:/b/elsewhere' }],
    [
      'the last digit of an id',
      { 'snapshot-log': [{ 'timestamp-ms': 5, 'snapshot-id': 9_007_199_254_740_992n }] },
    ],
    ['a member more', { more: null }],
  ])('sees %s', (_what, over) => {
    const found = compare({ status: 200, body: metadata('a') }, { status: 200, body: metadata('b', over) })
    expect(found).toHaveLength(1)
  })

  test('sees another file number', () => {
    const later = {
      ...metadata('b'),
      'metadata-location': 'file:/b/tables/b-o/metadata/00002-x.metadata.json',
    }
    expect(compare({ status: 200, body: metadata('a') }, { status: 200, body: later })).toHaveLength(1)
  })

  test('sees another status or error type, and no other message', () => {
    const error = refusal(409, 'CommitFailedException', 'one')
    expect(compare(error, refusal(409, 'CommitFailedException', 'two'))).toEqual([])
    expect(compare(error, refusal(409, 'AlreadyExistsException', 'one'))).toHaveLength(1)
    expect(compare(error, refusal(400, 'CommitFailedException', 'one'))).toHaveLength(1)
    expect(compare(error, { status: 204, body: undefined })).toHaveLength(1)
  })
})

describe('the generator', () => {
  const record = async (seed: number): Promise<string[]> => {
    const sent: string[] = []
    const send = async ({ name, path }: { name: string; path: unknown }): Promise<Answer> => {
      sent.push(`${name} ${JSON.stringify(path)}`)
      return { status: 404, body: undefined }
    }
    const run = { reference: side('a', send), other: side('b'), seed, requests: 200, accepted: [] }
    await runTwin({ ...run, other: side('b', async () => ({ status: 404, body: undefined })) })
    return sent
  }

  test('sends the same for the same seed, and another seed sends other requests', async () => {
    const first = await record(7)
    expect(first.length).toBeGreaterThanOrEqual(200)
    expect(await record(7)).toEqual(first)
    expect(await record(8)).not.toEqual(first)
  })

  test('spoils one place of a body', () => {
    const body = { name: 'kept', schema: { fields: [{ id: 1 }] }, where: '@root@/x' }
    for (let seed = 0; seed < 50; seed++) {
      const spoiled = spoil(createRandom(seed), body)
      expect(spoiled?.body).not.toEqual(body)
      expect(spoiled?.body).toMatchObject({ name: 'kept', where: '@root@/x' })
    }
  })
})

describe('a run', () => {
  const wrong = side('b', async () => refusal(418, 'TeapotException'))
  const right = side('a', async () => refusal(404, 'NoSuchNamespaceException'))

  test('finds a server that answers otherwise', async () => {
    const report = await runTwin({
      reference: right,
      other: wrong,
      seed: 1,
      requests: 50,
      accepted: acceptedDifferences,
    })
    expect(report.findings).toHaveLength(report.sent)
  })

  test.each([500, 503])('accepts no %i, whatever the reference answers', async (status) => {
    const answers = [
      refusal(500, 'NullPointerException'),
      refusal(406, 'UnsupportedOperationException'),
      refusal(400, 'ValidationException', 'Cannot set metadata location with changes'),
    ]
    for (const answer of answers) {
      const run = { seed: 1, requests: 50, accepted: acceptedDifferences }
      const reference = side('a', async () => answer)
      const other = side('b', async () => refusal(status, 'NoSuchTableException'))
      const report = await runTwin({ ...run, reference, other })
      expect(report.findings).toHaveLength(report.sent)
    }
  })

  test('takes two faults that only begin alike for two, and one fault under two types for a difference', async () => {
    const runOf = (reference: string, other: string) =>
      runTwin({
        reference: side('a', async () => refusal(400, 'ValidationException', reference)),
        other: side('b', async () => refusal(400, 'IllegalArgumentException', other)),
        ...{ seed: 1, requests: 50, accepted: acceptedDifferences },
      })
    const [ref, order] = ['Cannot set dev to unknown snapshot: 3', 'Cannot set default sort order to 17']
    expect((await runOf(ref, order)).findings).toEqual([])
    const one = await runOf(ref, ref)
    expect(one.findings).toHaveLength(one.sent)
  })

  test('finds nothing where both answer alike', async () => {
    const report = await runTwin({ reference: right, other: right, seed: 1, requests: 50, accepted: [] })
    expect(report.findings).toEqual([])
  })
})
