/** What a provisioning system may do, and how its words map to ours. */
import type { Rights } from '#authz/rights.ts'
import { createChange } from '#gateway/operations/management/store-change.ts'
import { createScimOperations, type ScimOperations } from '#gateway/operations/scim/scim.ts'
import type { Database } from '#store/database.ts'
import type { OpenIdentity } from './identity.ts'
import type { Log } from './log.ts'
import type { ScimSettings } from './provisioning-schema.ts'
import { defaultProject } from './records.ts'

export interface ProvisioningDeps {
  readonly database: Database
  readonly settings: ScimSettings
  readonly identity: Pick<OpenIdentity, 'changed'>
  readonly rights: Rights
  readonly warn: Log
}

export const createProvisioning = ({
  database,
  settings,
  identity,
  rights,
  warn,
}: ProvisioningDeps): ScimOperations => {
  const { changed } = identity
  const rules = { ...settings, project: settings.project ?? defaultProject }
  const report = (error: unknown) => warn('identity.not-refreshed', { error })
  return createScimOperations({
    ...{ rules, database, rights },
    change: createChange({ database, changed, report }),
  })
}
