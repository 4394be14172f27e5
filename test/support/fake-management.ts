/** A management face in memory: the client's side of `/management/v1`, enough for `apply`. */
import { isDeepStrictEqual } from 'node:util'
import { type ManagementClient, ManagementError, type Wire } from '#cli/management-client.ts'

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

/** As the real one: a name, or a place in a warehouse, is had once. */
const add = (rows: Wire[], row: Wire, unique: readonly string[]): void => {
  const rival = rows.some((other) => unique.every((name) => isDeepStrictEqual(other[name], row[name])))
  if (rival) throw new ManagementError('already exists', 409)
  rows.push(row)
}

/** The id is a row's first member. */
const remove = (rows: Wire[], id: string | undefined): void => {
  const at = rows.findIndex((row) => Object.values(row)[0] === id)
  if (at < 0) throw new ManagementError(`nothing has the id ${id}`, 404)
  rows.splice(at, 1)
}

const postTo = (tables: Tables, [kind, id, member]: readonly (string | undefined)[], body: Wire): void => {
  const fresh = `${kind}-${tables.connections.length + tables.warehouses.length + tables.mounts.length}`
  if (kind === 'connection' && id === undefined) {
    const { 'connection-name': name, ...rest } = body
    add(tables.connections, { 'connection-id': fresh, name, ...rest }, ['name'])
  } else if (kind === 'warehouse' && id === undefined) {
    const { 'warehouse-name': name, ...rest } = body
    add(tables.warehouses, { 'warehouse-id': fresh, name, ...rest }, ['name'])
  } else if (member === 'mount') {
    const connection = tables.connections.find((row) => row['connection-id'] === body['connection-id'])
    const row = {
      'mount-id': `m${fresh}`,
      'warehouse-id': id,
      'connection-name': connection?.['name'],
      ...body,
    }
    add(tables.mounts, row, ['warehouse-id', 'namespace'])
  } else if (kind === 'connection') {
    change(tables.connections, id, body)
  } else change(tables.warehouses, id, body)
}

/** `rules`: the files of the set in force. */
export const createFakeManagement = (rules: Readonly<Record<string, string>> = {}): FakeManagement => {
  const tables: Tables = { connections: [], warehouses: [], mounts: [] }
  const changes: string[] = []
  const partsOf = (path: string): string[] => path.replace(/\?.*/, '').split('/').slice(1)
  return {
    changes,
    get: async (path) => {
      const [kind, id] = partsOf(path)
      if (kind === 'rules') return { sources: rules }
      if (kind === 'connection') return { connections: [...tables.connections] }
      if (id === undefined) return { warehouses: [...tables.warehouses] }
      if (!tables.warehouses.some((row) => row['warehouse-id'] === id))
        throw new ManagementError(`nothing has the id ${id}`, 404)
      return { mounts: tables.mounts.filter((row) => row['warehouse-id'] === id) }
    },
    post: async (path, body) => {
      changes.push(`POST ${path}`)
      postTo(tables, partsOf(path), JSON.parse(JSON.stringify(body)))
      return {}
    },
    put: async (path) => {
      changes.push(`PUT ${path}`)
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
