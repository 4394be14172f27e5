import { expect, test } from 'vitest'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createMemoryRegistry } from '../../support/memory-registry.ts'

const operations = createManagementOperations({
  registry: createMemoryRegistry('default'),
  projectId: 'default',
  server: { id: 's', version: '1' },
  connectors: new Map(),
  checkStorage: async () => {},
  checkMount: async () => {},
})

/** Changes nothing, however often it is sent. */
const repeatable = new Set(['bootstrap'])

const changes = Object.values(operations).filter(
  ({ kind, name }) => kind === 'change' && !repeatable.has(name),
)

test.each(changes)('$name is told again to whoever repeats it under its key', ({ replay }) => {
  expect(replay).toBeDefined()
})
