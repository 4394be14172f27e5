/** The operations on connections: upstreams, as they are configured. */

import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { decodeStrictly } from '#model/schema.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { checkKept, keptOf } from './kept-secrets.ts'
import { type Sealed, sealLiterals } from './literals.ts'
import { machineNeeds } from './machine-secrets.ts'
import { type PageAsked, type Paged, pageByName } from './paging.ts'
import {
  atConnection,
  type ById,
  type ConnectionTarget,
  certainly,
  connectionResource,
  findConnection,
  inProject,
  type ManagementDeps,
  missingConnection,
  onConnection,
  onProject,
  type ProjectTarget,
  toward,
} from './place.ts'
import type { ConnectionRecord } from './registry.ts'
import { replayConnection, replayMade } from './replays.ts'
import { nearestKind } from './storage-wire.ts'

const strict = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[^/@]+$' })
/** Checked by the kind's own schema. */
const config = Type.Object({})

export const createConnectionSchema = Type.Object(
  { 'connection-name': name, kind: Type.String({ minLength: 1 }), config },
  strict,
)
export const renameConnectionSchema = Type.Object({ 'new-name': name }, strict)
export const connectionConfigSchema = Type.Object({ kind: Type.Optional(Type.String()), config }, strict)

export type CreateConnection = Static<typeof createConnectionSchema>

interface Offered {
  readonly projectId: string
  readonly kind: string
  readonly config: object
  readonly before: JsonObject | undefined
}

/** Secrets sealed. BadRequest for an unknown kind, or for what the kind's schema refuses. */
const takeConfig = (
  deps: ManagementDeps,
  { projectId, kind, config, before }: Offered,
): Sealed<JsonObject> => {
  const connector = deps.connectors.get(kind)
  if (connector === undefined)
    throw new CatalogError(
      'BadRequestException',
      `Unknown kind of connection ${JSON.stringify(kind)}: ${nearestKind(kind, [...deps.connectors.keys()])}`,
    )
  const value = decodeStrictly(connector.schema, config, 'connection') as JsonObject
  const scope = { purpose: 'connection', projectId }
  return sealLiterals(deps.sealing, value, { schema: connector.schema, scope, before })
}

const listConnections = (
  deps: ManagementDeps,
): Operation<PageAsked, ProjectTarget<PageAsked>, Paged<ConnectionRecord>> => ({
  name: 'listConnections',
  kind: 'read',
  success: 200,
  ...inProject<PageAsked>(deps),
  needs: onProject('list'),
  run: async ({ target: { project, input }, context, visible }) => {
    const items = await visible('describe', await deps.registry.listConnections(project), connectionResource)
    const scope = listingScope('listConnections', [project], context.principal)
    return pageByName(deps.pageTokens, input, { scope, items })
  },
})

const createConnection = (
  deps: ManagementDeps,
): Operation<CreateConnection, ProjectTarget<CreateConnection>, ConnectionRecord> => ({
  name: 'createConnection',
  kind: 'change',
  success: 201,
  ...inProject(deps),
  resolve: (input, ...where) => {
    checkText(input['connection-name'], 'connection-name')
    return inProject<CreateConnection>(deps).resolve(input, ...where)
  },
  needs: (target) => [...onProject('create')(target), ...machineNeeds(target.input.config)],
  run: certainly(async ({ context, target: { input, project: projectId } }) => {
    const { kind, config } = input
    const { value, secrets } = takeConfig(deps, { projectId, kind, config, before: undefined })
    const name = input['connection-name']
    return deps.registry.createConnection(context, projectId, { name, kind, config: value, secrets })
  }),
  replay: replayMade(
    ({ project }, id) => deps.registry.findConnection(project, id),
    ({ input }) => missingConnection(input['connection-name']),
  ),
})

const getConnection = (deps: ManagementDeps): Operation<ById, ConnectionTarget<ById>, ConnectionRecord> => ({
  name: 'getConnection',
  kind: 'read',
  success: 200,
  ...atConnection(deps),
  needs: onConnection('describe'),
  run: async ({ target }) => target.record,
})

const deleteConnection = (deps: ManagementDeps): Operation<ById, ProjectTarget<ById>, void> => ({
  name: 'deleteConnection',
  kind: 'change',
  success: 204,
  ...toward(deps, missingConnection),
  needs: ({ project, input: { id } }) => [
    { action: 'drop', resource: connectionResource({ projectId: project, id }) },
  ],
  missing: ({ input }) => missingConnection(input.id),
  run: certainly(async ({ context, target }) => {
    const record = await findConnection(deps, target)
    await deps.registry.removeConnection(context, record.id)
  }),
  replay: replayDone,
})

type Rename = ById & { readonly newName: string }

const renameConnection = (
  deps: ManagementDeps,
): Operation<Rename, ConnectionTarget<Rename>, ConnectionRecord> => ({
  name: 'renameConnection',
  kind: 'change',
  success: 200,
  ...atConnection(deps),
  resolve: (input, ...where) => {
    checkText(input.newName, 'new-name')
    return atConnection<Rename>(deps).resolve(input, ...where)
  },
  needs: onConnection('manage'),
  run: certainly(({ context, target: { input, record } }) =>
    deps.registry.changeConnection(context, record.id, { name: input.newName }),
  ),
  replay: replayConnection(deps),
})

type Configure = ById & { readonly body: Static<typeof connectionConfigSchema> }

const updateConnectionConfig = (
  deps: ManagementDeps,
): Operation<Configure, ConnectionTarget<Configure>, ConnectionRecord> => ({
  name: 'updateConnectionConfig',
  kind: 'change',
  success: 200,
  ...atConnection(deps),
  needs: (target) => [
    ...onConnection('manage')(target),
    ...machineNeeds(target.input.body.config, keptOf(target.input.body.config, target.record.config)),
  ],
  run: certainly(async ({ context, target: { input, record } }) => {
    const kind = input.body.kind ?? record.kind
    const { projectId, config: before } = record
    const { config } = input.body
    checkKept(config, before)
    const { value, secrets } = takeConfig(deps, { projectId, kind, config, before })
    return deps.registry.changeConnection(context, record.id, { kind, config: value, secrets })
  }),
  replay: replayConnection(deps),
})

export const createConnectionOperations = (deps: ManagementDeps) => ({
  listConnections: listConnections(deps),
  createConnection: createConnection(deps),
  getConnection: getConnection(deps),
  deleteConnection: deleteConnection(deps),
  renameConnection: renameConnection(deps),
  updateConnectionConfig: updateConnectionConfig(deps),
})
