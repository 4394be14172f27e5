/**
 * The warehouses of this process, opened from the records and kept. When records change, what changed is opened
 * anew and what did not is kept, so that sessions and sockets survive; what was replaced is closed a while later,
 * when the requests that still use it are gone.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '#catalog/catalog.ts'
import { createMountTable } from '#catalog/mounts.ts'
import { createUnopenedCatalog } from '#catalog/unopened.ts'
import type {
  ConnectionRecord,
  MountRecord,
  WarehouseRecord,
} from '#gateway/operations/management/registry.ts'
import type { OpenWarehouse, WarehouseDirectory } from '#gateway/warehouses.ts'
import type { Log } from './log.ts'

/** One reading of the records. */
export interface Records {
  readonly epoch: number
  readonly warehouses: readonly WarehouseRecord[]
  readonly connections: readonly ConnectionRecord[]
  readonly mounts: ReadonlyMap<string, readonly MountRecord[]>
  readonly projects: readonly ProjectPlace[]
  /** Of requests that name none. */
  readonly projectId: string
}

interface ProjectPlace {
  readonly id: string
  readonly name: string
  readonly defaultWarehouse: string | null
}

export interface DirectoryDeps {
  readonly loadRecords: () => Promise<Records>
  readonly loadEpoch: () => Promise<number>
  readonly openLocal: (warehouse: WarehouseRecord) => Promise<Catalog>
  readonly openUpstream: (connection: ConnectionRecord) => Promise<Catalog>
  readonly log: Log
  /** How long what was replaced stays open. */
  readonly graceMs?: number
}

export interface OpenDirectory extends WarehouseDirectory, AsyncDisposable {
  /** Resolves when every change committed before the call is in force here. */
  refresh(): Promise<void>
  /** True for a project that was there when the records were last read. */
  hasProject(id: string): boolean
  /** The project of an open warehouse. */
  projectOf(warehouseId: string): string | undefined
  /** The local catalog of a warehouse, whatever is mounted over it. */
  local(warehouseId: string): Catalog | undefined
  /** The upstream of a connection, whether or not it is mounted anywhere. */
  upstream(connectionId: string): Catalog | undefined
  readonly size: number
  readonly epoch: number
}

interface Opened {
  readonly version: number
  readonly catalog: Catalog
}

interface State {
  readonly records: Records | undefined
  readonly locals: ReadonlyMap<string, Opened>
  readonly upstreams: ReadonlyMap<string, Opened>
  readonly byId: ReadonlyMap<string, OpenWarehouse>
  readonly byName: ReadonlyMap<string, OpenWarehouse>
  /** By the id of the project. */
  readonly byDefault: ReadonlyMap<string, OpenWarehouse>
  readonly projects: ReadonlySet<string>
}

const emptyState: State = {
  records: undefined,
  locals: new Map(),
  upstreams: new Map(),
  byId: new Map(),
  byName: new Map(),
  byDefault: new Map(),
  projects: new Set(),
}

interface Versioned {
  readonly id: string
  readonly version: number
}

const openChanged = async <T extends Versioned>(
  records: readonly T[],
  kept: ReadonlyMap<string, Opened>,
  open: (record: T) => Promise<Catalog | undefined>,
): Promise<ReadonlyMap<string, Opened>> => {
  const opened = new Map<string, Opened>()
  for (const record of records) {
    const present = kept.get(record.id)
    if (present?.version === record.version) opened.set(record.id, present)
    else {
      const catalog = await open(record)
      if (catalog !== undefined) opened.set(record.id, { version: record.version, catalog })
    }
  }
  return opened
}

/**
 * What cannot be opened is logged, and the others do not suffer for it: a warehouse is left out, a mount stays as one
 * whose source is out. Without it its tables would be told missing, and its namespace would be free.
 */
const assemble = (
  records: Records,
  locals: State['locals'],
  upstreams: State['upstreams'],
): OpenWarehouse[] =>
  records.warehouses.flatMap((record) => {
    const local = locals.get(record.id)?.catalog
    if (record.status !== 'active' || local === undefined) return []
    const mounts = (records.mounts.get(record.id) ?? []).map((mount) => ({
      namespace: mount.namespace,
      connection: mount.connectionName,
      catalog: upstreams.get(mount.connectionId)?.catalog ?? createUnopenedCatalog(mount.connectionName),
    }))
    const { id, projectId, name } = record
    return [{ id, projectId, name, mounts: createMountTable({ local, mounts }) }]
  })

/** No project answers to another one's id or name, and none holds a `/`: a key names one warehouse. */
const namesOf = (
  opened: readonly OpenWarehouse[],
  projects: readonly ProjectPlace[],
): ReadonlyMap<string, OpenWarehouse> => {
  const names = new Map<string, OpenWarehouse>()
  const nameOf = new Map(projects.map(({ id, name }) => [id, name]))
  for (const warehouse of opened) {
    const { projectId, name } = warehouse
    names.set(`${projectId}/${name}`, warehouse)
    names.set(`${nameOf.get(projectId) ?? projectId}/${name}`, warehouse)
  }
  return names
}

const defaultsOf = (
  projects: readonly ProjectPlace[],
  byId: ReadonlyMap<string, OpenWarehouse>,
): ReadonlyMap<string, OpenWarehouse> => {
  const defaults = new Map<string, OpenWarehouse>()
  for (const { id, defaultWarehouse } of projects) {
    const warehouse = byId.get(defaultWarehouse ?? '')
    if (warehouse) defaults.set(id, warehouse)
  }
  return defaults
}

const buildState = async (deps: DirectoryDeps, before: State, records: Records): Promise<State> => {
  const locals = await openChanged(records.warehouses, before.locals, (record) =>
    deps.openLocal(record).catch((error: unknown) => {
      deps.log('warehouse.not-opened', { warehouse: record.name, error })
      return undefined
    }),
  )
  const upstreams = await openChanged(records.connections, before.upstreams, (record) =>
    deps.openUpstream(record).catch((error: unknown) => {
      deps.log('connection.not-opened', { connection: record.name, error })
      return undefined
    }),
  )
  const opened = assemble(records, locals, upstreams)
  const byId = new Map(opened.map((warehouse) => [warehouse.id, warehouse]))
  return {
    records,
    locals,
    upstreams,
    byId,
    byName: namesOf(opened, records.projects),
    byDefault: defaultsOf(records.projects, byId),
    projects: new Set(records.projects.map(({ id }) => id)),
  }
}

const replacedBy = (before: State, after: State): readonly Catalog[] => {
  const still = new Set([...after.locals.values(), ...after.upstreams.values()])
  return [...before.locals.values(), ...before.upstreams.values()]
    .filter((opened) => !still.has(opened))
    .map(({ catalog }) => catalog)
}

/** Runs one refresh at a time; who calls during one gets the next one, which sees his change. */
const createTurnstile = (work: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (running === undefined) return start()
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return start()
      })
    return next
  }
}

const createClosing = (deps: DirectoryDeps) => {
  const stop = new AbortController()
  const closing = new Set<Promise<void>>()
  const close = async (catalogs: readonly Catalog[]): Promise<void> => {
    await sleep(deps.graceMs ?? 120_000, undefined, { signal: stop.signal, ref: false }).catch(() => {})
    for (const catalog of catalogs) await catalog[Symbol.asyncDispose]()
  }
  return {
    later: (catalogs: readonly Catalog[]): void => {
      if (catalogs.length === 0) return
      const closed = close(catalogs)
        .catch((error: unknown) => deps.log('catalog.not-closed', { error }))
        .finally(() => closing.delete(closed))
      closing.add(closed)
    },
    now: async (): Promise<void> => {
      stop.abort()
      await Promise.all(closing)
    },
  }
}

export const openWarehouseDirectory = async (deps: DirectoryDeps): Promise<OpenDirectory> => {
  let state = emptyState
  const closing = createClosing(deps)
  const refresh = createTurnstile(async () => {
    if (state.records !== undefined && (await deps.loadEpoch()) === state.records.epoch) return
    const after = await buildState(deps, state, await deps.loadRecords())
    closing.later(replacedBy(state, after))
    state = after
  })
  await refresh()
  const defaultProject = (): string => state.records?.projectId ?? ''
  const byPrefix = (id: string): OpenWarehouse | undefined => state.byId.get(id)
  return {
    refresh,
    byPrefix,
    byName: (name, project = defaultProject()) =>
      state.byName.get(name.includes('/') ? name : `${project}/${name}`),
    byDefault: (project = defaultProject()) => state.byDefault.get(project),
    hasProject: (id) => state.projects.has(id),
    projectOf: (warehouseId) => byPrefix(warehouseId)?.projectId,
    local: (id) => state.locals.get(id)?.catalog,
    upstream: (id) => state.upstreams.get(id)?.catalog,
    get size() {
      return state.byId.size
    },
    get epoch() {
      return state.records?.epoch ?? 0
    },
    [Symbol.asyncDispose]: async () => {
      await closing.now()
      for (const catalog of replacedBy(state, emptyState)) await catalog[Symbol.asyncDispose]()
      state = emptyState
    },
  }
}
