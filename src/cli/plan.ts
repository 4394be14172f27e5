/** What must be done to bring the state in force to the declared one. Pure: the same states give the same plan. */
import { isDeepStrictEqual } from 'node:util'
import {
  type ConnectionState,
  type CurrentState,
  comparableStorage,
  type Known,
  type MountState,
  type WantedState,
  type WarehouseState,
} from './state.ts'

interface Difference {
  readonly what: string
  readonly from: unknown
  readonly to: unknown
}

export type Step =
  | { readonly do: 'create-connection'; readonly connection: ConnectionState }
  | {
      readonly do: 'change-connection'
      readonly id: string
      readonly connection: ConnectionState
      readonly differences: readonly Difference[]
    }
  | { readonly do: 'create-warehouse'; readonly warehouse: WarehouseState }
  | {
      readonly do: 'change-storage' | 'change-settings'
      readonly id: string
      readonly warehouse: WarehouseState
      readonly differences: readonly Difference[]
    }
  | { readonly do: 'create-mount'; readonly mount: MountState }
  | { readonly do: 'remove-mount'; readonly mount: Known<MountState> }
  | { readonly do: 'remove-warehouse'; readonly warehouse: Known<WarehouseState> }
  | { readonly do: 'remove-connection'; readonly connection: Known<ConnectionState> }

export interface Plan {
  /** In the order in which they must be taken. */
  readonly steps: readonly Step[]
  /** In force and not declared; removed only when pruning. */
  readonly kept: readonly Step[]
}

const difference = (what: string, from: unknown, to: unknown): readonly Difference[] =>
  isDeepStrictEqual(from, to) ? [] : [{ what, from, to }]

/** Nothing was said of a member with value null or the empty string beyond its absence. */
const said = (config: object): object =>
  Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )

const memberDifferences = (from: object, to: object): readonly Difference[] => {
  const [before, after] = [said(from), said(to)] as Record<string, unknown>[]
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  return [...names].flatMap((name) => difference(name, before?.[name], after?.[name]))
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [item.name, item]))

const planConnection = (
  wanted: ConnectionState,
  current: Known<ConnectionState> | undefined,
): readonly Step[] => {
  if (current === undefined) return [{ do: 'create-connection', connection: wanted }]
  const differences = [
    ...difference('kind', current.kind, wanted.kind),
    ...memberDifferences(current.config, wanted.config),
  ]
  return differences.length === 0
    ? []
    : [{ do: 'change-connection', id: current.id, connection: wanted, differences }]
}

const planWarehouse = (
  wanted: WarehouseState,
  current: Known<WarehouseState> | undefined,
): readonly Step[] => {
  if (current === undefined) return [{ do: 'create-warehouse', warehouse: wanted }]
  const storage = [
    ...difference('location', current.location, wanted.location),
    ...memberDifferences(comparableStorage(current), comparableStorage(wanted)),
  ]
  const settings = [
    ...difference('allowed-locations', current.allowedLocations, wanted.allowedLocations),
    ...difference('verify-metadata-file', current.verifyMetadataFile, wanted.verifyMetadataFile),
  ]
  const changed = { id: current.id, warehouse: wanted }
  return [
    ...(storage.length > 0 ? [{ do: 'change-storage', ...changed, differences: storage } as const] : []),
    ...(settings.length > 0 ? [{ do: 'change-settings', ...changed, differences: settings } as const] : []),
  ]
}

const samePoint = (a: MountState, b: MountState): boolean =>
  a.warehouse === b.warehouse && isDeepStrictEqual(a.namespace, b.namespace)

/** Another connection is another mount: the old one goes first. */
const planMount = (wanted: MountState, current: readonly Known<MountState>[]): readonly Step[] => {
  const present = current.find((mount) => samePoint(mount, wanted))
  if (present?.connection === wanted.connection) return []
  return [
    ...(present === undefined ? [] : [{ do: 'remove-mount', mount: present } as const]),
    { do: 'create-mount', mount: wanted },
  ]
}

const undeclared = (wanted: WantedState, current: CurrentState): readonly Step[] => [
  ...current.mounts
    .filter((mount) => !wanted.mounts.some((other) => samePoint(mount, other)))
    .map((mount) => ({ do: 'remove-mount', mount }) as const),
  ...current.warehouses
    .filter(({ name }) => !byName(wanted.warehouses).has(name))
    .map((warehouse) => ({ do: 'remove-warehouse', warehouse }) as const),
  ...current.connections
    .filter(({ name }) => !byName(wanted.connections).has(name))
    .map((connection) => ({ do: 'remove-connection', connection }) as const),
]

/** Connections before warehouses before mounts; removals, where asked for, in the opposite order and last. */
export const planOf = (wanted: WantedState, current: CurrentState, options: { prune: boolean }): Plan => {
  const connections = byName(current.connections)
  const warehouses = byName(current.warehouses)
  const rest = undeclared(wanted, current)
  return {
    steps: [
      ...wanted.connections.flatMap((connection) =>
        planConnection(connection, connections.get(connection.name)),
      ),
      ...wanted.warehouses.flatMap((warehouse) => planWarehouse(warehouse, warehouses.get(warehouse.name))),
      ...wanted.mounts.flatMap((mount) => planMount(mount, current.mounts)),
      ...(options.prune ? rest : []),
    ],
    kept: options.prune ? [] : rest,
  }
}
