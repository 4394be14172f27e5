import { expect, test } from 'vitest'
import { createEveryRight } from '#authz/rights.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { createSealing } from '#store/sealing.ts'
import { samples } from '../../support/iceberg-requests.ts'
import { createMemoryAudit } from '../../support/memory-audit.ts'
import { createMemoryPeople } from '../../support/memory-people.ts'
import { createMemoryProjects } from '../../support/memory-projects.ts'
import { createMemoryRegistry } from '../../support/memory-registry.ts'
import { createMemoryRoles } from '../../support/memory-roles.ts'
import { createMemorySigningKeys } from '../../support/memory-signing-keys.ts'

const iceberg = createIcebergOperations({
  warehouses: {
    byName: () => undefined,
    byPrefix: () => undefined,
    byDefault: () => undefined,
  },
  listing: { tokens: createPageTokens(Buffer.alloc(32)), strict: false },
})

const management = createManagementOperations({
  registry: createMemoryRegistry('default'),
  projects: createMemoryProjects(),
  roles: createMemoryRoles(),
  signingKeys: createMemorySigningKeys(),
  audit: createMemoryAudit(),
  people: createMemoryPeople('default', []),
  pageTokens: createPageTokens(Buffer.alloc(32)),
  projectId: 'default',
  server: { id: 's', version: '1' },
  connectors: new Map(),
  checkStorage: async () => {},
  sealing: createSealing({ key: Buffer.alloc(32), fingerprint: 'f' }),
  checkMount: async () => {},
  rights: createEveryRight(),
})

interface Listed {
  readonly name: string
  readonly kind: 'read' | 'change'
  readonly replay?: object
}

const changesOf = (operations: Readonly<Record<string, Listed>>): readonly Listed[] =>
  Object.values(operations).filter(({ kind }) => kind === 'change')

/** Changes that may run again under their key, each with its reason. */
const unremembered: Readonly<Record<string, string>> = {}

const remembered = [...changesOf(iceberg), ...changesOf(management)].filter(
  ({ name }) => unremembered[name] === undefined,
)

test.each(remembered)('$name is told again to whoever repeats it under its key', ({ replay }) => {
  expect(replay).toBeDefined()
})

test('what is sent as a change is one, and nothing else is', () => {
  const sent = Object.keys(samples).filter((name) => !/^(GET|HEAD) /.test(samples[name]?.line ?? ''))
  expect(sent.sort()).toEqual(
    changesOf(iceberg)
      .map(({ name }) => name)
      .sort(),
  )
})
