/** Renaming, registering and unregistering: what moves a table's name without touching its files. */
import { describe, expect, it } from 'vitest'
import { CatalogError } from '#model/errors.ts'
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
  type Subject,
  setProperties,
  viewBody,
} from './kit.ts'

const describeRename = (subject: Subject): void => {
  const rename = (source: Identifier, destination: Identifier) =>
    subject.catalog.tables.rename(newCall(), { source, destination })

  describe('renaming tables', () => {
    it('moves the table, also to another namespace, and frees the old name', async () => {
      const source = await createTable(subject)
      const before = await loadTable(subject, source)
      const destination = { namespace: await createNamespace(subject), name: freshName('moved') }
      await rename(source, destination)
      const after = await loadTable(subject, destination)
      expect(after.metadataLocation).toBe(before.metadataLocation)
      expect(metadataOf(after)).toEqual(metadataOf(before))
      await expectRefusal(loadTable(subject, source), 'NoSuchTableException')
      await rename(destination, source)
      expect((await loadTable(subject, source)).metadataLocation).toBe(before.metadataLocation)
    })

    it('changes nothing where the new name is the old one', async () => {
      const source = await createTable(subject)
      const before = await loadTable(subject, source)
      await rename(source, source)
      expect((await loadTable(subject, source)).metadataLocation).toBe(before.metadataLocation)
    })

    it('needs the source and the destination namespace', async () => {
      const namespace = await createNamespace(subject)
      await expectRefusal(
        rename({ namespace, name: 'missing' }, { namespace, name: 'other' }),
        'NoSuchTableException',
        'Table does not exist',
      )
      const source = await createTable(subject)
      const missing = [freshName('missing')]
      await expectRefusal(
        rename(source, { namespace: missing, name: 't' }),
        'NoSuchNamespaceException',
        `Namespace does not exist: ${missing[0]}`,
      )
      await loadTable(subject, source)
    })

    it('leaves both as they are where the destination is taken', async () => {
      const source = await createTable(subject)
      const destination = await createTable(subject, source.namespace)
      const before = [await loadTable(subject, source), await loadTable(subject, destination)]
      await expectRefusal(
        rename(source, destination),
        'AlreadyExistsException',
        subject.traits.exactMessages
          ? `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}. Table already exists`
          : 'already exists',
      )
      const after = [await loadTable(subject, source), await loadTable(subject, destination)]
      expect(after.map((l) => l.metadataLocation)).toEqual(before.map((l) => l.metadataLocation))
    })

    it('leaves both as they are where a view has the name', async () => {
      const { views } = subject.catalog
      if (views === undefined) return
      const source = await createTable(subject)
      const destination = { namespace: source.namespace, name: freshName('view') }
      await views.create(newCall(), destination.namespace, viewBody(destination.name))
      await expectRefusal(
        rename(source, destination),
        'AlreadyExistsException',
        subject.traits.exactMessages
          ? `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}. View already exists`
          : 'already exists',
      )
      await loadTable(subject, source)
    })

    it('keeps a table at its place while another is made under the old name', async () => {
      const source = await createTable(subject)
      const destination = { ...source, name: freshName('moved') }
      await rename(source, destination)
      const anew = await createTable(subject, source.namespace)
      await rename(anew, source)
      const [moved, fresh] = [await loadTable(subject, destination), await loadTable(subject, source)]
      expect(metadataOf(moved)['location']).not.toBe(metadataOf(fresh)['location'])
    })
  })
}

const describeRegister = (subject: Subject): void => {
  const { traits } = subject
  const register = (id: Identifier, location: string | undefined, over: object = {}) => {
    if (subject.catalog.tables.register === undefined) throw new Error('the catalog has no register')
    return subject.catalog.tables.register(
      newCall(),
      id.namespace,
      bodyOf({ name: id.name, 'metadata-location': location, ...over }),
    )
  }
  /** A table that was dropped with its files kept, so that it can be registered. */
  const dropped = async () => {
    const id = await createTable(subject)
    const loaded = await loadTable(subject, id)
    await subject.catalog.tables.drop(newCall(), id, { purge: false })
    return { id, loaded }
  }

  describe('registering tables', () => {
    it('brings back a dropped table from its metadata file, ready for commits', async () => {
      if (subject.catalog.tables.register === undefined) return
      const { id, loaded } = await dropped()
      const registered = await register(id, loaded.metadataLocation)
      expect(registered.metadataLocation).toBe(loaded.metadataLocation)
      expect(metadataOf(registered)).toEqual(metadataOf(loaded))
      await subject.catalog.tables.commit(newCall(), id, commitBody([setProperties({ after: 'register' })]))
      expect(metadataOf(await loadTable(subject, id))['table-uuid']).toBe(metadataOf(loaded)['table-uuid'])
    })

    it('refuses a name that is taken and a namespace that is missing', async () => {
      if (subject.catalog.tables.register === undefined) return
      const { loaded } = await dropped()
      const taken = await createTable(subject)
      await expectRefusal(
        register(taken, loaded.metadataLocation),
        'AlreadyExistsException',
        `Table already exists: ${formatIdentifier(taken)}`,
      )
      const gone = String(loaded.metadataLocation).replace('00000-', '00007-')
      await expectRefusal(register(taken, gone), 'AlreadyExistsException')
      await expectRefusal(
        register({ namespace: [freshName('missing')], name: 't' }, loaded.metadataLocation),
        'NoSuchNamespaceException',
      )
    })

    it('asks a gate about the file that would be the table', async () => {
      if (subject.catalog.tables.register === undefined) return
      const { id, loaded } = await dropped()
      const inspect = async (): Promise<void> => {
        throw new CatalogError('BadRequestException', 'refused by clause 7')
      }
      await expectRefusal(
        subject.catalog.tables.register(
          newCall({ inspect }),
          id.namespace,
          bodyOf({ name: id.name, 'metadata-location': loaded.metadataLocation }),
        ),
        'BadRequestException',
        'clause 7',
      )
      await expectRefusal(subject.catalog.tables.exists(newCall(), id), 'NoSuchTableException')
    })

    it('refuses a file that is not there', async () => {
      if (subject.catalog.tables.register === undefined) return
      const { id, loaded } = await dropped()
      const gone = String(loaded.metadataLocation).replace('00000-', '00007-')
      await expectRefusal(register(id, gone), ['NotFoundException', 'BadRequestException'])
      await expectRefusal(subject.catalog.tables.exists(newCall(), id), 'NoSuchTableException')
    })

    it.skipIf(traits.registersTwice)('refuses a table that is live under another name', async () => {
      if (subject.catalog.tables.register === undefined) return
      const id = await createTable(subject)
      const { metadataLocation } = await loadTable(subject, id)
      await expectRefusal(
        register({ ...id, name: freshName('twin') }, metadataLocation),
        'AlreadyExistsException',
      )
    })

    it.skipIf(!traits.registerOverwrites)('puts back an older state where overwrite is asked', async () => {
      if (subject.catalog.tables.register === undefined) return
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      await subject.catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
      await register(id, before.metadataLocation, { overwrite: true })
      expect((await loadTable(subject, id)).metadataLocation).toBe(before.metadataLocation)
    })
  })

  describe('unregistering tables', () => {
    it('forgets the table, keeps its files and answers its last state', async () => {
      const { unregister } = subject.catalog.tables
      if (unregister === undefined) return
      const id = await createTable(subject)
      const before = await loadTable(subject, id)
      const answer = await unregister(newCall(), id)
      expect(answer.metadataLocation).toBe(before.metadataLocation)
      expect(metadataOf(answer)).toEqual(metadataOf(before))
      await expectRefusal(loadTable(subject, id), 'NoSuchTableException')
      await expectRefusal(unregister(newCall(), id), 'NoSuchTableException')
      await register(id, before.metadataLocation)
      await loadTable(subject, id)
    })
  })
}

export const describeMoves = (subject: Subject): void => {
  describeRename(subject)
  describeRegister(subject)
}
