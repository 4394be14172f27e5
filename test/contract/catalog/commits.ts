/** Commits to one table and transactions over several: the contract under conflict, race and bad input. */
import { describe, expect, it } from 'vitest'
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, type Identifier } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import {
  bodyOf,
  commitBody,
  createNamespace,
  createTable,
  expectRefusal,
  freshName,
  loadTable,
  metadataOf,
  newCall,
  propertiesOf,
  type Subject,
  setProperties,
} from './kit.ts'

const addField = (name: string, id: number): readonly unknown[] => [
  {
    action: 'add-schema',
    schema: {
      type: 'struct',
      'schema-id': 1,
      fields: [
        { id: 1, name: 'id', required: true, type: 'long' },
        { id: 2, name: 'data', required: false, type: 'string' },
        { id, name, required: false, type: 'int' },
      ],
    },
    'last-column-id': id,
  },
  { action: 'set-current-schema', 'schema-id': -1 },
]

const describeCommit = (subject: Subject): void => {
  const { traits } = subject
  const commit = (id: Identifier, updates: readonly unknown[], requirements: readonly unknown[] = []) =>
    subject.catalog.tables.commit(newCall(), id, commitBody(updates, requirements))

  describe('commits', () => {
    it('change the table, its version and its metadata location', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const answer = await commit(id, [setProperties({ a: '1' })])
      const after = await loadTable(subject, id)
      expect(metadataOf(answer)).toEqual(metadataOf(after))
      expect(answer.metadataLocation).toBe(after.metadataLocation)
      expect(after.metadataLocation).not.toBe(before.metadataLocation)
      expect(after.version).not.toBe(before.version)
      expect(propertiesOf(after)).toMatchObject({ a: '1' })
      expect(metadataOf(after)['metadata-log']).toMatchObject([{ 'metadata-file': before.metadataLocation }])
    })

    it('take requirements that are null, as real clients send them', async () => {
      const id = await createTable(subject)
      await subject.catalog.tables.commit(
        newCall(),
        id,
        bodyOf({ requirements: null, updates: [setProperties({ a: '1' })] }),
      )
      expect(propertiesOf(await loadTable(subject, id))).toMatchObject({ a: '1' })
    })

    it('to a missing table say so', async () => {
      const id = { namespace: await createNamespace(subject), name: 'missing' }
      await expectRefusal(
        commit(id, [setProperties({ a: '1' })]),
        'NoSuchTableException',
        `Table does not exist: ${formatIdentifier(id)}`,
      )
    })

    it('whose requirement does not hold change nothing', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      await expectRefusal(
        commit(
          id,
          [setProperties({ a: '1' })],
          [{ type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' }],
        ),
        'CommitFailedException',
        /^(Commit failed: )?Requirement failed: UUID does not match/,
      )
      await expectRefusal(
        commit(
          id,
          [setProperties({ a: '1' })],
          [{ type: 'assert-current-schema-id', 'current-schema-id': 9 }],
        ),
        'CommitFailedException',
        'Requirement failed: current schema changed',
      )
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })

    it.skipIf(!traits.refusesUnknownKinds)('of an unknown kind are refused and change nothing', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const refusals = ['BadRequestException', 'IllegalArgumentException', 'ValidationException'] as const
      await expectRefusal(commit(id, [{ action: 'do-magic' }]), refusals)
      await expectRefusal(commit(id, [setProperties({ a: '1' })], [{ type: 'assert-magic' }]), refusals)
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })

    it.skipIf(!traits.recognisesNoOps)('that change nothing write nothing', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const answer = await commit(id, [{ action: 'set-current-schema', 'schema-id': 0 }])
      expect(answer.metadataLocation).toBe(before.metadataLocation)
      expect((await loadTable(subject, id)).version).toBe(before.version)
    })

    it('prepared on one state both stand while their requirements hold', async () => {
      const id = await createTable(subject)
      const uuid = metadataOf(await loadTable(subject, id))['table-uuid']
      const same = [{ type: 'assert-table-uuid', uuid }]
      await commit(id, [setProperties({ first: '1' })], same)
      await commit(id, [setProperties({ second: '2' })], same)
      expect(propertiesOf(await loadTable(subject, id))).toMatchObject({ first: '1', second: '2' })
    })

    it('that evolve one schema twice: the second is refused', async () => {
      const id = await createTable(subject)
      const unchanged = [
        { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 },
        { type: 'assert-current-schema-id', 'current-schema-id': 0 },
      ]
      await commit(id, addField('mine', 3), unchanged)
      await expectRefusal(
        commit(id, addField('yours', 3), unchanged),
        'CommitFailedException',
        'Requirement failed: last assigned field id changed',
      )
    })

    it('that race on one ref have one winner', async () => {
      const id = await createTable(subject)
      const location = String(metadataOf(await loadTable(subject, id))['location'])
      const append = (snapshotId: number) =>
        commit(
          id,
          [
            {
              action: 'add-snapshot',
              snapshot: {
                'snapshot-id': snapshotId,
                'sequence-number': 1,
                'timestamp-ms': Date.now(),
                'manifest-list': `${location}/metadata/snap-${snapshotId}.avro`,
                summary: { operation: 'append' },
                'schema-id': 0,
              },
            },
            { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
          ],
          [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null }],
        )
      const outcomes = await Promise.allSettled(
        Array.from({ length: traits.writers }, (_, i) => append(100 + i)),
      )
      const won = outcomes.flatMap((o, i) => (o.status === 'fulfilled' ? [100 + i] : []))
      expect(won).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason).toMatchObject({ type: 'CommitFailedException' })
      const snapshots = metadataOf(await loadTable(subject, id))['snapshots'] as readonly JsonObject[]
      expect(snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual(won)
    })

    it.skipIf(!traits.rebases)('that race without a conflict are all there afterwards', async () => {
      const id = await createTable(subject)
      const keys = Array.from({ length: traits.writers }, (_, i) => `writer-${i}`)
      await Promise.all(keys.map((key) => commit(id, [setProperties({ [key]: 'yes' })])))
      expect(Object.keys(propertiesOf(await loadTable(subject, id)))).toEqual(expect.arrayContaining(keys))
    })

    it('of a call that was given up before it began change nothing', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const gone = AbortSignal.abort(new Error('the client went away'))
      await expect(
        subject.catalog.tables.commit(newCall({ signal: gone }), id, commitBody([setProperties({ a: '1' })])),
      ).rejects.toThrow()
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })

    it('that a gate refuses change nothing, and the gate is asked about the very change', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const asked: string[] = []
      const inspect: NonNullable<ReturnType<typeof newCall>['inspect']> = async (candidate) => {
        asked.push(
          `${candidate.kind} ${formatIdentifier(candidate.identifier)} ${JSON.stringify(candidate.request)}`,
        )
        throw new CatalogError('BadRequestException', 'refused by clause 7')
      }
      await expectRefusal(
        subject.catalog.tables.commit(
          newCall({ inspect }),
          id,
          commitBody([setProperties({ forbidden: 'yes' })]),
        ),
        'BadRequestException',
        'clause 7',
      )
      expect(asked).toHaveLength(1)
      expect(asked[0]).toContain(`table ${formatIdentifier(id)}`)
      expect(asked[0]).toContain('forbidden')
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })
  })

  describe('metrics', () => {
    it('are taken for a table that exists', async () => {
      const { reportMetrics } = subject.catalog.tables
      if (reportMetrics === undefined) return
      const id = await createTable(subject)
      const report = bodyOf({
        'report-type': 'commit-report',
        'table-name': id.name,
        'snapshot-id': 1,
        'sequence-number': 1,
        operation: 'append',
        metrics: {},
      })
      await reportMetrics(newCall(), id, report)
    })
  })
}

const describeTransactions = (subject: Subject): void => {
  const { traits } = subject
  const transact = (changes: readonly { id: Identifier; updates: unknown[]; requirements?: unknown[] }[]) => {
    if (subject.catalog.transactions === undefined) throw new Error('the catalog has no transactions')
    const body = bodyOf({
      'table-changes': changes.map(({ id, updates, requirements = [] }) => ({
        identifier: { namespace: id.namespace, name: id.name },
        requirements,
        updates,
      })),
    })
    const parsed = body.json['table-changes'] as readonly JsonObject[]
    return subject.catalog.transactions.commit(
      newCall(),
      parsed.map((change, i) => ({
        id: changes[i]!.id,
        requirements: change['requirements'] as readonly JsonObject[],
        updates: change['updates'] as readonly JsonObject[],
      })),
      body,
    )
  }

  describe('transactions', () => {
    it('change several tables at once, across namespaces', async () => {
      if (subject.catalog.transactions === undefined) return
      const ids = [await createTable(subject), await createTable(subject)]
      await transact(ids.map((id) => ({ id, updates: [setProperties({ by: 'transaction' })] })))
      for (const id of ids)
        expect(propertiesOf(await loadTable(subject, id))).toMatchObject({ by: 'transaction' })
    })

    it.skipIf(!traits.atomicTransactions)('change no table when one requirement does not hold', async () => {
      if (subject.catalog.transactions === undefined) return
      const ids = [await createTable(subject), await createTable(subject)]
      const before = await Promise.all(ids.map((id) => loadTable(subject, id)))
      await expectRefusal(
        transact([
          { id: ids[0]!, updates: [setProperties({ a: '1' })] },
          {
            id: ids[1]!,
            updates: [setProperties({ a: '1' })],
            requirements: [{ type: 'assert-current-schema-id', 'current-schema-id': 7 }],
          },
        ]),
        'CommitFailedException',
        'Requirement failed: current schema changed',
      )
      const after = await Promise.all(ids.map((id) => loadTable(subject, id)))
      expect(after.map((l) => l.metadataLocation)).toEqual(before.map((l) => l.metadataLocation))
    })

    it('change no table when one is missing', async () => {
      if (subject.catalog.transactions === undefined) return
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      await expectRefusal(
        transact([
          { id, updates: [setProperties({ a: '1' })] },
          { id: { ...id, name: freshName('missing') }, updates: [setProperties({ a: '1' })] },
        ]),
        'NoSuchTableException',
      )
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })

    it.skipIf(!traits.atomicTransactions)('that race leave the tables in step', async () => {
      if (subject.catalog.transactions === undefined) return
      const ids = [await createTable(subject), await createTable(subject)]
      await Promise.allSettled(
        Array.from({ length: traits.writers }, (_, i) => {
          const updates = [setProperties({ last: String(i), [`w${i}`]: 'yes' })]
          const changes = ids.map((id) => ({ id, updates }))
          return transact(i % 2 === 0 ? changes : changes.reverse())
        }),
      )
      const [first, second] = await Promise.all(
        ids.map(async (id) => propertiesOf(await loadTable(subject, id))),
      )
      expect(first).toEqual(second)
    })
  })
}

export const describeCommits = (subject: Subject): void => {
  describeCommit(subject)
  describeTransactions(subject)
}
