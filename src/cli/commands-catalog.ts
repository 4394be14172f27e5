/** Commands on warehouses, connections and mounts. */
import type { Argument, CallCommand, Option, View } from './command.ts'
import type { Wire } from './management-client.ts'

const warehouse: Argument = { name: 'warehouse', about: 'the warehouse', kind: 'warehouse', to: 'path.id' }

const warehouseView: View = {
  columns: [
    'warehouse-id',
    'name',
    'status',
    'protected',
    'storage-profile.type',
    'storage-profile.location|storage-profile.bucket',
    'project-id',
  ],
}

/** Enough for a folder and for a bucket; whatever else a profile may have is given by `--from`. */
const storageOptions: readonly Option[] = [
  {
    name: 'location',
    about: 'file:///folder, where the data lies on this machine',
    to: 'body.storage-profile.location',
  },
  { name: 'bucket', about: 'the S3 bucket', to: 'body.storage-profile.bucket' },
  { name: 'key-prefix', about: 'folder in the bucket', to: 'body.storage-profile.key-prefix' },
  { name: 'region', about: 'region of the bucket', to: 'body.storage-profile.region' },
  { name: 'endpoint', about: 'address of a store that speaks S3', to: 'body.storage-profile.endpoint' },
  {
    name: 'path-style',
    about: 'the bucket is named in the path',
    to: 'body.storage-profile.path-style-access',
    form: 'switch',
  },
  {
    name: 'access-key-id',
    about: 'env:NAME or file:/path at the server',
    to: 'body.storage-credential.access-key-id',
    form: 'reference',
  },
  {
    name: 'secret-access-key',
    about: 'env:NAME or file:/path at the server',
    to: 'body.storage-credential.secret-access-key',
    form: 'reference',
  },
]

const isWire = (value: unknown): value is Wire => typeof value === 'object' && value !== null

/** The kind of a profile and of a credential is told from its members, where it was not said. */
const withKinds = (body: Wire): Wire => {
  const { 'storage-profile': profile, 'storage-credential': credential, ...rest } = body
  const kind = isWire(profile) && 'location' in profile ? 'file' : 's3'
  return {
    ...rest,
    ...(isWire(profile) ? { 'storage-profile': { type: kind, ...profile } } : {}),
    ...(isWire(credential)
      ? { 'storage-credential': { type: 's3', 'credential-type': 'access-key', ...credential } }
      : {}),
  }
}

const settingsOptions: readonly Option[] = [
  {
    name: 'allowed-locations',
    about: 'other places where tables may lie, with commas between',
    to: 'body.allowed-locations',
    form: 'list',
  },
  {
    name: 'verify-metadata-file',
    about: 'true or false: whether each load looks for the metadata file',
    to: 'body.verify-metadata-file',
    form: 'boolean',
  },
]

export const warehouseCommands: readonly CallCommand[] = [
  {
    name: 'warehouse list',
    about: 'list the warehouses of the project',
    line: 'GET /v1/warehouse',
    options: [{ name: 'status', about: 'active, inactive or any', to: 'query.warehouseStatus' }],
    view: {
      list: 'warehouses',
      columns: ['warehouse-id', 'name', 'status', 'protected', 'storage-profile.type'],
    },
  },
  {
    name: 'warehouse get',
    about: 'show a warehouse',
    line: 'GET /v1/warehouse/{id}',
    arguments: [warehouse],
    view: warehouseView,
  },
  {
    name: 'warehouse create',
    about: 'make a warehouse, once its storage was tried out',
    line: 'POST /v1/warehouse',
    arguments: [{ name: 'name', about: 'its name', to: 'body.warehouse-name' }],
    options: [...storageOptions, ...settingsOptions],
    from: true,
    shape: withKinds,
    view: warehouseView,
  },
  {
    name: 'warehouse rename',
    about: 'give a warehouse another name; its id and content stay',
    line: 'POST /v1/warehouse/{id}/rename',
    arguments: [warehouse, { name: 'new-name', about: 'its new name', to: 'body.new-name' }],
    view: warehouseView,
  },
  {
    name: 'warehouse storage',
    about: 'replace the storage profile and credential of a warehouse',
    line: 'POST /v1/warehouse/{id}/storage',
    arguments: [warehouse],
    options: storageOptions,
    from: true,
    shape: withKinds,
    view: warehouseView,
  },
  {
    name: 'warehouse settings',
    about: 'change settings of a warehouse; what is left out stays',
    line: 'POST /v1/warehouse/{id}/settings',
    arguments: [warehouse],
    options: settingsOptions,
    from: true,
    view: warehouseView,
  },
  {
    name: 'warehouse protect',
    about: 'keep a warehouse from being deleted',
    line: 'POST /v1/warehouse/{id}/protection',
    arguments: [warehouse],
    body: { protected: true },
  },
  {
    name: 'warehouse unprotect',
    about: 'let a warehouse be deleted again',
    line: 'POST /v1/warehouse/{id}/protection',
    arguments: [warehouse],
    body: { protected: false },
  },
  {
    name: 'warehouse activate',
    about: 'serve a warehouse again',
    line: 'POST /v1/warehouse/{id}/activate',
    arguments: [warehouse],
    view: warehouseView,
  },
  {
    name: 'warehouse deactivate',
    about: 'keep a warehouse, and do not serve it',
    line: 'POST /v1/warehouse/{id}/deactivate',
    arguments: [warehouse],
    view: warehouseView,
  },
  {
    name: 'warehouse delete',
    about: 'delete an empty warehouse',
    line: 'DELETE /v1/warehouse/{id}',
    arguments: [warehouse],
  },
]

const connection: Argument = {
  name: 'connection',
  about: 'the connection',
  kind: 'connection',
  to: 'path.id',
}
const connectionView: View = { columns: ['connection-id', 'name', 'kind', 'config', 'project-id'] }

const connectionOptions: readonly Option[] = [
  { name: 'uri', about: 'address of the upstream', to: 'body.config.uri' },
  { name: 'upstream-warehouse', about: 'warehouse to ask the upstream for', to: 'body.config.warehouse' },
]

export const connectionCommands: readonly CallCommand[] = [
  {
    name: 'connection list',
    about: 'list the connections of the project',
    line: 'GET /v1/connection',
    view: { list: 'connections', columns: ['connection-id', 'name', 'kind', 'config.uri'] },
  },
  {
    name: 'connection get',
    about: 'show a connection',
    line: 'GET /v1/connection/{id}',
    arguments: [connection],
    view: connectionView,
  },
  {
    name: 'connection create',
    about: 'make a connection to an upstream; how to sign in there is given by --from',
    line: 'POST /v1/connection',
    arguments: [{ name: 'name', about: 'its name', to: 'body.connection-name' }],
    options: [
      { name: 'kind', about: 'kind of upstream, e.g. iceberg-rest', to: 'body.kind' },
      ...connectionOptions,
    ],
    from: true,
    view: connectionView,
  },
  {
    name: 'connection rename',
    about: 'give a connection another name',
    line: 'POST /v1/connection/{id}/rename',
    arguments: [connection, { name: 'new-name', about: 'its new name', to: 'body.new-name' }],
    view: connectionView,
  },
  {
    name: 'connection config',
    about: 'replace the configuration of a connection',
    line: 'POST /v1/connection/{id}/config',
    arguments: [connection],
    options: connectionOptions,
    from: true,
    view: connectionView,
  },
  {
    name: 'connection delete',
    about: 'delete a connection that no mount uses',
    line: 'DELETE /v1/connection/{id}',
    arguments: [connection],
  },
]

const mount: Argument = {
  name: 'mount',
  about: 'the mount, by id or namespace',
  kind: 'mount',
  to: 'path.mount',
}
const mountColumns = ['mount-id', 'namespace', 'connection-name', 'connection-id']

export const mountCommands: readonly CallCommand[] = [
  {
    name: 'mount list',
    about: 'list the mounts of a warehouse',
    line: 'GET /v1/warehouse/{id}/mount',
    arguments: [warehouse],
    view: { list: 'mounts', columns: mountColumns },
  },
  {
    name: 'mount get',
    about: 'show a mount',
    line: 'GET /v1/warehouse/{id}/mount/{mount}',
    arguments: [warehouse, mount],
    view: { columns: mountColumns },
  },
  {
    name: 'mount create',
    about: 'show an upstream below a namespace of a warehouse',
    line: 'POST /v1/warehouse/{id}/mount',
    arguments: [
      warehouse,
      {
        name: 'namespace',
        about: 'its levels, e.g. a/b; . is the root',
        to: 'body.namespace',
        form: 'levels',
      },
      { name: 'connection', about: 'the upstream', kind: 'connection', to: 'body.connection-id' },
    ],
    view: { columns: mountColumns },
  },
  {
    name: 'mount delete',
    about: 'show an upstream no longer; nothing is deleted there',
    line: 'DELETE /v1/warehouse/{id}/mount/{mount}',
    arguments: [warehouse, mount],
  },
]
