import { describe, expect, it } from 'vitest'
import { icebergRest } from '../../../connectors/iceberg-rest/index.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import { createTestTools } from '../../support/connector-tools.ts'
import { hasReferenceServer, startReferenceServer } from '../../support/reference-server.ts'
import { all, failureOf, raw } from '../../support/relay-bench.ts'

describe.skipIf(!hasReferenceServer)('the Apache reference server, which separates levels by a dot', () => {
  it('takes a level with a dot for two, so that such names are missing instead of another table', async () => {
    const server = await startReferenceServer()
    const tools = createTestTools()
    const catalog = await icebergRest.open({ uri: server.uri }, tools.tools)
    const schema = {
      type: 'struct',
      'schema-id': 0,
      fields: [{ id: 1, name: 'a', required: false, type: 'int' }],
    }
    const body = (value: unknown) => raw(JSON.stringify(value))
    const plain = [['a'], ['a', 'b'], ['a', 'b', 'c']]
    try {
      for (const namespace of plain) {
        await catalog.namespaces.create(newCall(), namespace, body({ namespace }))
        await catalog.tables.create(newCall(), namespace, body({ name: 't', schema }))
        await catalog.tables.load(newCall(), { namespace, name: 't' }, all)
      }
      expect((await catalog.namespaces.list(newCall(), ['a', 'b'], { size: 10 })).items).toEqual([
        ['a', 'b', 'c'],
      ])
      for (const namespace of [['a.b'], ['a.b', 'c'], ['a', 'b.c'], ['a.b.c']]) {
        const id = { namespace, name: 't' }
        const refusals = [
          catalog.tables.load(newCall(), id, all),
          catalog.tables.drop(newCall(), id, { purge: false }),
          catalog.namespaces.load(newCall(), namespace),
          catalog.namespaces.list(newCall(), namespace, { size: 10 }),
          catalog.namespaces.drop(newCall(), namespace),
          catalog.namespaces.create(newCall(), [...namespace, 'new'], body({ namespace })),
        ]
        const types = (await Promise.all(refusals.map(failureOf))).map(({ type }) => type)
        expect(types).toEqual([
          ...['NoSuchTableException', 'NoSuchTableException', 'NoSuchNamespaceException'],
          ...['NoSuchNamespaceException', 'NoSuchNamespaceException', 'BadRequestException'],
        ])
      }
      for (const namespace of plain) await catalog.tables.load(newCall(), { namespace, name: 't' }, all)
    } finally {
      await catalog[Symbol.asyncDispose]()
      await tools[Symbol.asyncDispose]()
      await server.stop()
    }
  })
})
