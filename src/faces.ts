import type { IcebergOperations } from '#gateway/operations/iceberg.ts'
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
import { icebergEndpoints } from '#http/iceberg/endpoints.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import type { Face } from '#http/router.ts'

export interface FaceOperations {
  readonly iceberg: IcebergOperations
  readonly management: ManagementOperations
}

/** Everything that is served, by path: the router and the document of the API are made of this list. */
export const createFaces = ({ iceberg, management }: FaceOperations): readonly Face[] => [
  { base: '/catalog', endpoints: icebergEndpoints(iceberg) },
  { base: '/management', endpoints: managementEndpoints(management) },
]
