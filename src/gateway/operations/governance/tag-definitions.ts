/** The operations on governed tags themselves, in Lakekeeper's forms. */
import { type Static, Type } from 'typebox'
import type { Action, Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { TagAttachment } from '#store/tag-assignments.ts'
import type { TagChange, TagDefinition, TagDraft } from '#store/tag-definitions.ts'
import type { Operation } from '../../operation.ts'
import { checkForGood, type LastingDeps } from '../management/lasting.ts'
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
import { findTagOf, missingTag, tagResource } from '../permissions/place.ts'
import { replayDone } from '../replays.ts'
import type { TagRegistry } from './registry.ts'

export interface TagDeps extends ManagementDeps, LastingDeps {
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

/** Whoever says nothing of it leaves it as it is; at first, whoever may set tags on an object may set it. */
const restricted = Type.Optional(
  Type.Boolean({ description: 'To set it needs a right to the tag too, besides that on the object' }),
)

export const createTagSchema = Type.Object(
  {
    ...{ name, description, scope, restricted, 'allowed-values': values },
    'value-kind': Type.Enum(kinds),
  },
  strict,
)
export const updateTagSchema = Type.Object(
  { name, description, scope, restricted, 'add-allowed-values': values },
  strict,
)

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
    restricted: body.restricted ?? false,
  }
}

const checkSameName = (before: string, said: string): void => {
  if (before !== said)
    throw new CatalogError(
      'BadRequestException',
      'Invalid name: rules know a tag by its name, which stays as it is',
    )
}

/** Nothing that objects have already may become impossible. */
const changeOf =
  (body: Static<typeof updateTagSchema>) =>
  (before: TagDefinition): TagChange => {
    const added = body['add-allowed-values'] ?? []
    if (before.valueKind !== 'enumerated' && added.length > 0) refuseValues()
    if (before.scope.some((one) => !body.scope.includes(one)))
      throw new CatalogError('BadRequestException', 'Invalid scope: it can only become wider')
    checkSameName(before.name, body.name)
    for (const one of [...added, body.description ?? '']) checkText(one, 'add-allowed-values or description')
    return {
      ...{ name: body.name, description: body.description || null, scope: unique(body.scope) },
      allowedValues: unique([...before.allowedValues, ...added]),
      restricted: body.restricted ?? before.restricted,
    }
  }

/** Undefined, and as a resource by its id alone, where it is not there: the deed says so, after it is known who asks. */
interface OnTag<Input> extends ProjectTarget<Input> {
  readonly record: TagDefinition | undefined
}

const atTag = <Input extends ById>(deps: TagDeps): Place<Input, OnTag<Input>> => ({
  ...inProject<Input>(deps),
  resolve: async (input, asker, named) => {
    const target = await inProject<Input>(deps).resolve(input, asker, named)
    return { ...target, record: await findTagOf(deps.governance, target.project, input.id) }
  },
})

const recordOf = ({ record, input }: OnTag<ById>): TagDefinition => {
  if (record === undefined) throw missingTag(input.id)
  return record
}

/** What is no id is decided as an id that no tag has: nothing else may get into the key of an object. */
const noTag = '00000000-0000-0000-0000-000000000000'

const missingResource = (project: string, said: string): Resource => {
  const id = isId(said) ? said : noTag
  return { kind: 'tag', project, tag: id, name: id }
}

const onTag =
  (action: Action) =>
  ({ record, project, input: { id } }: OnTag<ById>): readonly Need[] => [
    { action, resource: record ? tagResource(record) : missingResource(project, id) },
  ]

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
  run: async ({ target }) => recordOf(target),
})

export interface UpdateTag extends ById {
  readonly body: Static<typeof updateTagSchema>
}

const updateTagDefinition = (deps: TagDeps): Operation<UpdateTag, OnTag<UpdateTag>, TagDefinition> => ({
  name: 'updateTagDefinition',
  kind: 'change',
  success: 200,
  ...atTag(deps),
  needs: onTag('write'),
  run: certainly(async ({ context, target }) => {
    const { body } = target.input
    const record = recordOf(target)
    // That is a grant to everybody.
    if (record.restricted && body.restricted === false)
      await checkForGood(deps, {
        ...{ principal: context.principal, what: 'a tag that is not restricted' },
        right: { relation: 'can_grant', resource: tagResource(record) },
      })
    return deps.governance.updateDefinition(context, record.id, changeOf(body))
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => recordOf(target),
  },
})

/** A repeated request no longer finds it: whoever deletes is told by the deed itself. */
const deleteTagDefinition = (deps: TagDeps): Operation<ById, OnTag<ById>, void> => ({
  name: 'deleteTagDefinition',
  kind: 'change',
  success: 204,
  ...atTag(deps),
  needs: onTag('drop'),
  run: certainly(async ({ context, target }) =>
    deps.governance.deleteDefinition(context, recordOf(target).id),
  ),
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
  needs: onTag('list'),
  run: async ({ context, target }) => {
    const { input } = target
    const record = recordOf(target)
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
