import type { GovernanceOperations } from '#gateway/operations/governance/governance.ts'
import type { IcebergOperations } from '#gateway/operations/iceberg.ts'
import type { ManagementOperations } from '#gateway/operations/management/management.ts'
import type { OpaOperations } from '#gateway/operations/opa/opa.ts'
import type { PermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import type { ScimOperations } from '#gateway/operations/scim/scim.ts'
import type { TokenOperations } from '#gateway/operations/tokens/tokens.ts'
import { icebergEndpoints } from '#http/iceberg/endpoints.ts'
import { tokenEndpoints, wellKnownEndpoints } from '#http/iceberg/token-endpoints.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import { governanceEndpoints } from '#http/management/governance.ts'
import { permissionEndpoints } from '#http/management/permissions.ts'
import { opaEndpoints } from '#http/opa/endpoints.ts'
import type { Face } from '#http/router.ts'
import { scimEndpoints } from '#http/scim/endpoints.ts'
import { scimErrors } from '#http/scim/error.ts'

export interface FaceOperations {
  readonly iceberg: IcebergOperations
  readonly management: ManagementOperations
  readonly permissions: {
    readonly permissions: PermissionOperations
    readonly governance: GovernanceOperations
  }
  readonly tokens: TokenOperations
  readonly scim: ScimOperations
  readonly opa: OpaOperations
}

/** Everything that is served, by path: the router and the document of the API are made of this list. */
export const createFaces = ({
  iceberg,
  management,
  permissions,
  tokens,
  scim,
  opa,
}: FaceOperations): readonly Face[] => [
  {
    base: '/catalog',
    endpoints: [...icebergEndpoints(iceberg), ...tokenEndpoints(tokens), ...wellKnownEndpoints(tokens)],
  },
  { base: '', endpoints: wellKnownEndpoints(tokens) },
  {
    base: '/management',
    endpoints: [
      ...managementEndpoints(management),
      ...permissionEndpoints(permissions.permissions),
      ...governanceEndpoints(permissions.governance),
    ],
  },
  { base: '/scim', endpoints: scimEndpoints(scim), errors: scimErrors },
  { base: '/opa', endpoints: opaEndpoints(opa) },
]
