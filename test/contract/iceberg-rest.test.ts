import { describe } from 'vitest'
import { icebergRest } from '../../connectors/iceberg-rest/index.ts'
import { createTestTools } from '../support/connector-tools.ts'
import { hasReferenceServer, startReferenceServer } from '../support/reference-server.ts'
import { describeCatalog } from './catalog.ts'

describe.skipIf(!hasReferenceServer)('with Java at hand', () => {
  describeCatalog(
    'iceberg-rest over the Apache reference server',
    async () => {
      const server = await startReferenceServer()
      const tools = createTestTools()
      const catalog = await icebergRest.open({ uri: server.uri }, tools.tools)
      // It has no route to unregister, and says so: such a member is never called through a mount.
      const { unregister: _, ...tables } = catalog.tables
      return {
        catalog: { ...catalog, tables },
        location: `file://${server.warehouseDir}`,
        close: async () => {
          await catalog[Symbol.asyncDispose]()
          await tools[Symbol.asyncDispose]()
          await server.stop()
        },
      }
    },
    {
      // What this upstream itself does otherwise, each seen when asked directly:
      freeNames: false,
      requiresParents: false,
      exactMessages: false,
      registersTwice: true,
      registerOverwrites: false,
      recognisesNoOps: false,
      guardsLocations: false,
      claimsLocations: false,
      atomicTransactions: false,
      refusesUnknownKinds: false,
      rebases: false,
      stagedSeesViews: false,
    },
  )
})
