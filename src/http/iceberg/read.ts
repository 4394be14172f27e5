/** From a request of the Iceberg face to the input of its operation. */
import type { PageQuery } from '#gateway/listing.ts'
import type { ListRelations } from '#gateway/operations/list-relations.ts'
import type { ListNamespaces } from '#gateway/operations/namespaces.ts'
import {
  type AtNamespace,
  type AtRelation,
  type InWarehouse,
  readIdentifier,
  type WithBody,
} from '#gateway/operations/place.ts'
import type {
  CommitRelation,
  CreateRelation,
  DropRelation,
  LoadRelation,
  RenameRelation,
} from '#gateway/operations/relations.ts'
import type { WarehouseReference } from '#gateway/warehouses.ts'
import { CatalogError } from '#model/errors.ts'
import { parseJsonObjectInSlices } from '#model/json.ts'
import { asArrayOf, asString } from '#model/json-read.ts'
import type { HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { etagOf, matches, versionIn } from './etag.ts'
import { readName, readNamespace, readParent, readViews } from './names.ts'

const byDefault: WarehouseReference = { by: 'default' }

const defaultOf = ({ caller: { project } }: HttpRequest): WarehouseReference =>
  project === undefined ? byDefault : { by: 'default', project }

const warehouseOf = (request: HttpRequest): WarehouseReference => {
  const { prefix } = request.params
  return prefix === undefined
    ? defaultOf(request)
    : { by: 'prefix', prefix: decodePart(prefix).toLowerCase() }
}

/** `GET /v1/config` names a warehouse in words. */
export const readConfig = (request: HttpRequest): InWarehouse => {
  const name = request.query.get('warehouse')
  if (!name) return { warehouse: defaultOf(request) }
  const { project } = request.caller
  return { warehouse: { by: 'name', name, ...(project === undefined ? {} : { project }) } }
}

/** Clients send `True` as well as `true`. */
const readFlag = (value: string | undefined): boolean => value?.toLowerCase() === 'true'

const readPage = ({ query }: HttpRequest): PageQuery => {
  const token = query.get('pageToken')
  const size = query.get('pageSize')
  if (size !== undefined && size !== '' && !/^[1-9][0-9]{0,8}$/.test(size))
    throw new CatalogError('BadRequestException', 'Invalid pageSize: a positive integer is required')
  return { ...(token === undefined ? {} : { token }), ...(size ? { size: Number(size) } : {}) }
}

const readBody = async ({ body }: HttpRequest): Promise<WithBody['body']> => ({
  bytes: body,
  json: await parseJsonObjectInSlices(body),
})

const wantsIds = ({ query }: HttpRequest): boolean => query.get('returnUuids') === 'true'

export const readListNamespaces = (request: HttpRequest): ListNamespaces => ({
  warehouse: warehouseOf(request),
  ...readParent(request.query.get('parent')),
  page: readPage(request),
  ids: wantsIds(request),
})

export const readAtNamespace = (request: HttpRequest): AtNamespace => ({
  warehouse: warehouseOf(request),
  namespace: readNamespace(request.params['namespace']),
})

export const readInNamespace = async (request: HttpRequest): Promise<CreateRelation> => ({
  ...readAtNamespace(request),
  body: await readBody(request),
})

/** The namespace that is created stands in the body. */
export const readCreateNamespace = async (request: HttpRequest): Promise<CreateRelation> => {
  const body = await readBody(request)
  return {
    warehouse: warehouseOf(request),
    namespace: asArrayOf(asString)(body.json['namespace'], 'namespace'),
    body,
  }
}

export const readListRelations = (request: HttpRequest): ListRelations => ({
  ...readAtNamespace(request),
  page: readPage(request),
  ids: wantsIds(request),
})

/** A table's and a view's name stand at one place of their templates. */
export const readAtRelation = (request: HttpRequest): AtRelation => {
  const { params } = request
  return {
    warehouse: warehouseOf(request),
    id: { namespace: readNamespace(params['namespace']), name: readName(params['table'] ?? params['view']) },
  }
}

/** Anything but `refs` means all. */
export const snapshotsOf = ({ query }: HttpRequest): LoadRelation['options']['snapshots'] =>
  query.get('snapshots')?.toLowerCase() === 'refs' ? 'refs' : 'all'

/** Read where somebody's word on it counts. */
const readThrough = ({ query }: HttpRequest): Pick<LoadRelation, 'referencedBy'> => ({
  referencedBy: () => {
    const views = query.raw('referenced-by')
    return views ? readViews(views) : []
  },
})

/** What says how it is loaded; most loads say nothing. */
const readAtLoad = (request: HttpRequest): AtRelation & Pick<LoadRelation, 'referencedBy'> =>
  request.query.has('referenced-by')
    ? { ...readAtRelation(request), ...readThrough(request) }
    : readAtRelation(request)

export const readLoad = (request: HttpRequest): LoadRelation => {
  const snapshots = snapshotsOf(request)
  const held = request.header('if-none-match')
  if (held === undefined) return { ...readAtLoad(request), options: { snapshots } }
  const representation = { snapshots, delegation: request.caller.delegation }
  const unlessVersion = versionIn(held, representation)
  return {
    ...readAtLoad(request),
    options: unlessVersion === undefined ? { snapshots } : { snapshots, unlessVersion },
    holds: (version) => matches(held, etagOf(version, representation)),
  }
}

export const readCommit = async (request: HttpRequest): Promise<CommitRelation> => ({
  ...readAtRelation(request),
  body: await readBody(request),
})

export const readDrop = (request: HttpRequest): DropRelation => ({
  ...readAtRelation(request),
  purge: readFlag(request.query.get('purgeRequested')),
})

export const readRename = async (request: HttpRequest): Promise<RenameRelation> => {
  const { json } = await readBody(request)
  return {
    warehouse: warehouseOf(request),
    source: readIdentifier(json['source'], 'source'),
    destination: readIdentifier(json['destination'], 'destination'),
  }
}

export const readTransaction = async (request: HttpRequest): Promise<InWarehouse & WithBody> => ({
  warehouse: warehouseOf(request),
  body: await readBody(request),
})
