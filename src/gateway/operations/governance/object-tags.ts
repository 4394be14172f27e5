/** The operations on the tags of one object: its own and inherited ones, setting and taking. */
import { type Static, Type } from 'typebox'
import type { Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { ObjectKey } from '#model/object-key.ts'
import type { TagAssignment } from '#store/tag-assignments.ts'
import type { TagDefinition } from '#store/tag-definitions.ts'
import type { Operation } from '../../operation.ts'
import { type ById, certainly } from '../management/place.ts'
import { chainOfGoverned } from '../permissions/objects.ts'
import {
  type AtContent,
  type Governed,
  type GovernedPlace,
  type GovernedTarget,
  isMounted,
  missingTag,
  needing,
  onContent,
  onWarehouse,
  type PermissionDeps,
  tagResource,
} from '../permissions/place.ts'
import { replayDone } from '../replays.ts'
import type { TagRegistry } from './registry.ts'

export interface ObjectTagDeps extends PermissionDeps {
  readonly governance: TagRegistry
}

export const setTagSchema = Type.Object(
  { value: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Null()])) },
  { additionalProperties: false },
)

export interface ListObjectTags {
  /** Inherited ones too. */
  readonly effective?: boolean | undefined
}

export interface NamedTag {
  readonly tag: string
}

export interface SetTag extends NamedTag {
  readonly body: Static<typeof setTagSchema>
}

export interface ShownTag extends TagAssignment {
  /** What it is inherited from; absent for its own. */
  readonly inheritedFrom?: ObjectKey
}

/** The nearest value of each tag. */
const effective = (chain: readonly ObjectKey[], all: readonly TagAssignment[]): readonly ShownTag[] => {
  const [own] = chain
  const nearest = new Map<string, TagAssignment>()
  for (const object of chain.toReversed())
    for (const one of all) if (one.object === object) nearest.set(one.tagId, one)
  return [...nearest.values()]
    .map((one) => (one.object === own ? one : { ...one, inheritedFrom: one.object }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

interface Kind<At> {
  readonly word: string
  place<Input extends At>(): GovernedPlace<Input>
}

const list = <At>(
  deps: ObjectTagDeps,
  { word, place }: Kind<At>,
): Operation<At & ListObjectTags, GovernedTarget<At & ListObjectTags>, readonly ShownTag[]> => ({
  name: `list${word}Tags`,
  kind: 'read',
  success: 200,
  ...place<At & ListObjectTags>(),
  needs: needing('describe'),
  run: async ({ target: { governed, input } }) => {
    const chain = input.effective ? chainOfGoverned(deps, governed) : [governed.place.object]
    return effective(chain, await deps.governance.listTags(chain))
  },
})

/** Undefined where there is no such tag: the deed says so, after it is known who asks. */
interface Tagging<Input> extends GovernedTarget<Input> {
  readonly definition: TagDefinition | undefined
}

type TaggingPlace<Input> = Pick<GovernedPlace<Input>, 'within' | 'missing'> & {
  resolve(...asked: Parameters<GovernedPlace<Input>['resolve']>): Promise<Tagging<Input>>
}

const tagging = <Input extends NamedTag>(
  deps: ObjectTagDeps,
  place: GovernedPlace<Input>,
): TaggingPlace<Input> => ({
  ...place,
  resolve: async (input, ...asked) => {
    const target = await place.resolve(input, ...asked)
    const definition = await deps.governance.findNamed(target.project ?? '', input.tag)
    return { ...target, definition }
  },
})

/** To set tags on the object, and to set this one. */
const needsOf = (target: Tagging<unknown>): readonly Need[] => [
  ...needing('tag')(target),
  ...(target.definition ? [{ action: 'tag', resource: tagResource(target.definition) } as const] : []),
]

const definitionFor = ({ definition, input }: Tagging<NamedTag>): TagDefinition => {
  if (definition === undefined) throw missingTag(input.tag)
  return definition
}

const checkScope = ({ name, scope }: TagDefinition, { resource }: Governed): void => {
  if (!scope.some((kind) => kind === resource.kind))
    throw new CatalogError('BadRequestException', `Invalid tag: ${name} is not for a ${resource.kind}`)
}

const refused = (said: string): CatalogError =>
  new CatalogError('BadRequestException', `Invalid value: ${said}`)

/** By the definition as it stands when it is written. */
const valueFor =
  (said: string | null | undefined) =>
  ({ name, valueKind, allowedValues }: TagDefinition): string => {
    if (valueKind === 'marker') {
      if (said != null) throw refused(`${name} is a marker and has none`)
      return ''
    }
    if (said == null) throw refused(`${name} has one`)
    if (valueKind === 'enumerated' && !allowedValues.includes(said))
      throw refused(`${name} is one of ${allowedValues.join(', ')}`)
    checkText(said, 'value')
    return said
  }

/** The namespaces and the warehouse that it lies in. */
const around = ({ resource }: Governed, project: string): readonly Resource[] => {
  if (!('namespace' in resource)) return []
  const { warehouse, namespace } = resource
  const above = 'name' in resource ? namespace : namespace.slice(0, -1)
  const levels = above.map((_, depth) => above.slice(0, depth + 1))
  return [
    ...levels.map((level) => ({ kind: 'namespace', warehouse, namespace: level }) as const),
    { kind: 'warehouse', project, warehouse },
  ]
}

/** Forbidden where it would undo, for whoever owns the object, what was set on something that it lies in. */
const checkInherited = async (
  deps: ObjectTagDeps,
  { governed, asker, project = '', input }: GovernedTarget<SetTag>,
  { id, name }: TagDefinition,
): Promise<void> => {
  const above = chainOfGoverned(deps, governed).slice(1)
  const inherited = effective(above, await deps.governance.listTags(above)).find(({ tagId }) => tagId === id)
  if (inherited === undefined || inherited.value === (input.body.value ?? '')) return
  const resource = around(governed, project).find(
    (one) => chainOfGoverned(deps, { ...governed, resource: one })[0] === inherited.object,
  )
  const questions = resource === undefined ? [] : [{ relation: 'has_tag', resource }]
  const [may] = await deps.rights.holds(asker, questions, await deps.policyEpoch())
  if (may !== true)
    throw new CatalogError('ForbiddenException', `Not allowed: another value of ${name} than is inherited`)
}

const set = <At>(
  deps: ObjectTagDeps,
  { word, place }: Kind<At>,
): Operation<At & SetTag, Tagging<At & SetTag>, TagAssignment> => ({
  name: `set${word}Tag`,
  kind: 'change',
  success: 200,
  ...tagging(deps, place<At & SetTag>()),
  needs: needsOf,
  run: certainly(async ({ context, target }) => {
    const { governed, input } = target
    const definition = definitionFor(target)
    checkScope(definition, governed)
    await checkInherited(deps, target, definition)
    return deps.governance.setTag(context, {
      ...{ place: governed.place, mounted: isMounted(governed), tagId: definition.id },
      chooseValue: valueFor(input.body.value),
    })
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => {
      const { id, name } = definitionFor(target)
      const [found] = (await deps.governance.listTags([target.governed.place.object])).filter(
        ({ tagId }) => tagId === id,
      )
      if (found === undefined)
        throw new CatalogError('NotFoundException', `The object does not have the tag ${name}`)
      return found
    },
  },
})

const remove = <At>(
  deps: ObjectTagDeps,
  { word, place }: Kind<At>,
): Operation<At & NamedTag, Tagging<At & NamedTag>, void> => ({
  name: `delete${word}Tag`,
  kind: 'change',
  success: 204,
  ...tagging(deps, place<At & NamedTag>()),
  needs: needsOf,
  run: certainly(async ({ context, target }) => {
    const { id, name } = definitionFor(target)
    const { governed } = target
    await deps.governance.removeTag(context, {
      ...{ place: governed.place, mounted: isMounted(governed), tagId: id, name },
    })
  }),
  replay: replayDone,
})

const operationsOn = <At>(deps: ObjectTagDeps, kind: Kind<At>) => ({
  list: list(deps, kind),
  set: set(deps, kind),
  remove: remove(deps, kind),
})

export type ObjectTagOperations<At> = ReturnType<typeof operationsOn<At>>

export const createObjectTagOperations = (deps: ObjectTagDeps) => ({
  warehouseTags: operationsOn<ById>(deps, { word: 'Warehouse', place: () => onWarehouse(deps) }),
  namespaceTags: operationsOn<AtContent>(deps, {
    word: 'Namespace',
    place: () => onContent(deps, 'namespace'),
  }),
  tableTags: operationsOn<AtContent>(deps, { word: 'Table', place: () => onContent(deps, 'table') }),
  viewTags: operationsOn<AtContent>(deps, { word: 'View', place: () => onContent(deps, 'view') }),
})
