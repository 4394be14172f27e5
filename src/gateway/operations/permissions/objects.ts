/** Objects that people know by name: their ids, and whether grants on them still stand. */
import { type Static, Type } from 'typebox'
import { chainOf, type Tree } from '#authz/objects.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import { type ObjectKey, objectId } from '#model/object-key.ts'
import { missing } from '../../denial.ts'
import type { Operation } from '../../operation.ts'
import type { OpenWarehouse } from '../../warehouses.ts'
import { type ById, certainly, missingWarehouse, type Place } from '../management/place.ts'
import { checkLookup } from '../place.ts'
import { replayDone } from '../replays.ts'
import { checkMayGrant } from './granters.ts'
import { absentIn, isThere } from './locate.ts'
import {
  type Governed,
  type GovernedTarget,
  govern,
  isMounted,
  needing,
  type PermissionDeps,
} from './place.ts'
import { lookDecided, uuidNow } from './upstream-objects.ts'

const kind = Type.Union([Type.Literal('namespace'), Type.Literal('table'), Type.Literal('view')])
export const objectNameSchema = Type.Object(
  {
    kind,
    namespace: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }),
    name: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  },
  { additionalProperties: false },
)
type ObjectName = Static<typeof objectNameSchema>

export interface AtObjectName extends ById {
  readonly body: ObjectName
}

export interface ShownObject {
  readonly id: string
  readonly kind: ObjectName['kind']
  readonly warehouse: string
  readonly namespace: Namespace
  readonly name?: string
  readonly connection?: string
}

/** Local tables and views are known by their content ids, everything else in a warehouse by its name's id. */
export const idOf = ({ place }: Governed): string => place.contentId ?? objectId(place.object)

const identifierIn = ({ kind: wanted, namespace, name }: ObjectName): Identifier | undefined => {
  if (wanted === 'namespace') return undefined
  if (name == null) throw new CatalogError('BadRequestException', `Invalid object: a ${wanted} has a name`)
  return { namespace, name }
}

/** As its catalog would be asked for it; a local table that is not there has no grants and no id. */
const governName = async (warehouse: OpenWarehouse, body: ObjectName): Promise<Governed> => {
  const identifier = identifierIn(body)
  checkLookup(identifier ? [...body.namespace, identifier.name] : body.namespace)
  const { catalog, source } = warehouse.mounts.route(body.namespace)
  const at = { kind: body.kind, namespace: body.namespace, ...(identifier && { name: identifier.name }) }
  const [entry] = identifier && source.local ? ((await catalog.tables.find?.([identifier])) ?? []) : []
  const content = entry?.kind === body.kind ? { contentId: entry.contentId } : {}
  return govern(warehouse, { ...at, ...content }) ?? absentIn(warehouse, at)
}

const byName = <Input extends AtObjectName>(deps: PermissionDeps): Place<Input, GovernedTarget<Input>> => ({
  within: ({ id }, named) => ({
    project: named ?? deps.projectId,
    missing: () => missingWarehouse(id),
  }),
  resolve: async (input: Input, asker: Principal, named) => {
    const project = named ?? deps.projectId
    const warehouse = deps.warehouses.byPrefix(input.id)
    if (warehouse?.projectId !== project) throw missingWarehouse(input.id)
    return { warehouse, project, input, asker, governed: await governName(warehouse, input.body) }
  },
})

const showing = ({ governed, warehouse }: GovernedTarget<AtObjectName>): ShownObject => {
  const { resource } = governed
  if (resource.kind !== 'namespace' && resource.kind !== 'table' && resource.kind !== 'view')
    throw new Error('no object of a warehouse')
  const { kind: shown, namespace, mount } = resource
  return {
    ...{ id: idOf(governed), kind: shown, warehouse: warehouse?.id ?? '', namespace },
    ...('name' in resource ? { name: resource.name } : {}),
    ...(mount === undefined ? {} : { connection: mount }),
  }
}

/** It is there: what is local by our records, what is mounted by its upstream's word. */
const resolveObject = (
  deps: PermissionDeps,
): Operation<AtObjectName, GovernedTarget<AtObjectName>, ShownObject> => ({
  name: 'resolveObject',
  kind: 'read',
  success: 200,
  ...byName(deps),
  needs: needing('describe'),
  run: async ({ context, target }) => {
    const { governed } = target
    if (!isThere(governed)) throw missing(governed.resource)
    const { resource, route } = governed
    if (resource.kind === 'namespace') await route?.catalog.namespaces.exists(context, resource.namespace)
    else if (isMounted(governed)) await uuidNow(context, governed)
    await deps.grants.rememberObjects([governed.place])
    return showing(target)
  },
})

/** After the upstream has another table under the name: grants stand for this one from now on. */
const confirmObject = (
  deps: PermissionDeps,
): Operation<AtObjectName, GovernedTarget<AtObjectName>, void> => ({
  name: 'confirmObject',
  kind: 'change',
  success: 204,
  ...byName(deps),
  needs: needing('grant'),
  run: certainly(async ({ context, target: { governed, asker, project } }) => {
    if (!isThere(governed)) throw missing(governed.resource)
    const { uuid } = await lookDecided(context, governed, () =>
      checkMayGrant(deps, { principal: asker, governed, project }, ['manage_grants']),
    )
    // What is local, and namespaces, are never suspended: there is nothing to confirm.
    if (uuid !== undefined) await deps.grants.confirmObject(context, governed.place, uuid)
  }),
  replay: replayDone,
})

const treeOf = ({ server, warehouses }: PermissionDeps): Tree => ({
  server: server.id,
  projectOf: (id) => warehouses.byPrefix(id)?.projectId,
})

/** The object and what it lies in. */
export const chainOfGoverned = (deps: PermissionDeps, { resource }: Governed): readonly ObjectKey[] =>
  chainOf(resource, treeOf(deps))

export const createObjectOperations = (deps: PermissionDeps) => ({
  resolveObject: resolveObject(deps),
  confirmObject: confirmObject(deps),
})
