/** The operations on governed tags themselves, in Lakekeeper's forms. */
import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { TagAttachment } from '#store/tag-assignments.ts'
import type { TagChange, TagDefinition, TagDraft } from '#store/tag-definitions.ts'
import type { Operation } from '../../operation.ts'
import { type PageAsked, type Paged, pageByKey } from '../management/paging.ts'
import {
  type ById,
  certainly,
  inProject,
  isId,
  type ManagementDeps,
  onProject,
  type Place,
  type ProjectTarget,
} from '../management/place.ts'
import { replayMade } from '../management/replays.ts'
import { replayDone } from '../replays.ts'
import type { TagRegistry } from './registry.ts'

export interface TagDeps extends ManagementDeps {
  readonly governance: TagRegistry
}

const strict = { additionalProperties: false } as const
const name = Type.String({ pattern: '^[a-z0-9]+(?:[-_.][a-z0-9]+)*$', maxLength: 128 })
const description = Type.Optional(Type.Union([Type.String({ maxLength: 10_000 }), Type.Null()]))
const value = Type.String({ minLength: 1, maxLength: 256 })
const values = Type.Optional(Type.Union([Type.Array(value, { maxItems: 1_000 }), Type.Null()]))
const scopes = ['warehouse', 'namespace', 'table', 'view'] as const
const scope = Type.Array(Type.Enum(scopes), { minItems: 1 })
const kinds = ['marker', 'free-text', 'enumerated'] as const

export const createTagSchema = Type.Object(
  {
    ...{ name, description, scope, 'allowed-values': values },
    'value-kind': Type.Enum(kinds),
  },
  strict,
)
export const updateTagSchema = Type.Object({ name, description, scope, 'add-allowed-values': values }, strict)

export const missingTag = (said: string): CatalogError =>
  new CatalogError('NotFoundException', `Tag definition does not exist: ${said}`)

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)]

const refuseValues = (): never => {
  throw new CatalogError('BadRequestException', 'Invalid allowed-values: only enumerated tags have them')
}

const draftOf = (projectId: string, body: Static<typeof createTagSchema>): TagDraft => {
  const valueKind = body['value-kind']
  const allowedValues = unique(body['allowed-values'] ?? [])
  if (valueKind !== 'enumerated' && allowedValues.length > 0) refuseValues()
  if (valueKind === 'enumerated' && allowedValues.length === 0)
    throw new CatalogError('BadRequestException', 'Invalid allowed-values: an enumerated tag has some')
  for (const one of [...allowedValues, body.description ?? ''])
    checkText(one, 'allowed-values or description')
  return {
    ...{ projectId, name: body.name, valueKind, allowedValues },
    description: body.description || null,
    scope: unique(body.scope),
  }
}

/** Nothing that objects have already may become impossible. */
const changeOf =
  (body: Static<typeof updateTagSchema>) =>
  (before: TagDefinition): TagChange => {
    const added = body['add-allowed-values'] ?? []
    if (before.valueKind !== 'enumerated' && added.length > 0) refuseValues()
    if (before.scope.some((one) => !body.scope.includes(one)))
      throw new CatalogError('BadRequestException', 'Invalid scope: it can only become wider')
    if (before.name !== body.name)
      throw new CatalogError(
        'BadRequestException',
        'Invalid name: rules know a tag by its name, which stays as it is',
      )
    for (const one of [...added, body.description ?? '']) checkText(one, 'add-allowed-values or description')
    return {
      ...{ name: body.name, description: body.description || null, scope: unique(body.scope) },
      allowedValues: unique([...before.allowedValues, ...added]),
    }
  }

/** A tag of another project is as missing as one that never was. */
const findTag = async ({ governance }: TagDeps, { project, input }: ProjectTarget<ById>) => {
  const found = isId(input.id) ? await governance.findDefinition(input.id) : undefined
  if (found?.projectId !== project) throw missingTag(input.id)
  return found
}

interface OnTag<Input> extends ProjectTarget<Input> {
  readonly record: TagDefinition
}

const atTag = <Input extends ById>(deps: TagDeps): Place<Input, OnTag<Input>> => ({
  ...inProject<Input>(deps),
  resolve: async (input, asker, named) => {
    const target = await inProject<Input>(deps).resolve(input, asker, named)
    return { ...target, record: await findTag(deps, target) }
  },
})

export interface ListTags extends PageAsked {
  readonly name?: string | undefined
}

const listTagDefinitions = (
  deps: TagDeps,
): Operation<ListTags, ProjectTarget<ListTags>, Paged<TagDefinition>> => ({
  name: 'listTagDefinitions',
  kind: 'read',
  success: 200,
  ...inProject(deps),
  needs: onProject('describe'),
  run: ({ context, target: { input, project } }) =>
    pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['tags', project, context.principal.id, input.name ?? null]),
      read: (limit, after) =>
        deps.governance.listDefinitions(project, {
          limit,
          ...(after === undefined ? {} : { after }),
          ...(input.name === undefined ? {} : { name: input.name }),
        }),
      keyOf: (tag) => tag.name,
    }),
})

type CreateTag = Static<typeof createTagSchema>

const createTagDefinition = (
  deps: TagDeps,
): Operation<CreateTag, ProjectTarget<CreateTag>, TagDefinition> => ({
  name: 'createTagDefinition',
  kind: 'change',
  success: 201,
  ...inProject(deps),
  needs: onProject('tag'),
  run: certainly(async ({ context, target: { input, project } }) =>
    deps.governance.createDefinition(context, draftOf(project, input)),
  ),
  replay: replayMade(
    (_target, id) => deps.governance.findDefinition(id),
    ({ input }) => missingTag(input.name),
  ),
})

const getTagDefinition = (deps: TagDeps): Operation<ById, OnTag<ById>, TagDefinition> => ({
  name: 'getTagDefinition',
  kind: 'read',
  success: 200,
  ...atTag(deps),
  needs: onProject('describe'),
  run: async ({ target }) => target.record,
})

export interface UpdateTag extends ById {
  readonly body: Static<typeof updateTagSchema>
}

const updateTagDefinition = (deps: TagDeps): Operation<UpdateTag, OnTag<UpdateTag>, TagDefinition> => ({
  name: 'updateTagDefinition',
  kind: 'change',
  success: 200,
  ...atTag(deps),
  needs: onProject('tag'),
  run: certainly(async ({ context, target: { input } }) =>
    deps.governance.updateDefinition(context, input.id, changeOf(input.body)),
  ),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => findTag(deps, target),
  },
})

/** A repeated request no longer finds it: whoever deletes is told by the deed itself. */
const deleteTagDefinition = (deps: TagDeps): Operation<ById, ProjectTarget<ById>, void> => ({
  name: 'deleteTagDefinition',
  kind: 'change',
  success: 204,
  ...inProject(deps),
  needs: onProject('tag'),
  run: certainly(async ({ context, target }) => {
    await findTag(deps, target)
    await deps.governance.deleteDefinition(context, target.input.id)
  }),
  replay: replayDone,
})

export interface ListAttachments extends ById, PageAsked {
  readonly value?: string | undefined
  readonly targetType?: (typeof scopes)[number] | undefined
  readonly warehouseId?: string | undefined
}

const filterOf = ({ value: one, targetType, warehouseId }: ListAttachments) => ({
  ...(one === undefined ? {} : { value: one }),
  ...(targetType === undefined ? {} : { kind: targetType }),
  ...(warehouseId === undefined ? {} : { warehouseId }),
})

/** Who may tag everything in the project may see what has which tag. */
const listTagAttachments = (
  deps: TagDeps,
): Operation<ListAttachments, OnTag<ListAttachments>, Paged<TagAttachment>> => ({
  name: 'listTaggedObjects',
  kind: 'read',
  success: 200,
  ...atTag(deps),
  needs: onProject('tag'),
  run: async ({ context, target: { input, record } }) => {
    const filter = filterOf(input)
    if (filter.warehouseId !== undefined && !isId(filter.warehouseId))
      return { items: [], nextPageToken: null }
    return pageByKey(deps.pageTokens, input, {
      scope: JSON.stringify(['attachments', record.id, context.principal.id, filter]),
      read: (limit, after) =>
        deps.governance.listAttachments(record.id, {
          ...filter,
          limit,
          ...(after === undefined ? {} : { after }),
        }),
      keyOf: ({ object }) => object,
    })
  },
})

export const tagTargets = scopes

export const createTagDefinitionOperations = (deps: TagDeps) => ({
  listTagDefinitions: listTagDefinitions(deps),
  createTagDefinition: createTagDefinition(deps),
  getTagDefinition: getTagDefinition(deps),
  updateTagDefinition: updateTagDefinition(deps),
  deleteTagDefinition: deleteTagDefinition(deps),
  listTagAttachments: listTagAttachments(deps),
})
