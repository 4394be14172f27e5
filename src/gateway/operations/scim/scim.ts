/** The one table of the provisioning face: every operation that it serves. */
import type { Operation } from '../../operation.ts'
import { createScimGroups } from './groups.ts'
import { aim, type ById, mostCount, onServer, type ScimDeps, type ScimTarget } from './place.ts'
import { createScimUsers } from './users.ts'

export interface ScimFacts {
  /** Of a list. */
  readonly mostResults: number
}

/** What the face can do is told to whoever is known: it names nobody. */
const tell = (name: string): Operation<object, ScimTarget<object>, ScimFacts> => ({
  name,
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('describe'),
  run: async () => ({ mostResults: mostCount }),
})

const tellOne = (name: string): Operation<ById, ScimTarget<ById>, string> => ({
  name,
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('describe'),
  run: async ({ target: { input } }) => input.id,
})

export type ScimOperations = ReturnType<typeof createScimOperations>

export const createScimOperations = (deps: ScimDeps) => ({
  getConfig: tell('scimGetServiceProviderConfig'),
  listResourceTypes: tell('scimListResourceTypes'),
  getResourceType: tellOne('scimGetResourceType'),
  listSchemas: tell('scimListSchemas'),
  getSchema: tellOne('scimGetSchema'),
  ...createScimUsers(deps),
  ...createScimGroups(deps),
})
