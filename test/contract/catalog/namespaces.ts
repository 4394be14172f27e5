/** The namespace half of the catalog contract. */
import { describe, expect, it } from 'vitest'
import { formatNamespace, type Namespace, namespaceKey } from '#model/identifier.ts'
import {
  bodyOf,
  createNamespace,
  createTable,
  expectRefusal,
  freshName,
  newCall,
  readPages,
  type Subject,
} from './kit.ts'

const listAll = async (subject: Subject, parent: Namespace): Promise<readonly string[]> => {
  const { items } = await readPages((page) => subject.catalog.namespaces.list(newCall(), parent, page), 100)
  return items.map(namespaceKey)
}

export const describeNamespaces = (subject: Subject): void => {
  const { traits } = subject
  const create = (namespace: Namespace, properties: Readonly<Record<string, string>> = {}) =>
    subject.catalog.namespaces.create(newCall(), namespace, bodyOf({ namespace, properties }))

  describe('namespaces', () => {
    it('are listed, loaded with their properties and known to exist once created', async () => {
      const namespace = [freshName('ns')]
      const created = await create(namespace, { owner: 'ann', 'a.b': 'ü "quoted"' })
      expect(created.namespace).toEqual(namespace)
      expect(created.properties).toMatchObject({ owner: 'ann' })
      const loaded = await subject.catalog.namespaces.load(newCall(), namespace)
      expect(loaded.namespace).toEqual(namespace)
      expect(loaded.properties).toMatchObject({ owner: 'ann', 'a.b': 'ü "quoted"' })
      await subject.catalog.namespaces.exists(newCall(), namespace)
      expect(await listAll(subject, [])).toContain(namespaceKey(namespace))
    })

    it('are created once', async () => {
      const namespace = await createNamespace(subject)
      await expectRefusal(create(namespace), 'AlreadyExistsException', 'Namespace already exists')
    })

    it('are created once when many try at the same time', async () => {
      const namespace = [freshName('ns')]
      const outcomes = await Promise.allSettled(
        Array.from({ length: traits.writers }, () => create(namespace)),
      )
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1)
    })

    it('that are missing are named in the refusal', async () => {
      const namespace = [freshName('missing')]
      const message = `Namespace does not exist: ${formatNamespace(namespace)}`
      const { namespaces, tables } = subject.catalog
      await expectRefusal(namespaces.load(newCall(), namespace), 'NoSuchNamespaceException', message)
      await expectRefusal(namespaces.exists(newCall(), namespace), 'NoSuchNamespaceException')
      await expectRefusal(namespaces.drop(newCall(), namespace), 'NoSuchNamespaceException', message)
      await expectRefusal(
        namespaces.list(newCall(), namespace, { size: 10 }),
        'NoSuchNamespaceException',
        message,
      )
      await expectRefusal(
        tables.list(newCall(), namespace, { size: 10 }),
        'NoSuchNamespaceException',
        message,
      )
      await expectRefusal(
        namespaces.updateProperties(newCall(), namespace, bodyOf({ updates: { a: 'b' }, removals: [] })),
        'NoSuchNamespaceException',
        message,
      )
    })

    it('are gone once dropped, and can be created again without their old properties', async () => {
      const namespace = [freshName('ns')]
      await create(namespace, { old: 'yes' })
      await subject.catalog.namespaces.drop(newCall(), namespace)
      await expectRefusal(subject.catalog.namespaces.exists(newCall(), namespace), 'NoSuchNamespaceException')
      expect(await listAll(subject, [])).not.toContain(namespaceKey(namespace))
      await create(namespace)
      expect((await subject.catalog.namespaces.load(newCall(), namespace)).properties).not.toHaveProperty(
        'old',
      )
    })

    it('with a table in them are not dropped', async () => {
      const { namespace } = await createTable(subject)
      await expectRefusal(
        subject.catalog.namespaces.drop(newCall(), namespace),
        'NamespaceNotEmptyException',
        'is not empty',
      )
    })

    it('change their properties in one step and say what was missing', async () => {
      const namespace = [freshName('ns')]
      await create(namespace, { keep: '1', change: '1', remove: '1' })
      const answer = await subject.catalog.namespaces.updateProperties(
        newCall(),
        namespace,
        bodyOf({ updates: { change: '2', add: '3' }, removals: ['remove', 'never'] }),
      )
      expect([...answer.updated].sort()).toEqual(['add', 'change'])
      expect(answer.removed).toEqual(['remove'])
      expect(answer.missing).toEqual(['never'])
      const { properties } = await subject.catalog.namespaces.load(newCall(), namespace)
      expect(properties).toMatchObject({ keep: '1', change: '2', add: '3' })
      expect(properties).not.toHaveProperty('remove')
    })

    it('refuse a property that is set and removed at once', async () => {
      const namespace = await createNamespace(subject)
      await expectRefusal(
        subject.catalog.namespaces.updateProperties(
          newCall(),
          namespace,
          bodyOf({ updates: { a: '1' }, removals: ['a'] }),
        ),
        'UnprocessableEntityException',
      )
    })

    it.skipIf(!traits.pages)('are listed in pages, none lost and none twice', async () => {
      const parent = traits.nested ? await createNamespace(subject) : []
      const wanted = Array.from({ length: 5 }, (_, i) => [...parent, freshName(`child${i}`)])
      for (const namespace of wanted) await create(namespace)
      const { items, sizes } = await readPages(
        (page) => subject.catalog.namespaces.list(newCall(), parent, page),
        2,
      )
      const keys = items.map(namespaceKey)
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys).toEqual(expect.arrayContaining(wanted.map(namespaceKey)))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(2)
    })

    it.skipIf(!traits.freeNames)('keep any name as it was given', async () => {
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
        const namespace = [freshName(name)]
        await create(namespace)
        expect((await subject.catalog.namespaces.load(newCall(), namespace)).namespace).toEqual(namespace)
        expect(await listAll(subject, [])).toContain(namespaceKey(namespace))
        await subject.catalog.namespaces.drop(newCall(), namespace)
      }
    })
  })

  describe.skipIf(!traits.nested)('nested namespaces', () => {
    it('are listed under their parent alone', async () => {
      const parent = await createNamespace(subject)
      const child = await createNamespace(subject, [...parent, freshName('child')])
      const grandchild = await createNamespace(subject, [...child, freshName('grandchild')])
      expect(await listAll(subject, [])).not.toContain(namespaceKey(child))
      expect(await listAll(subject, parent)).toEqual([namespaceKey(child)])
      expect(await listAll(subject, child)).toEqual([namespaceKey(grandchild)])
      expect(await listAll(subject, grandchild)).toEqual([])
    })

    it('keep their parent from being dropped', async () => {
      const parent = await createNamespace(subject)
      const child = await createNamespace(subject, [...parent, freshName('child')])
      await expectRefusal(
        subject.catalog.namespaces.drop(newCall(), parent),
        'NamespaceNotEmptyException',
        'is not empty',
      )
      await subject.catalog.namespaces.drop(newCall(), child)
      await subject.catalog.namespaces.drop(newCall(), parent)
    })

    it.skipIf(!traits.requiresParents)('need a parent', async () => {
      const parent = [freshName('missing')]
      await expectRefusal(
        create([...parent, 'child']),
        'NoSuchNamespaceException',
        `Namespace does not exist: ${formatNamespace(parent)}`,
      )
    })

    it.skipIf(!traits.requiresParents)('never outlive a parent dropped at the same time', async () => {
      for (let i = 0; i < 5; i++) {
        const parent = await createNamespace(subject)
        const child = [...parent, 'child']
        const [dropped, created] = await Promise.allSettled([
          subject.catalog.namespaces.drop(newCall(), parent),
          create(child),
        ])
        expect([dropped.status, created.status].filter((s) => s === 'fulfilled')).toHaveLength(1)
        if (created.status === 'fulfilled') await subject.catalog.namespaces.exists(newCall(), parent)
      }
    })
  })
}
