import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { describeCatalog } from './catalog.ts'

const location = 'file:///lake'

describeCatalog(
  'the fake in memory',
  async () => ({ catalog: createMemoryCatalog(location), location, close: async () => {} }),
  { guardsLocations: false, claimsLocations: false, recognisesNoOps: false },
)
