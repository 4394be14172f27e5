/** From a request of the management face to the input of its operation. */
import type { Static, TSchema } from 'typebox'
import {
  type CreateConnection,
  connectionConfigSchema,
  createConnectionSchema,
  renameConnectionSchema,
} from '#gateway/operations/management/connections.ts'
import { type AtMount, type CreateMount, createMountSchema } from '#gateway/operations/management/mounts.ts'
import type { ById } from '#gateway/operations/management/place.ts'
import {
  type CreateWarehouse,
  createWarehouseSchema,
  type ListWarehouses,
  protectionSchema,
  renameWarehouseSchema,
  warehouseSettingsSchema,
  warehouseStorageSchema,
} from '#gateway/operations/management/warehouses.ts'
import { CatalogError } from '#model/errors.ts'
import { parseJsonObject } from '#model/json.ts'
import { decodeStrictly } from '#model/schema.ts'
import type { HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'

const limits = { maxBytes: 1024 * 1024, maxDepth: 32, maxMembers: 10_000 }

const bodyOf = <S extends TSchema>(schema: S, { body }: HttpRequest): Static<S> =>
  decodeStrictly(schema, parseJsonObject(body, limits), 'request')

export const readNothing = (): object => ({})

/** Ids are uuids, in any letter case. */
export const readId = ({ params }: HttpRequest): ById => ({
  id: decodePart(params['id'] ?? '').toLowerCase(),
})

export const readMountId = (request: HttpRequest): AtMount => ({
  ...readId(request),
  mountId: decodePart(request.params['mount'] ?? '').toLowerCase(),
})

const withBody =
  <S extends TSchema>(schema: S) =>
  (request: HttpRequest): ById & { readonly body: Static<S> } => ({
    ...readId(request),
    body: bodyOf(schema, request),
  })

/** Absent: those in use. The list may be asked for in either spelling. */
export const readListWarehouses = ({ query }: HttpRequest): ListWarehouses => {
  const status = query.get('warehouseStatus') ?? 'active'
  if (status !== 'active' && status !== 'inactive' && status !== 'any')
    throw new CatalogError('BadRequestException', 'Invalid warehouseStatus: active, inactive or any')
  return { status }
}

export const readCreateWarehouse = (request: HttpRequest): CreateWarehouse =>
  bodyOf(createWarehouseSchema, request)

export const readRenameWarehouse = (request: HttpRequest) => ({
  ...readId(request),
  newName: bodyOf(renameWarehouseSchema, request)['new-name'],
})

export const readWarehouseStorage = withBody(warehouseStorageSchema)
export const readWarehouseSettings = withBody(warehouseSettingsSchema)

export const readProtection = (request: HttpRequest) => ({
  ...readId(request),
  protected: bodyOf(protectionSchema, request).protected,
})

export const readCreateConnection = (request: HttpRequest): CreateConnection =>
  bodyOf(createConnectionSchema, request)

export const readRenameConnection = (request: HttpRequest) => ({
  ...readId(request),
  newName: bodyOf(renameConnectionSchema, request)['new-name'],
})

export const readConnectionConfig = withBody(connectionConfigSchema)

export const readCreateMount = (request: HttpRequest): CreateMount => withBody(createMountSchema)(request)
