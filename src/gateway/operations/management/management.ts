/** The one table of the management face: every operation that it serves. */

import { type AccountDeps, createServiceAccountOperations } from './accounts.ts'
import { type AuditDeps, createAuditOperations } from './audit.ts'
import { createConnectionOperations } from './connections.ts'
import { createKeyOperations } from './keys.ts'
import { createMountOperations } from './mounts.ts'
import { createProjectMemberOperations } from './project-members.ts'
import { createProjectOperations } from './projects.ts'
import { createRoleMemberOperations } from './role-members.ts'
import type { RoleDeps } from './role-place.ts'
import { createRoleOperations } from './roles.ts'
import { createServerOperations } from './server.ts'
import { createSigningKeyOperations, type SigningKeyDeps } from './signing-keys.ts'
import { createUserOperations } from './users.ts'
import { createWarehouseProfileOperations } from './warehouse-profiles.ts'
import { createValidationOperations } from './warehouse-validation.ts'
import { createWarehouseOperations } from './warehouses.ts'

export type ManagementOperations = ReturnType<typeof createManagementOperations>

export const createManagementOperations = (deps: AccountDeps & RoleDeps & SigningKeyDeps & AuditDeps) => ({
  ...createServerOperations(deps),
  ...createAuditOperations(deps),
  ...createSigningKeyOperations(deps),
  ...createProjectOperations(deps),
  ...createProjectMemberOperations(deps),
  ...createWarehouseOperations(deps),
  ...createWarehouseProfileOperations(deps),
  ...createValidationOperations(deps),
  ...createConnectionOperations(deps),
  ...createMountOperations(deps),
  ...createUserOperations(deps),
  ...createServiceAccountOperations(deps),
  ...createKeyOperations(deps),
  ...createRoleOperations(deps),
  ...createRoleMemberOperations(deps),
})
