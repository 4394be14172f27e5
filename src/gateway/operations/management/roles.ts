/** The operations on roles themselves. */

import { type Static, Type } from 'typebox'
import { v7 as uuidv7 } from 'uuid'
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import { storable } from '#store/outbox.ts'
import type { RoleFilter, RoleRecord, RoleTarget } from '#store/roles.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { checkMayFill } from './filled-roles.ts'
import { type PageAsked, type Paged, pageByKey } from './paging.ts'
import { type ById, certainly, isId, onProject } from './place.ts'
import { replayMade } from './replays.ts'
import {
  atRole,
  type InProject,
  inProjectOf,
  missingRole,
  type OnRole,
  onRole,
  type PerhapsProject,
  type RoleDeps,
  roleResource,
  towardRole,
} from './role-place.ts'

const strict = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 255 })
const description = Type.Optional(Type.Union([Type.String({ maxLength: 10_000 }), Type.Null()]))
const providerId = Type.String({ pattern: '^[a-z0-9-]+$', maxLength: 64 })
const sourceId = Type.String({ minLength: 1, maxLength: 512 })
const projectId = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const orNull = <S extends typeof providerId>(schema: S) => Type.Optional(Type.Union([schema, Type.Null()]))

export const createRoleSchema = Type.Object(
  {
    ...{ name, description, 'project-id': projectId },
    'provider-id': orNull(providerId),
    'source-id': orNull(sourceId),
  },
  strict,
)
export const updateRoleSchema = Type.Object({ name, description }, strict)
export const sourceSystemSchema = Type.Object({ 'provider-id': providerId, 'source-id': sourceId }, strict)
export const searchRoleSchema = Type.Object({ search: Type.String(), 'project-id': projectId }, strict)

export interface ListRoles extends PerhapsProject, PageAsked, RoleFilter {}

const listRoles = (deps: RoleDeps): Operation<ListRoles, InProject<ListRoles>, Paged<RoleRecord>> => ({
  name: 'listRoles',
  kind: 'read',
  success: 200,
  ...inProjectOf(deps),
  needs: onProject('list'),
  run: async ({ target: { input, project, asker }, visible }) => {
    const { ids, sourceIds, providerIds, name: part } = input
    const filter: RoleFilter = {
      // What cannot be an id is no role's: it narrows the list like any other.
      ...(ids && { ids: ids.map((id) => id.toLowerCase()).filter(isId) }),
      ...(sourceIds && { sourceIds: sourceIds.map(storable) }),
      ...(providerIds && { providerIds: providerIds.map(storable) }),
      ...(part !== undefined && { name: storable(part) }),
    }
    const page = await pageByKey(deps.pageTokens, input, {
      scope: listingScope('listRoles', [project, JSON.stringify(filter)], asker),
      read: (limit, after) =>
        deps.roles.listRoles(project, { ...filter, limit, ...(after !== undefined && { after }) }),
      keyOf: (role) => role.name,
    })
    return { ...page, items: await visible('describe', page.items, roleResource) }
  },
})

export interface CreateRole extends PerhapsProject {
  readonly body: Static<typeof createRoleSchema>
}

/** Nobody names these: their roles would be ours. */
const checkOrigin = (provider: string): void => {
  if (provider === 'system')
    throw new CatalogError('BadRequestException', 'Invalid provider-id: `system` is reserved')
}

/** Where a role is filled from: by hand, unless it says otherwise. */
const originOf = (id: string, { body }: CreateRole): Pick<RoleRecord, 'providerId' | 'sourceId'> => {
  const provider = body['provider-id'] ?? undefined
  const source = body['source-id'] ?? undefined
  if ((provider === undefined) !== (source === undefined))
    throw new CatalogError('BadRequestException', 'provider-id and source-id come together, or not at all')
  checkText(source ?? '', 'source-id')
  checkOrigin(provider ?? '')
  return { providerId: provider ?? 'lakegate', sourceId: source ?? id }
}

const checkNames = (body: Pick<Static<typeof updateRoleSchema>, 'name' | 'description'>): void => {
  checkText(body.name, 'name')
  checkText(body.description ?? '', 'description')
}

/** An empty description is none. */
const describing = (text: string | null | undefined): string | null => text || null

const createRole = (deps: RoleDeps): Operation<CreateRole, InProject<CreateRole>, RoleRecord> => ({
  name: 'createRole',
  kind: 'change',
  success: 201,
  ...inProjectOf(deps),
  needs: onProject('create-role'),
  run: certainly(async ({ context, target: { input, project } }) => {
    checkNames(input.body)
    const id = uuidv7()
    return deps.roles.createRole(context, {
      ...{ id, projectId: project, name: input.body.name },
      description: describing(input.body.description),
      ...originOf(id, input),
    })
  }),
  replay: replayMade(
    (_target, id) => deps.roles.findRole(id),
    ({ input }) => missingRole(input.body.name),
  ),
})

const getRole = (deps: RoleDeps): Operation<ById, OnRole<ById>, RoleRecord> => ({
  name: 'getRole',
  kind: 'read',
  success: 200,
  ...atRole(deps),
  needs: onRole('describe'),
  run: async ({ target }) => target.record,
})

/** With the version that the caller has seen, where it says one. */
const targetOf = ({ version }: CallContext, target: RoleTarget): RoleTarget =>
  version === undefined ? target : { ...target, version }

type Deed<Input> = (context: CallContext, target: RoleTarget, input: Input) => Promise<RoleRecord>

/** An operation whose whole deed is one change of the record. */
const changing = <Input extends ById>(
  deps: RoleDeps,
  operation: string,
  deed: Deed<Input>,
): Operation<Input, OnRole<Input>, RoleRecord> => {
  const place = atRole<Input>(deps)
  return {
    name: operation,
    kind: 'change',
    success: 200,
    ...place,
    needs: onRole('manage'),
    run: certainly(async ({ context, target: { input, project } }) =>
      deed(context, targetOf(context, { id: input.id, projectId: project }), input),
    ),
    replay: {
      remember: () => ({ kind: 'done' }),
      recall: async (_outcome, { target }) =>
        (await place.resolve(target.input, target.asker, target.project)).record,
    },
  }
}

export type UpdateRole = ById & { readonly body: Static<typeof updateRoleSchema> }

const updateRole = (deps: RoleDeps) =>
  changing<UpdateRole>(deps, 'updateRole', (context, target, { body }) => {
    checkNames(body)
    const { name, description } = body
    return deps.roles.changeRole(context, target, { name, description: describing(description) })
  })

export type BindRole = ById & { readonly body: Static<typeof sourceSystemSchema> }

const updateRoleSourceSystem = (deps: RoleDeps) =>
  changing<BindRole>(deps, 'updateRoleSourceSystem', async (context, target, { body }) => {
    const { 'provider-id': provider, 'source-id': source } = body
    checkText(source, 'source-id')
    checkOrigin(provider)
    await checkMayFill(deps, context.principal, target)
    return deps.roles.bindRole(context, target, { providerId: provider, sourceId: source })
  })

const deleteRole = (deps: RoleDeps): Operation<ById, InProject<ById>, void> => ({
  name: 'deleteRole',
  kind: 'change',
  success: 204,
  ...towardRole(deps),
  needs: onRole('drop'),
  run: certainly(({ context, target: { input, project } }) =>
    deps.roles.removeRole(context, targetOf(context, { id: input.id, projectId: project })),
  ),
  replay: replayDone,
})

interface NamedRole extends InProject<ById> {
  readonly record: RoleRecord
  /** It is a member of the project that the request names: who may know the project may know its members' names. */
  readonly used: boolean
}

/** Across projects: of one's own, and of another that is a member here. Any other is missing. */
const getRoleMetadata = (deps: RoleDeps): Operation<ById, NamedRole, RoleRecord> => ({
  name: 'getRoleMetadata',
  kind: 'read',
  success: 200,
  resolve: async (input, asker, named) => {
    const project = named ?? deps.projectId
    if (!isId(input.id)) throw missingRole(input.id)
    const [record, used] = await Promise.all([
      deps.roles.findRole(input.id),
      deps.roles.isUsed(project, input.id),
    ])
    if (record === undefined) throw missingRole(input.id)
    return { warehouse: null, project, input, asker, record, used }
  },
  needs: ({ record, used, project }) => [
    { action: 'describe', resource: used ? { kind: 'project', project } : roleResource(record) },
  ],
  missing: ({ input }) => missingRole(input.id),
  run: async ({ target }) => target.record,
})

export interface SearchRoles extends PerhapsProject {
  readonly search: string
}

/** Longer ones are cut. */
const longestSearch = 64

const searchRoles = (
  deps: RoleDeps,
): Operation<SearchRoles, InProject<SearchRoles>, readonly RoleRecord[]> => ({
  name: 'searchRoles',
  kind: 'read',
  success: 200,
  ...inProjectOf(deps),
  needs: onProject('list'),
  run: async ({ target: { input, project }, visible }) => {
    const found = await deps.roles.searchRoles(project, storable(input.search.slice(0, longestSearch)))
    return visible('describe', found, roleResource)
  },
})

export type RoleRecordOperations = ReturnType<typeof createRoleOperations>

export const createRoleOperations = (deps: RoleDeps) => ({
  listRoles: listRoles(deps),
  createRole: createRole(deps),
  getRole: getRole(deps),
  updateRole: updateRole(deps),
  updateRoleSourceSystem: updateRoleSourceSystem(deps),
  deleteRole: deleteRole(deps),
  getRoleMetadata: getRoleMetadata(deps),
  searchRoles: searchRoles(deps),
})
