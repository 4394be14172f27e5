/** Creating, loading, listing, dropping, renaming and registering tables: the contract for each. */
import { describe, expect, it } from 'vitest'
import { formatIdentifier, type Identifier } from '#model/identifier.ts'
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
  readPages,
  type Subject,
  setProperties,
  tableBody,
} from './kit.ts'

const nameList = async (subject: Subject, namespace: readonly string[]): Promise<readonly string[]> => {
  const { items } = await readPages((page) => subject.catalog.tables.list(newCall(), namespace, page), 100)
  return items.map((id) => id.name)
}

const describeCreate = (subject: Subject): void => {
  const { traits } = subject

  describe('creating tables', () => {
    it('makes a table that loads, exists and is listed', async () => {
      const namespace = await createNamespace(subject)
      const name = freshName('table')
      const created = await subject.catalog.tables.create(
        newCall(),
        namespace,
        tableBody(name, { properties: { owner: 'ann' } }),
      )
      const loaded = await loadTable(subject, { namespace, name })
      expect(metadataOf(loaded)).toEqual(metadataOf(created))
      expect(loaded.metadataLocation).toBe(created.metadataLocation)
      expect(propertiesOf(loaded)).toMatchObject({ owner: 'ann' })
      expect(metadataOf(loaded)['table-uuid']).toMatch(/^[0-9a-f-]{36}$/)
      await subject.catalog.tables.exists(newCall(), { namespace, name })
      expect(await nameList(subject, namespace)).toEqual([name])
    })

    it('needs the namespace', async () => {
      const namespace = [freshName('missing')]
      await expectRefusal(
        subject.catalog.tables.create(newCall(), namespace, tableBody('t')),
        'NoSuchNamespaceException',
        subject.traits.exactMessages ? `Namespace does not exist: ${namespace[0]}` : String(namespace[0]),
      )
    })

    it('refuses a name that is taken', async () => {
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      await expectRefusal(
        subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name)),
        'AlreadyExistsException',
        `Table already exists: ${formatIdentifier(id)}`,
      )
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })

    it('has one winner when many try at the same time', async () => {
      const namespace = await createNamespace(subject)
      const name = freshName('table')
      const outcomes = await Promise.allSettled(
        Array.from({ length: traits.writers }, () =>
          subject.catalog.tables.create(newCall(), namespace, tableBody(name)),
        ),
      )
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1)
      await loadTable(subject, { namespace, name })
    })

    it('gives every table a place of its own', async () => {
      const namespace = await createNamespace(subject)
      const first = await loadTable(subject, await createTable(subject, namespace))
      const second = await loadTable(subject, await createTable(subject, namespace))
      expect(metadataOf(first)['location']).not.toBe(metadataOf(second)['location'])
    })

    it.skipIf(!traits.freeNames)('keeps any name as it was given', async () => {
      const namespace = await createNamespace(subject)
      for (const name of [
        'a.dot',
        'a/slash',
        'a blank',
        'a%2Fpercent',
        'a+plus',
        'ünïcode 名前',
        "qu'ote",
        'UPPER',
      ]) {
        await subject.catalog.tables.create(newCall(), namespace, tableBody(name))
        await loadTable(subject, { namespace, name })
        expect(await nameList(subject, namespace)).toEqual([name])
        await subject.catalog.tables.drop(newCall(), { namespace, name }, { purge: false })
      }
    })

    it('refuses a request without a schema and changes nothing', async () => {
      const namespace = await createNamespace(subject)
      await expectRefusal(subject.catalog.tables.create(newCall(), namespace, bodyOf({ name: 't' })), [
        'BadRequestException',
        'IllegalArgumentException',
        'ValidationException',
      ])
      expect(await nameList(subject, namespace)).toEqual([])
    })
  })
}

const describeStaged = (subject: Subject): void => {
  const stage = (id: Identifier) =>
    subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name, { 'stage-create': true }))

  /** The updates that a client sends to make a staged table real. */
  const materialise = (id: Identifier, staged: ReturnType<typeof metadataOf>) =>
    subject.catalog.tables.commit(
      newCall(),
      id,
      commitBody(
        [
          { action: 'assign-uuid', uuid: staged['table-uuid'] },
          { action: 'upgrade-format-version', 'format-version': 2 },
          { action: 'add-schema', schema: (staged['schemas'] as readonly unknown[])[0], 'last-column-id': 2 },
          { action: 'set-current-schema', 'schema-id': -1 },
          { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
          { action: 'set-default-spec', 'spec-id': -1 },
          { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
          { action: 'set-default-sort-order', 'sort-order-id': -1 },
          { action: 'set-location', location: staged['location'] },
          setProperties({ staged: 'once' }),
        ],
        [{ type: 'assert-create' }],
      ),
    )

  describe('staged creates', () => {
    it('show nothing until they are committed', async () => {
      const id = { namespace: await createNamespace(subject), name: freshName('staged') }
      const staged = await stage(id)
      expect(staged.metadataLocation).toBeUndefined()
      await expectRefusal(subject.catalog.tables.exists(newCall(), id), 'NoSuchTableException')
      await materialise(id, metadataOf(staged))
      const loaded = await loadTable(subject, id)
      expect(propertiesOf(loaded)).toMatchObject({ staged: 'once' })
      expect(metadataOf(loaded)['location']).toBe(metadataOf(staged)['location'])
      expect(metadataOf(loaded)['metadata-log'] ?? []).toEqual([])
    })

    it('are refused where the table exists', async () => {
      const id = await createTable(subject)
      await expectRefusal(
        stage(id),
        'AlreadyExistsException',
        `Table already exists: ${formatIdentifier(id)}`,
      )
    })

    it('lose to a table that was created in between', async () => {
      const id = { namespace: await createNamespace(subject), name: freshName('staged') }
      const staged = await stage(id)
      await subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name))
      const before = await loadTable(subject, id)
      await expectRefusal(
        materialise(id, metadataOf(staged)),
        ['CommitFailedException', 'AlreadyExistsException'],
        'Requirement failed: table already exists',
      )
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })
  })
}

const describeLoad = (subject: Subject): void => {
  const { traits } = subject

  describe('loading tables', () => {
    it('names the table that is missing, also where the namespace is', async () => {
      const namespace = await createNamespace(subject)
      for (const id of [
        { namespace, name: 'missing' },
        { namespace: [freshName('missing')], name: 't' },
      ]) {
        await expectRefusal(
          loadTable(subject, id),
          'NoSuchTableException',
          `Table does not exist: ${formatIdentifier(id)}`,
        )
        await expectRefusal(subject.catalog.tables.exists(newCall(), id), 'NoSuchTableException')
      }
    })

    it.skipIf(!traits.validatesVersions)('answers not-modified until the table changes', async () => {
      const id = await createTable(subject)
      const { version } = await loadTable(subject, id)
      const again = () =>
        subject.catalog.tables.load(newCall(), id, { snapshots: 'all', unlessVersion: version })
      expect(await again()).toBe('not-modified')
      await subject.catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
      expect(propertiesOf(await again())).toMatchObject({ a: '1' })
    })

    it('can leave out the snapshots that no ref names', async () => {
      const id = await createTable(subject)
      const location = String(metadataOf(await loadTable(subject, id))['location'])
      for (const [i, snapshotId] of [11, 12].entries())
        await subject.catalog.tables.commit(
          newCall(),
          id,
          commitBody([
            {
              action: 'add-snapshot',
              snapshot: {
                'snapshot-id': snapshotId,
                ...(i === 0 ? {} : { 'parent-snapshot-id': 11 }),
                'sequence-number': i + 1,
                'timestamp-ms': Date.now(),
                'manifest-list': `${location}/metadata/snap-${snapshotId}.avro`,
                summary: { operation: 'append' },
                'schema-id': 0,
              },
            },
            { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
          ]),
        )
      const ids = async (snapshots: 'all' | 'refs') => {
        const loaded = await subject.catalog.tables.load(newCall(), id, { snapshots })
        const list = metadataOf(loaded)['snapshots'] as readonly Record<string, unknown>[]
        return list.map((snapshot) => snapshot['snapshot-id'])
      }
      expect(await ids('all')).toEqual([11, 12])
      expect(await ids('refs')).toEqual([12])
    })
  })
}

const describeList = (subject: Subject): void => {
  describe('listing tables', () => {
    it.skipIf(!subject.traits.pages)('goes page by page, none lost and none twice', async () => {
      const namespace = await createNamespace(subject)
      const names = Array.from({ length: 7 }, (_, i) => `t${i}`)
      for (const name of names) await subject.catalog.tables.create(newCall(), namespace, tableBody(name))
      const { items, sizes } = await readPages(
        (page) => subject.catalog.tables.list(newCall(), namespace, page),
        3,
      )
      expect(items.map((id) => id.name).sort()).toEqual(names)
      expect(items.every((id) => id.namespace.join('.') === namespace.join('.'))).toBe(true)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3)
    })

    it('shows a namespace its own tables only', async () => {
      const here = await createTable(subject)
      const there = await createTable(subject)
      expect(await nameList(subject, here.namespace)).toEqual([here.name])
      expect(await nameList(subject, there.namespace)).toEqual([there.name])
    })
  })
}

const describeDrop = (subject: Subject): void => {
  describe('dropping tables', () => {
    it('frees the name; a table made anew under it is another one', async () => {
      const id = await createTable(subject)
      const { uuid } = await loadTable(subject, id)
      await subject.catalog.tables.drop(newCall(), id, { purge: false })
      await expectRefusal(loadTable(subject, id), 'NoSuchTableException')
      expect(await nameList(subject, id.namespace)).toEqual([])
      await subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name))
      expect(metadataOf(await loadTable(subject, id))['table-uuid']).not.toBe(uuid)
    })

    it('takes the request to purge', async () => {
      const id = await createTable(subject)
      await subject.catalog.tables.drop(newCall(), id, { purge: true })
      await expectRefusal(loadTable(subject, id), 'NoSuchTableException')
    })

    it('of a missing table is refused', async () => {
      const id = { namespace: await createNamespace(subject), name: 'missing' }
      await expectRefusal(
        subject.catalog.tables.drop(newCall(), id, { purge: false }),
        'NoSuchTableException',
        `Table does not exist: ${formatIdentifier(id)}`,
      )
    })
  })
}

export const describeTables = (subject: Subject): void => {
  describeCreate(subject)
  describeStaged(subject)
  describeLoad(subject)
  describeList(subject)
  describeDrop(subject)
}
