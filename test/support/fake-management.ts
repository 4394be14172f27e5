/** A management face in memory: the client's side of `/management/v1`, enough for `apply`. */
import type { ManagementClient, Wire } from '#cli/management-client.ts'

export interface FakeManagement extends ManagementClient {
  /** Method and path of every change, in order. */
  readonly changes: readonly string[]
}

interface Tables {
  readonly connections: Wire[]
  readonly warehouses: Wire[]
  readonly mounts: Wire[]
}

const change = (rows: Wire[], id: string | undefined, members: Wire): void => {
  const at = rows.findIndex((row) => Object.values(row)[0] === id)
  if (at < 0) throw new Error(`nothing has the id ${id}`)
  rows[at] = { ...rows[at], ...members }
}

/** The id is a row's first member. */
const remove = (rows: Wire[], id: string | undefined): void => {
  const at = rows.findIndex((row) => Object.values(row)[0] === id)
  if (at < 0) throw new Error(`nothing has the id ${id}`)
  rows.splice(at, 1)
}

const postTo = (tables: Tables, [kind, id, member]: readonly (string | undefined)[], body: Wire): void => {
  const fresh = `${kind}-${tables.connections.length + tables.warehouses.length + tables.mounts.length}`
  if (kind === 'connection' && id === undefined) {
    const { 'connection-name': name, ...rest } = body
    tables.connections.push({ 'connection-id': fresh, name, ...rest })
  } else if (kind === 'warehouse' && id === undefined) {
    const { 'warehouse-name': name, ...rest } = body
    tables.warehouses.push({ 'warehouse-id': fresh, name, ...rest })
  } else if (member === 'mount') {
    const connection = tables.connections.find((row) => row['connection-id'] === body['connection-id'])
    const row = {
      'mount-id': `m${fresh}`,
      'warehouse-id': id,
      'connection-name': connection?.['name'],
      ...body,
    }
    tables.mounts.push(row)
  } else if (kind === 'connection') {
    change(tables.connections, id, body)
  } else change(tables.warehouses, id, body)
}

export const createFakeManagement = (): FakeManagement => {
  const tables: Tables = { connections: [], warehouses: [], mounts: [] }
  const changes: string[] = []
  const partsOf = (path: string): string[] => path.replace(/\?.*/, '').split('/').slice(1)
  return {
    changes,
    get: async (path) => {
      const [kind, id] = partsOf(path)
      if (kind === 'connection') return { connections: [...tables.connections] }
      if (id === undefined) return { warehouses: [...tables.warehouses] }
      return { mounts: tables.mounts.filter((row) => row['warehouse-id'] === id) }
    },
    post: async (path, body) => {
      changes.push(`POST ${path}`)
      postTo(tables, partsOf(path), JSON.parse(JSON.stringify(body)))
      return {}
    },
    remove: async (path) => {
      changes.push(`DELETE ${path}`)
      const [kind, id, , mountId] = partsOf(path)
      if (mountId !== undefined) remove(tables.mounts, mountId)
      else if (kind === 'connection') remove(tables.connections, id)
      else remove(tables.warehouses, id)
    },
  }
}
