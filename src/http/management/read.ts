/** From a request of the management face, as its schemas read it, to the input of its operation. */
import { type Static, Type } from 'typebox'
import type { AtMount } from '#gateway/operations/management/mounts.ts'
import type { PageAsked } from '#gateway/operations/management/paging.ts'
import type { ById } from '#gateway/operations/management/place.ts'
import type { ListWarehouses } from '#gateway/operations/management/warehouses.ts'
import type { HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { pageQuery } from './schemas.ts'

export const readNothing = (): object => ({})

/** Ids are uuids, in any letter case. */
export const readId = ({ params }: HttpRequest): ById => ({
  id: decodePart(params['id'] ?? '').toLowerCase(),
})

export const readMountId = (request: HttpRequest): AtMount => ({
  ...readId(request),
  mountId: decodePart(request.params['mount'] ?? '').toLowerCase(),
})

interface WithBody<Body> {
  readonly body: Body
}

/** The body is the whole input. */
export const readBody = <Body>(_request: HttpRequest, { body }: WithBody<Body>): Body => body

export const readIdAndBody = <Body>(
  request: HttpRequest,
  { body }: WithBody<Body>,
): ById & WithBody<Body> => ({
  ...readId(request),
  body,
})

const status = Type.Union([Type.Literal('active'), Type.Literal('inactive'), Type.Literal('any')])

export const listWarehousesQuery = {
  warehouseStatus: Type.Optional(Type.Array(status)),
  projectId: Type.Optional(Type.String()),
  ...pageQuery,
}

interface ListWarehousesSaid {
  readonly query: PageAsked & {
    readonly warehouseStatus?: Static<typeof status>[]
    readonly projectId?: string
  }
}

/** No status: those in use. */
export const readListWarehouses = (_request: HttpRequest, { query }: ListWarehousesSaid): ListWarehouses => {
  const { warehouseStatus = ['active'], projectId, ...page } = query
  return {
    ...page,
    ...(projectId === undefined ? {} : { project: projectId }),
    statuses: warehouseStatus.flatMap((one) => (one === 'any' ? ['active', 'inactive'] : [one])),
  }
}

/** The query is the whole input. */
export const readPage = (_request: HttpRequest, { query }: { readonly query: PageAsked }): PageAsked => query

export const readNewName = (request: HttpRequest, { body }: WithBody<{ readonly 'new-name': string }>) => ({
  ...readId(request),
  newName: body['new-name'],
})

export const readProtection = (
  request: HttpRequest,
  { body }: WithBody<{ readonly protected: boolean }>,
) => ({
  ...readId(request),
  protected: body.protected,
})
