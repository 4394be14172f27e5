/** The wire forms that the management face answers. A `title` makes a form a named one of the OpenAPI document. */
import { type TProperties, type TSchema, Type } from 'typebox'

export const text = Type.String()
export const time = Type.String({ format: 'date-time' })
export const uuid = Type.String({ format: 'uuid' })
export const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
/** An object of exactly these members. */
export const form = <P extends TProperties>(title: string, members: P) =>
  Type.Object(members, { title, additionalProperties: false })

/** The parameters of every listing. Without `pageToken` and `pageSize` everything comes at once. */
export const pageQuery = {
  pageToken: Type.Optional(Type.String({ description: 'Of the page before; empty for the first page' })),
  pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
}
/** The same of what may be many: it always comes in pages. */
export const manyQuery = {
  pageToken: pageQuery.pageToken,
  pageSize: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Default 100; more than 1,000 are never answered' }),
  ),
}
/** Absent or null on the last page. */
export const nextPage = { 'next-page-token': Type.Optional(orNull(text)) }

const storageProfile = Type.Object({ type: text }, { title: 'StorageProfile' })
const storageCredential = Type.Object({}, { title: 'StoredCredential' })

export const warehouseForm = form('Warehouse', {
  id: uuid,
  'warehouse-id': uuid,
  name: text,
  'project-id': text,
  'storage-profile': storageProfile,
  'storage-credential-type': Type.Optional(
    Type.Object({ type: text, 'credential-type': text }, { title: 'StorageCredentialType' }),
  ),
  'storage-credential': Type.Optional(storageCredential),
  'delete-profile': Type.Object(
    { type: text, 'expiration-seconds': Type.Optional(Type.Integer()) },
    { title: 'DeleteProfile' },
  ),
  'managed-by': text,
  status: Type.Union([Type.Literal('active'), Type.Literal('inactive')]),
  protected: Type.Boolean(),
  'allowed-format-versions': Type.Array(Type.Integer()),
  'default-format-version': Type.Optional(Type.Integer()),
  'allowed-locations': Type.Array(text),
  'verify-metadata-file': orNull(Type.Boolean()),
  'lakegate-inactive': Type.Array(text, { description: 'What is stored and has no effect yet' }),
  'updated-at': time,
})
export const warehousesForm = form('Warehouses', { warehouses: Type.Array(warehouseForm), ...nextPage })
export const protectionForm = form('Protection', { protected: Type.Boolean(), updated_at: time })

export const connectionForm = form('Connection', {
  'connection-id': uuid,
  name: text,
  'project-id': text,
  kind: text,
  config: Type.Object({}),
  'updated-at': time,
})
export const connectionsForm = form('Connections', {
  connections: Type.Array(connectionForm),
  ...nextPage,
})

export const mountForm = form('Mount', {
  'mount-id': uuid,
  'warehouse-id': uuid,
  namespace: Type.Array(text),
  'connection-id': uuid,
  'connection-name': text,
})
export const mountsForm = form('Mounts', { mounts: Type.Array(mountForm) })

export const projectForm = form('Project', { 'project-id': text, 'project-name': text })
export const projectsForm = form('Projects', { projects: Type.Array(projectForm) })

export const serverInfoForm = form('ServerInfo', {
  version: text,
  'lakekeeper-version': text,
  'server-id': uuid,
  bootstrapped: Type.Boolean(),
  'default-project-id': orNull(text),
  'authz-backend': text,
  'aws-system-identities-enabled': Type.Boolean(),
  'azure-system-identities-enabled': Type.Boolean(),
  'gcp-system-identities-enabled': Type.Boolean(),
  queues: Type.Array(text),
  'license-status': Type.Object({
    issuer: orNull(text),
    audience: orNull(text),
    'license-type': text,
    valid: Type.Boolean(),
  }),
})
