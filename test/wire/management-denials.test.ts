/** Every operation of the management face under every refusal, generated from the list of endpoints. */
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Authorizer } from '#authz/authorizer.ts'
import { createEveryRight } from '#authz/rights.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import { createSealing } from '#store/sealing.ts'
import { icebergRest } from '../../connectors/iceberg-rest/index.ts'
import { denyEverything } from '../support/deny-list.ts'
import { createMemoryAudit } from '../support/memory-audit.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { accountId, aliceId, createMemoryPeople, keyId } from '../support/memory-people.ts'
import { createMemoryProjects } from '../support/memory-projects.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../support/memory-registry.ts'
import { createMemoryRoles, roleId } from '../support/memory-roles.ts'
import { createMemorySigningKeys } from '../support/memory-signing-keys.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'

const endpointsOver = (registry: MemoryRegistry) =>
  managementEndpoints(
    createManagementOperations({
      registry,
      projects: createMemoryProjects(registry.changes),
      roles: createMemoryRoles(registry.changes),
      signingKeys: createMemorySigningKeys(registry.changes),
      audit: createMemoryAudit(),
      people: createMemoryPeople('default', registry.changes),
      pageTokens: createPageTokens(Buffer.alloc(32)),
      projectId: 'default',
      server: { id: '0190a1b2-0000-7000-8000-00000000000f', version: '1' },
      connectors: new Map([['iceberg-rest', icebergRest]]),
      checkStorage: async () => {},
      sealing: createSealing({ key: Buffer.alloc(32), fingerprint: 'f' }),
      checkMount: async () => {},
      rights: createEveryRight(),
    }),
  )

const lines = endpointsOver(createMemoryRegistry('default')).map(
  ({ method, template, operation }) => [operation, method, template] as const,
)

const profile = { 'storage-profile': { type: 'file', location: 'file:///lake' } }
const config = { uri: 'http://127.0.0.1:9' }

const bodies: Readonly<Record<string, (registry: MemoryRegistry) => object>> = {
  bootstrap: () => ({ 'accept-terms-of-use': true }),
  createProject: () => ({ 'project-name': 'new' }),
  renameProject: () => ({ 'new-name': 'new' }),
  renameProjectById: () => ({ 'new-name': 'new' }),
  updateProjectSettings: () => ({ 'api-keys-allowed': false }),
  addProjectMembers: () => ({ members: [{ type: 'user', id: 'oidc~bob' }] }),
  createWarehouse: () => ({
    'warehouse-name': 'new',
    'storage-profile': { type: 'file', location: 'file:///other-lake' },
  }),
  renameWarehouse: () => ({ 'new-name': 'new' }),
  updateWarehouseStorage: () => profile,
  updateWarehouseSettings: () => ({ 'verify-metadata-file': true }),
  setWarehouseProtection: () => ({ protected: true }),
  updateWarehouseCredential: () => ({ 'new-storage-credential': null }),
  updateWarehouseDeleteProfile: () => ({ 'delete-profile': { type: 'soft', 'expiration-seconds': 60 } }),
  updateWarehouseFormatVersionPolicy: () => ({ 'allowed-format-versions': [2] }),
  validateWarehouse: () => ({
    'warehouse-name': 'new',
    'storage-profile': { type: 'file', location: 'file:///other-lake' },
  }),
  validateWarehouseStorage: () => profile,
  validateWarehouseCredential: () => ({ 'new-storage-credential': null }),
  createConnection: () => ({ 'connection-name': 'new', kind: 'iceberg-rest', config }),
  renameConnection: () => ({ 'new-name': 'new' }),
  updateConnectionConfig: () => ({ config }),
  searchUser: () => ({ search: 'al' }),
  createUser: () => ({ id: 'oidc~bob', name: 'Bob', 'user-type': 'human' }),
  updateUser: () => ({ name: 'Alicia', 'user-type': 'human' }),
  createServiceAccount: () => ({ name: 'loader' }),
  renameServiceAccount: () => ({ name: 'loader' }),
  createServiceAccountKey: () => ({ name: 'first' }),
  createRole: () => ({ name: 'new' }),
  updateRole: () => ({ name: 'new' }),
  updateRoleSourceSystem: () => ({ 'provider-id': 'oidc', 'source-id': 'g' }),
  searchRoles: () => ({ search: 'an' }),
  addRoleMembers: () => ({ members: [{ type: 'user', id: 'oidc~bob' }] }),
  createMount: ({ connection }) => ({ namespace: ['new'], 'connection-id': connection.id }),
}

/** A search is asked with a body. */
const isRead = (operation: string): boolean =>
  /^(get|list|search|export|verify|validate|whoami)/.test(operation)

const changing = new Set([
  ...['deleteRole', 'removeRoleMember', 'rotateSigningKeys'],
  ...['deleteUser', 'activateUser', 'deactivateUser', 'deleteServiceAccount', 'deleteServiceAccountKey'],
  ...['activateServiceAccount', 'deactivateServiceAccount'],
  ...Object.keys(bodies).filter((operation) => !isRead(operation)),
  ...['deleteWarehouse', 'activateWarehouse', 'deactivateWarehouse', 'deleteConnection', 'deleteMount'],
  ...['deleteProject', 'deleteProjectById', 'removeProjectMember'],
])

const ownId = ({ connection, warehouse }: MemoryRegistry, template: string): string => {
  if (template.includes('/project/')) return 'default'
  if (template.includes('/user/')) return aliceId
  if (template.includes('/service-account/')) return accountId
  if (template.includes('/role/')) return roleId
  return template.includes('/connection/') ? connection.id : warehouse.id
}

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const prepare = async (options: MemoryGatewayOptions) => {
  const registry = createMemoryRegistry('default')
  const faces = [{ base: '/management', endpoints: endpointsOver(registry) }]
  const gateway = await startMemoryGateway({ ...options, faces })
  open.push(gateway)
  const ask = async (
    [operation, method, template]: (typeof lines)[number],
    ids: { readonly id?: string; readonly mount?: string } = {},
  ) => {
    const path = template
      .replace('{id}', ids.id ?? ownId(registry, template))
      .replace('{mount}', ids.mount ?? registry.mount.id)
      .replace('{type}/{member}', 'user/oidc~alice')
      .replace('{key}', keyId)
    const body = bodies[operation]?.(registry)
    const answer = await fetch(`${gateway.origin}/management${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: answer.status, text: await answer.text() }
  }
  return { registry, gateway, ask }
}

const unanswering: Authorizer = {
  check: () => Promise.reject(new Error('the policy engine is out')),
  visible: () => Promise.reject(new Error('the policy engine is out')),
}

describe.each(lines)('%s', (...line) => {
  const [operation] = line

  test('is allowed, done and recorded when nothing is denied', async () => {
    const { registry, gateway, ask } = await prepare({})
    const { status, text } = await ask(line)
    expect([200, 201, 204], text).toContain(status)
    expect(registry.changes.length).toBe(changing.has(operation) ? 1 : 0)
    expect(gateway.audited).toMatchObject([{ operation, status, decision: 'allowed' }])
  })

  test('is 403 and changes nothing when it is denied', async () => {
    const { registry, gateway, ask } = await prepare({ authorizer: denyEverything(true) })
    expect((await ask(line)).status).toBe(403)
    expect(registry.changes).toEqual([])
    expect(gateway.audited).toMatchObject([{ operation, decision: 'denied' }])
  })

  test('is 401 without the token, before anything is read', async () => {
    const { registry, gateway, ask } = await prepare({ authenticator: staticTokenAuthenticator('t') })
    expect((await ask(line)).status).toBe(401)
    expect(registry.changes).toEqual([])
    expect(gateway.audited).toMatchObject([{ operation, decision: 'denied', status: 401 }])
  })

  test('is refused while nobody can say whether it is allowed', async () => {
    const { registry, ask } = await prepare({ authorizer: unanswering })
    expect((await ask(line)).status).toBe(isRead(operation) ? 503 : 429)
    expect(registry.changes).toEqual([])
  })
})

const ofOneObject = lines.filter(([, , template]) => template.includes('{id}'))

test.each(ofOneObject)('%s answers for what is invisible as for what is not there', async (...line) => {
  const [, , template] = line
  const { registry, ask } = await prepare({ authorizer: denyEverything(false) })
  const absent = '00000000-0000-0000-0000-000000000000'
  const inWords = ({ status, text }: Awaited<ReturnType<typeof ask>>, id: string) => ({
    status,
    text: text.replaceAll(id, '<id>').replace(/[0-9a-f-]{36}/g, '<request>'),
  })
  const invisible = inWords(await ask(line), ownId(registry, template))
  expect(invisible).toEqual(inWords(await ask(line, { id: absent }), absent))
  expect(invisible.status).toBe(404)
  expect(inWords(await ask(line, { mount: absent }), ownId(registry, template))).toEqual(invisible)
})

test('the manual lists every endpoint of the face', async () => {
  const text = await readFile(new URL('../../docs/management.md', import.meta.url), 'utf8')
  const shown = text.split('\n').filter((row) => /^\| `[A-Z]+ /.test(row))
  const rows = lines.map(([, method, template]) => `| \`${method} /management${template}\` |`)
  expect(shown.map((row) => row.split('|').slice(0, 2).join('|').concat('|'))).toEqual(rows)
})
