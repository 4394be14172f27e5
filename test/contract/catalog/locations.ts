/** Where tables may lie: under what is allowed, outside of one another. */
import { describe, expect, it } from 'vitest'
import {
  commitBody,
  createNamespace,
  expectRefusal,
  freshName,
  metadataOf,
  newCall,
  type Subject,
  setProperties,
  tableBody,
} from './kit.ts'

export const describeLocations = (subject: Subject): void => {
  const { traits } = subject
  const createAt = async (location: string, over: object = {}) => {
    const id = { namespace: await createNamespace(subject), name: freshName('table') }
    const loaded = await subject.catalog.tables.create(
      newCall(),
      id.namespace,
      tableBody(id.name, { location, ...over }),
    )
    return { id, loaded }
  }
  const freshPlace = (): string => `${subject.location}/${freshName('place')}`

  describe('locations', () => {
    it('of the client are kept as they were spelled', async () => {
      if (subject.location === undefined) return
      const location = freshPlace()
      const { loaded } = await createAt(location)
      expect(metadataOf(loaded)['location']).toBe(location)
    })

    it.skipIf(!traits.guardsLocations)(
      'with steps, encoded slashes or control characters are refused',
      async () => {
        if (subject.location === undefined) return
        for (const bad of ['/../x', '/a/%2e%2e/x', '/a%2Fb', '/a\u0001b', '/./x'])
          await expectRefusal(createAt(`${freshPlace()}${bad}`), 'BadRequestException')
      },
    )

    it.skipIf(!traits.guardsLocations)(
      'outside of what is allowed are refused, for data and metadata too',
      async () => {
        const outside = 'file:/nowhere/that/is/allowed'
        await expectRefusal(createAt(outside), 'BadRequestException')
        const id = { namespace: await createNamespace(subject), name: freshName('table') }
        for (const key of ['write.data.path', 'write.metadata.path']) {
          await expectRefusal(
            subject.catalog.tables.create(
              newCall(),
              id.namespace,
              tableBody(id.name, { properties: { [key]: outside } }),
            ),
            'BadRequestException',
          )
        }
        await subject.catalog.tables.create(newCall(), id.namespace, tableBody(id.name))
        for (const update of [
          { action: 'set-location', location: outside },
          setProperties({ 'write.data.path': outside }),
        ])
          await expectRefusal(
            subject.catalog.tables.commit(newCall(), id, commitBody([update])),
            'BadRequestException',
          )
      },
    )

    it.skipIf(!traits.claimsLocations)('at, above and below another table are refused', async () => {
      if (subject.location === undefined) return
      const location = freshPlace()
      const { id } = await createAt(`${location}/a/b`)
      for (const clash of [`${location}/a/b`, `${location}/a`, `${location}/a/b/c`, `${location}/a/b/`])
        await expectRefusal(createAt(clash), 'BadRequestException')
      await createAt(`${location}/a/bc`)
      await subject.catalog.tables.drop(newCall(), id, { purge: false })
      await createAt(`${location}/a/b`)
    })

    it.skipIf(!traits.claimsLocations)(
      "of data and metadata files are refused in another table's place, and are one table's own as its location is",
      async () => {
        if (subject.location === undefined) return
        const place = freshPlace()
        await createAt(`${place}/other`)
        const sent = { properties: { 'write.data.path': `${place}/sent` } }
        const { id } = await createAt(`${place}/own`, sent)
        await expectRefusal(createAt(`${place}/third`, sent), 'BadRequestException')
        await expectRefusal(createAt(`${place}/sent/inner`), 'BadRequestException')
        const commit = (path: string, key = 'write.data.path') =>
          subject.catalog.tables.commit(newCall(), id, commitBody([setProperties({ [key]: path })]))
        for (const foreign of [`${place}/other`, `${place}/other/data`, place]) {
          await expectRefusal(commit(foreign), 'BadRequestException')
          const properties = { 'write.metadata.path': foreign }
          await expectRefusal(createAt(`${place}/${freshName('new')}`, { properties }), 'BadRequestException')
        }
        await commit(`${place}/own/data`)
      },
    )

    it.skipIf(!traits.claimsLocations)(
      'that nest have one winner when claimed at the same time',
      async () => {
        if (subject.location === undefined) return
        for (let i = 0; i < 3; i++) {
          const location = freshPlace()
          const outcomes = await Promise.allSettled([
            createAt(location),
            createAt(`${location}/inner`),
            createAt(`${location}/inner/most`, { 'stage-create': true }),
          ])
          expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1)
        }
      },
    )
  })
}
