/** The engines of the configuration, and the users for whom they ask. */
import { createEngines, type Engines, type TrustedEngine } from '#authn/engines.ts'
import { createNamedUsers } from '#authn/named-users.ts'
import { findAdmission } from '#store/admissions.ts'
import type { Database } from '#store/database.ts'
import type { OpenIdentity } from './identity.ts'

export interface EnginesInput {
  readonly database: Database
  readonly engines: readonly TrustedEngine[]
  readonly identity: Pick<OpenIdentity, 'remember'>
}

/** Undefined where none is trusted: then no request pays for the question. */
export const openEngines = ({ database, engines, identity }: EnginesInput): Engines | undefined => {
  if (engines.length === 0) return undefined
  const users = createNamedUsers({ find: (id) => findAdmission(database, id, undefined) })
  identity.remember(users)
  return createEngines({ engines, users })
}
