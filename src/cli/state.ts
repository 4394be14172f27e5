/** The declared state and the state in force, both in one canonical form, so that comparing them is comparing values. */
import type { Wire } from './management-client.ts'

/** As `state:` of `lakegate.yaml` has it. */
export interface DeclaredState {
  readonly connections?: readonly DeclaredConnection[]
  readonly warehouses?: readonly DeclaredWarehouse[]
}

interface DeclaredConnection {
  readonly name: string
  readonly kind: string
  readonly [detail: string]: unknown
}

export interface DeclaredWarehouse {
  readonly name: string
  readonly location: string
  readonly storage?: Wire
  readonly 'allowed-locations'?: readonly string[]
  readonly 'verify-metadata-file'?: boolean
  readonly mounts?: readonly { readonly namespace: readonly string[]; readonly connection: string }[]
}

export interface ConnectionState {
  readonly name: string
  readonly kind: string
  readonly config: Wire
}

export interface WarehouseState {
  readonly name: string
  readonly location: string
  readonly storage: Wire
  readonly allowedLocations: readonly string[]
  /** Null: as the kind of store suggests. */
  readonly verifyMetadataFile: boolean | null
}

export interface MountState {
  readonly warehouse: string
  readonly namespace: readonly string[]
  readonly connection: string
}

export type Known<T> = T & { readonly id: string }

/** What the server has, found by name. */
export interface CurrentState {
  readonly connections: readonly Known<ConnectionState>[]
  readonly warehouses: readonly Known<WarehouseState>[]
  readonly mounts: readonly Known<MountState>[]
}

export interface WantedState {
  readonly connections: readonly ConnectionState[]
  readonly warehouses: readonly WarehouseState[]
  readonly mounts: readonly MountState[]
}

const bareLocation = (location: string): string => location.replace(/(?<=[^/])\/+$/, '')

const wantedWarehouse = (declared: DeclaredWarehouse): WarehouseState => ({
  name: declared.name,
  location: bareLocation(declared.location),
  storage: declared.storage ?? {},
  allowedLocations: declared['allowed-locations'] ?? [],
  verifyMetadataFile: declared['verify-metadata-file'] ?? null,
})

export const wantedState = (declared: DeclaredState): WantedState => ({
  connections: (declared.connections ?? []).map(({ name, kind, ...config }) => ({ name, kind, config })),
  warehouses: (declared.warehouses ?? []).map(wantedWarehouse),
  mounts: (declared.warehouses ?? []).flatMap((warehouse) =>
    (warehouse.mounts ?? []).map((mount) => ({ warehouse: warehouse.name, ...mount })),
  ),
})

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const object = (value: unknown): Wire => (typeof value === 'object' && value !== null ? (value as Wire) : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A file profile is a place alone; an S3 profile is a bucket, a prefix and how the bucket is reached. */
export const storageProfile = ({ location, storage }: WarehouseState): Wire => {
  if (location.startsWith('file:')) return { type: 'file', location }
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? []
  return {
    type: 's3',
    bucket,
    ...(prefix === '' ? {} : { 'key-prefix': prefix }),
    region: storage['region'] ?? 'us-east-1',
    ...(storage['endpoint'] === undefined ? {} : { endpoint: storage['endpoint'], flavor: 's3-compat' }),
    ...(storage['path-style'] === undefined ? {} : { 'path-style-access': storage['path-style'] }),
    'sts-enabled': false,
  }
}

export const storageCredential = ({ storage }: WarehouseState): Wire | undefined =>
  storage['access-key-id'] === undefined
    ? undefined
    : {
        type: 's3',
        'credential-type': 'access-key',
        'access-key-id': storage['access-key-id'],
        'secret-access-key': storage['secret-access-key'],
      }

const locationOf = (profile: Wire): string =>
  profile['type'] === 's3'
    ? bareLocation(`s3://${text(profile['bucket'])}/${text(profile['key-prefix'])}`).replace(/\/$/, '')
    : bareLocation(text(profile['location']))

const withoutAbsent = (wire: Wire): Wire =>
  Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined && value !== null))

const warehouseOf = (wire: Wire): Known<WarehouseState> => {
  const profile = object(wire['storage-profile'])
  const credential = object(wire['storage-credential'])
  const s3 = profile['type'] === 's3'
  return {
    id: text(wire['warehouse-id']),
    name: text(wire['name']),
    location: locationOf(profile),
    storage: withoutAbsent({
      endpoint: profile['endpoint'],
      region: s3 ? profile['region'] : undefined,
      'path-style': profile['path-style-access'],
      'access-key-id': credential['access-key-id'],
      'secret-access-key': credential['secret-access-key'],
    }),
    allowedLocations: list(wire['allowed-locations']).map(text),
    verifyMetadataFile: (wire['verify-metadata-file'] ?? null) as boolean | null,
  }
}

/** From the lists of the management API. */
export const currentState = (wires: {
  readonly connections: Wire
  readonly warehouses: Wire
  /** One list a warehouse, in the order of the warehouses. */
  readonly mounts: readonly Wire[]
}): CurrentState => {
  const warehouses = list(wires.warehouses['warehouses']).map((wire) => warehouseOf(object(wire)))
  return {
    warehouses,
    connections: list(wires.connections['connections']).map((wire) => ({
      id: text(object(wire)['connection-id']),
      name: text(object(wire)['name']),
      kind: text(object(wire)['kind']),
      config: object(object(wire)['config']),
    })),
    mounts: wires.mounts.flatMap((wire, i) =>
      list(wire['mounts']).map((mount) => ({
        id: text(object(mount)['mount-id']),
        warehouse: warehouses[i]?.name ?? '',
        namespace: list(object(mount)['namespace']).map(text),
        connection: text(object(mount)['connection-name']),
      })),
    ),
  }
}

/** An absent region means the one that the profile is given. */
export const comparableStorage = ({ location, storage }: WarehouseState): Wire =>
  location.startsWith('s3:') ? { region: 'us-east-1', ...storage } : {}
