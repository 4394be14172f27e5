/** Views: like tables at the port, and sharing one space of names with them. */
import { describe, expect, it } from 'vitest'
import { formatIdentifier, type Identifier, type Namespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import {
  bodyOf,
  commitBody,
  createNamespace,
  createTable,
  expectRefusal,
  freshName,
  metadataOf,
  newCall,
  propertiesOf,
  readPages,
  type Subject,
  setProperties,
  tableBody,
  viewBody,
  viewVersion,
} from './kit.ts'

const viewsOf = (subject: Subject) => {
  const { views } = subject.catalog
  if (views === undefined) throw new Error('the catalog has no views')
  return views
}

const createView = async (subject: Subject, namespace?: Namespace): Promise<Identifier> => {
  const id = { namespace: namespace ?? (await createNamespace(subject)), name: freshName('view') }
  await viewsOf(subject).create(newCall(), id.namespace, viewBody(id.name))
  return id
}

const loadView = async (subject: Subject, id: Identifier) => {
  const loaded = await viewsOf(subject).load(newCall(), id, { snapshots: 'all' })
  if (loaded === 'not-modified') throw new Error('a load without a version was answered not-modified')
  return loaded
}

const describeLife = (subject: Subject): void => {
  describe('views', () => {
    it('are created, loaded, listed and dropped', async () => {
      const id = await createView(subject)
      const loaded = await loadView(subject, id)
      expect(metadataOf(loaded)).toMatchObject({ 'current-version-id': 1, 'format-version': 1 })
      await viewsOf(subject).exists(newCall(), id)
      const { items } = await readPages((page) => viewsOf(subject).list(newCall(), id.namespace, page), 10)
      expect(items.map((item) => item.name)).toEqual([id.name])
      await viewsOf(subject).drop(newCall(), id, { purge: false })
      await expectRefusal(loadView(subject, id), 'NoSuchViewException')
      await expectRefusal(
        viewsOf(subject).drop(newCall(), id, { purge: false }),
        'NoSuchViewException',
        `View does not exist: ${formatIdentifier(id)}`,
      )
    })

    it('that are missing are named in the refusal, also where the namespace is', async () => {
      const namespace = await createNamespace(subject)
      for (const id of [
        { namespace, name: 'missing' },
        { namespace: [freshName('missing')], name: 'v' },
      ]) {
        const message = `View does not exist: ${formatIdentifier(id)}`
        await expectRefusal(loadView(subject, id), 'NoSuchViewException', message)
        await expectRefusal(viewsOf(subject).exists(newCall(), id), 'NoSuchViewException')
        await expectRefusal(
          viewsOf(subject).commit(newCall(), id, commitBody([setProperties({ a: '1' })])),
          'NoSuchViewException',
          message,
        )
      }
    })

    it('refuse a second query in one dialect as an illegal argument', async () => {
      const namespace = await createNamespace(subject)
      const version = viewVersion(1, 'select 1')
      const twice = {
        ...version,
        representations: [
          { type: 'sql', sql: 'select 1', dialect: 'trino' },
          { type: 'sql', sql: 'select 2', dialect: 'TRINO' },
        ],
      }
      await expectRefusal(
        viewsOf(subject).create(newCall(), namespace, viewBody('v', { 'view-version': twice })),
        'IllegalArgumentException',
        /Invalid view version: Cannot add multiple queries for dialect trino/i,
      )
    })

    it('replace their version and keep the old one', async () => {
      const id = await createView(subject)
      const uuid = metadataOf(await loadView(subject, id))['view-uuid']
      const answer = await viewsOf(subject).commit(
        newCall(),
        id,
        commitBody(
          [
            { action: 'add-view-version', 'view-version': viewVersion(2, 'select 2') },
            { action: 'set-current-view-version', 'view-version-id': -1 },
          ],
          [{ type: 'assert-view-uuid', uuid }],
        ),
      )
      expect(metadataOf(answer)).toMatchObject({ 'current-version-id': 2, 'view-uuid': uuid })
      expect(metadataOf(answer)['versions']).toHaveLength(2)
    })

    it.skipIf(!subject.traits.rebases)(
      'rebase a second replacement that was prepared on the same state',
      async () => {
        const id = await createView(subject)
        const replace = (sql: string) =>
          viewsOf(subject).commit(
            newCall(),
            id,
            commitBody([
              { action: 'add-view-version', 'view-version': viewVersion(2, sql) },
              { action: 'set-current-view-version', 'view-version-id': -1 },
            ]),
          )
        await Promise.all([replace('select 2'), replace('select 3')])
        const metadata = metadataOf(await loadView(subject, id))
        const ids = (metadata['versions'] as readonly JsonObject[]).map((version) => version['version-id'])
        expect([...ids].sort()).toEqual([1, 2, 3])
      },
    )

    it('change properties and nothing else', async () => {
      const id = await createView(subject)
      const before = metadataOf(await loadView(subject, id))
      await viewsOf(subject).commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
      const after = await loadView(subject, id)
      expect(propertiesOf(after)).toMatchObject({ a: '1' })
      expect(metadataOf(after)['versions']).toEqual(before['versions'])
    })

    it('are registered from their metadata file', async () => {
      const { register } = viewsOf(subject)
      if (register === undefined) return
      const id = await createView(subject)
      const before = await loadView(subject, id)
      const again = () =>
        register(
          newCall(),
          id.namespace,
          bodyOf({ name: id.name, 'metadata-location': before.metadataLocation }),
        )
      await expectRefusal(again(), 'AlreadyExistsException', `View already exists: ${formatIdentifier(id)}`)
      await viewsOf(subject).commit(newCall(), id, commitBody([setProperties({ 'gc.enabled': 'false' })]))
      const last = await loadView(subject, id)
      await viewsOf(subject).drop(newCall(), id, { purge: false })
      await register(
        newCall(),
        id.namespace,
        bodyOf({ name: id.name, 'metadata-location': last.metadataLocation }),
      )
      expect(metadataOf(await loadView(subject, id))).toEqual(metadataOf(last))
    })
  })
}

const describeRename = (subject: Subject): void => {
  const rename = (source: Identifier, destination: Identifier) =>
    viewsOf(subject).rename(newCall(), { source, destination })

  describe('renaming views', () => {
    it('moves the view as it is', async () => {
      const source = await createView(subject)
      const before = await loadView(subject, source)
      const destination = { namespace: await createNamespace(subject), name: freshName('moved') }
      await rename(source, destination)
      expect((await loadView(subject, destination)).metadataLocation).toBe(before.metadataLocation)
      await expectRefusal(loadView(subject, source), 'NoSuchViewException')
    })

    it('needs the source and the destination namespace', async () => {
      const source = await createView(subject)
      const missing = [freshName('missing')]
      await expectRefusal(
        rename(source, { namespace: missing, name: 'v' }),
        'NoSuchNamespaceException',
        `Namespace does not exist: ${missing[0]}`,
      )
      await expectRefusal(
        rename({ ...source, name: 'missing' }, { ...source, name: 'other' }),
        'NoSuchViewException',
        'View does not exist',
      )
    })

    it('refuses a name that a view or a table has', async () => {
      const source = await createView(subject)
      const view = await createView(subject, source.namespace)
      const table = await createTable(subject, source.namespace)
      const { exactMessages } = subject.traits
      for (const [taken, kind] of [[view, 'View'] as const, [table, 'Table'] as const])
        await expectRefusal(
          rename(source, taken),
          'AlreadyExistsException',
          exactMessages
            ? `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(taken)}. ${kind} already exists`
            : 'already exists',
        )
      await loadView(subject, source)
    })
  })
}

const describeClashes = (subject: Subject): void => {
  describe('views and tables', () => {
    it('are not mistaken for each other', async () => {
      const view = await createView(subject)
      const table = await createTable(subject, view.namespace)
      await expectRefusal(loadView(subject, table), 'NoSuchViewException', 'View does not exist')
      await expectRefusal(
        subject.catalog.tables.load(newCall(), view, { snapshots: 'all' }),
        'NoSuchTableException',
        'Table does not exist',
      )
      const page = await subject.catalog.tables.list(newCall(), view.namespace, { size: 10 })
      expect(page.items.map((id) => id.name)).toEqual([table.name])
    })

    it('never share a name', async () => {
      const view = await createView(subject)
      const table = await createTable(subject, view.namespace)
      const ofView = `View with same name already exists: ${formatIdentifier(view)}`
      const ofTable = `Table with same name already exists: ${formatIdentifier(table)}`
      const { tables } = subject.catalog
      for (const stage of subject.traits.stagedSeesViews ? [false, true] : [false])
        await expectRefusal(
          tables.create(newCall(), view.namespace, tableBody(view.name, { 'stage-create': stage })),
          'AlreadyExistsException',
          ofView,
        )
      await expectRefusal(
        viewsOf(subject).create(newCall(), table.namespace, viewBody(table.name)),
        'AlreadyExistsException',
        ofTable,
      )
    })

    it('both keep a namespace from being dropped', async () => {
      const { namespace } = await createView(subject)
      await expectRefusal(
        subject.catalog.namespaces.drop(newCall(), namespace),
        'NamespaceNotEmptyException',
        'is not empty',
      )
    })

    it('that race for one name have one winner', async () => {
      const namespace = await createNamespace(subject)
      const name = freshName('either')
      const outcomes = await Promise.allSettled(
        Array.from({ length: subject.traits.writers }, (_, i) =>
          i % 2 === 0
            ? subject.catalog.tables.create(newCall(), namespace, tableBody(name))
            : viewsOf(subject).create(newCall(), namespace, viewBody(name)),
        ),
      )
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1)
    })
  })
}

export const describeViews = (subject: Subject): void => {
  describeLife(subject)
  describeRename(subject)
  describeClashes(subject)
}
