/** Commands on warehouses. */
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

/** References that the server resolves. A literal key is given by `--from`, where others cannot read it. */
const credentialAt = (place: `body.${string}`): readonly Option[] =>
  ['access-key-id', 'secret-access-key'].map((name) => ({
    name,
    about: 'env:NAME or file:/path at the server',
    to: `${place}.${name}`,
    form: 'reference',
  }))

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
  ...credentialAt('body.storage-credential'),
]

const isWire = (value: unknown): value is Wire => typeof value === 'object' && value !== null

const withKind = (credential: unknown): unknown =>
  isWire(credential) ? { type: 's3', 'credential-type': 'access-key', ...credential } : credential

/** The kind of a profile and of a credential is told from its members, where it was not said. */
const withKinds = (body: Wire): Wire => {
  const { 'storage-profile': profile, 'storage-credential': credential, ...rest } = body
  const kind = isWire(profile) && 'location' in profile ? 'file' : 's3'
  return {
    ...rest,
    ...(isWire(profile) ? { 'storage-profile': { type: kind, ...profile } } : {}),
    ...(credential === undefined ? {} : { 'storage-credential': withKind(credential) }),
  }
}

const credentialBody = ({ 'new-storage-credential': credential, ...rest }: Wire): Wire => ({
  ...rest,
  'new-storage-credential': credential === undefined ? null : withKind(credential),
})

const findings: Pick<CallCommand, 'view' | 'failure'> = {
  view: { list: 'checks', columns: ['name', 'status', 'error.message|reason'] },
  failure: 'valid',
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
  {
    name: 'warehouse credential',
    about: 'replace the storage credential of a warehouse; without one, it has none',
    line: 'POST /v1/warehouse/{id}/storage-credential',
    arguments: [warehouse],
    options: credentialAt('body.new-storage-credential'),
    from: true,
    shape: credentialBody,
    view: warehouseView,
  },
  {
    name: 'warehouse delete-profile',
    about: 'say whether dropped tables can be brought back',
    line: 'POST /v1/warehouse/{id}/delete-profile',
    arguments: [warehouse, { name: 'type', about: 'hard or soft', to: 'body.delete-profile.type' }],
    options: [
      {
        name: 'expiration-seconds',
        about: 'how long, for soft',
        to: 'body.delete-profile.expiration-seconds',
        form: 'number',
      },
    ],
    view: warehouseView,
  },
  {
    name: 'warehouse format-versions',
    about: 'say which versions of the table format a warehouse takes',
    line: 'POST /v1/warehouse/{id}/format-version-policy',
    arguments: [
      warehouse,
      {
        name: 'version',
        about: 'a version',
        to: 'body.allowed-format-versions',
        form: 'number',
        many: true,
      },
    ],
    options: [
      {
        name: 'default-format-version',
        about: 'of tables that name none',
        to: 'body.default-format-version',
        form: 'number',
      },
    ],
    view: warehouseView,
  },
  {
    name: 'warehouse validate new',
    about: 'try out what `warehouse create` would make',
    line: 'POST /v1/warehouse-creation-validation',
    arguments: [{ name: 'name', about: 'its name', to: 'body.warehouse-name' }],
    options: [...storageOptions, ...settingsOptions],
    from: true,
    shape: withKinds,
    ...findings,
  },
  {
    name: 'warehouse validate storage',
    about: 'try out what `warehouse storage` would set',
    line: 'POST /v1/warehouse/{id}/storage/validate-profile',
    arguments: [warehouse],
    options: storageOptions,
    from: true,
    shape: withKinds,
    ...findings,
  },
  {
    name: 'warehouse validate credential',
    about: 'try out what `warehouse credential` would set',
    line: 'POST /v1/warehouse/{id}/storage/validate-credential',
    arguments: [warehouse],
    options: credentialAt('body.new-storage-credential'),
    from: true,
    shape: credentialBody,
    ...findings,
  },
  {
    name: 'warehouse validate access',
    about: 'try out the storage of a warehouse as it is',
    line: 'POST /v1/warehouse/{id}/storage/validate-access',
    arguments: [warehouse],
    ...findings,
  },
]
