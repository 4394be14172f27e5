import { icebergRest } from '../../connectors/iceberg-rest/index.ts'
import { createTestTools } from '../support/connector-tools.ts'
import { startGateway } from '../support/gateway.ts'
import { describeCatalog } from './catalog.ts'

describeCatalog('iceberg-rest over a second Lakegate', async () => {
  const gateway = await startGateway()
  const tools = createTestTools()
  const catalog = await icebergRest.open({ uri: gateway.catalog, warehouse: 'default' }, tools.tools)
  return {
    catalog,
    location: `file://${gateway.lake}`,
    close: async () => {
      await catalog[Symbol.asyncDispose]()
      await tools[Symbol.asyncDispose]()
      await gateway.discard()
    },
  }
})
