/** Who may do what and why: asked of those who decide, for whoever may see the grants on the object. */
import { type Static, Type } from 'typebox'
import { kindOf } from '#authn/people.ts'
import type { Circumstances } from '#authz/authorizer.ts'
import { groupsOf } from '#authz/cedar/schema.ts'
import type { Explainer, Explanation } from '#authz/explain.ts'
import type { Action, Need, Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { ObjectKey, ObjectType } from '#model/object-key.ts'
import { storable } from '#store/outbox.ts'
import type { Operation } from '../../operation.ts'
import { isId } from '../management/place.ts'
import type { Checked } from '../permissions/check-forms.ts'
import { isThere, locateAll } from '../permissions/locate.ts'
import {
  circumstancesOf,
  findTagOf,
  type Governed,
  type GovernedTarget,
  governedTag,
  needing,
  type PermissionDeps,
} from '../permissions/place.ts'
import { wireRelation } from '../permissions/wire-relations.ts'

export interface ExplainDeps extends PermissionDeps {
  /** Absent where everything is allowed: there is nothing to explain. */
  readonly explainer?: Explainer | undefined
}

const strict = { additionalProperties: false } as const
const text = Type.String({ minLength: 1, maxLength: 1_000 })
const perhaps = Type.Optional(text)
const words = Type.Optional(Type.Array(text, { maxItems: 100 }))
const kinds = ['server', 'project', 'warehouse', 'namespace', 'table', 'view', 'tag'] as const

const principalSchema = Type.Object(
  { user: perhaps, 'service-account': perhaps, role: perhaps, groups: words, engine: perhaps },
  { ...strict, description: 'One of user, service-account and role' },
)
const objectSchema = Type.Object(
  {
    type: Type.Enum(kinds),
    'warehouse-id': perhaps,
    id: Type.Optional(Type.String({ maxLength: 128, description: 'Or namespace, and name' })),
    namespace: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
    name: perhaps,
  },
  strict,
)
const contextSchema = Type.Object(
  {
    ...{ operation: perhaps, agent: perhaps, address: perhaps, delegation: words, refs: words },
    time: Type.Optional(Type.String({ format: 'date-time' })),
  },
  strict,
)

export const explainSchema = Type.Object(
  {
    principal: principalSchema,
    action: text,
    object: objectSchema,
    context: Type.Optional(contextSchema),
  },
  strict,
)

export type ExplainBody = Static<typeof explainSchema>

export interface Explained extends Explanation {
  readonly principal: Principal
  readonly need: Need
}

const refused = (said: string): CatalogError => new CatalogError('BadRequestException', `Invalid ${said}`)

const principalIn = ({ principal }: ExplainBody): Principal => {
  const { user, role, groups, engine } = principal
  const account = principal['service-account']
  if ([user, role, account].filter((one) => one !== undefined).length !== 1)
    throw refused('principal: one of user, service-account and role is named')
  if (role !== undefined && !isId(role)) throw refused('principal: a role is named by its id')
  const more = {
    ...(groups === undefined ? {} : { groups: groups.map(storable) }),
    ...(engine === undefined ? {} : { engine: { name: engine, id: engine } }),
  }
  if (role !== undefined) return { kind: 'user', id: `role~${role}`, assumedRole: role, ...more }
  return account === undefined
    ? { kind: kindOf(user ?? ''), id: storable(user ?? ''), ...more }
    : { kind: 'service-account', id: storable(account), ...more }
}

const isAction = (name: string): name is Action => (groupsOf as ReadonlyMap<string, unknown>).has(name)

const actionIn = ({ action }: ExplainBody): Action => {
  if (!isAction(action)) throw refused(`action: ${[...groupsOf.keys()].join(', ')}`)
  return action
}

type ExplainedObject = ExplainBody['object']

const checkedOf = (object: ExplainedObject, project: string): Checked => {
  const { type, id, namespace, name } = object
  const warehouse = object['warehouse-id']
  if (type !== 'server' && type !== 'project' && warehouse === undefined)
    throw refused('object: a warehouse-id is needed')
  return {
    ...{ type, word: '', project },
    ...(warehouse === undefined ? {} : { warehouse: warehouse.toLowerCase() }),
    ...(id === undefined ? {} : { id: id.toLowerCase() }),
    ...(namespace === undefined ? {} : { named: { namespace, ...(name === undefined ? {} : { name }) } }),
  }
}

const locate = async (
  deps: ExplainDeps,
  project: string,
  object: ExplainedObject,
): Promise<Governed | undefined> => {
  if (object.type === 'tag') {
    const tag = await findTagOf(deps.tags, project, object.id?.toLowerCase() ?? '')
    return tag && governedTag(tag)
  }
  const [governed] = await locateAll(deps, project, [checkedOf(object, project)])
  return governed
}

const missingObject = (): CatalogError =>
  new CatalogError('NotFoundException', 'The object does not exist, as it was named')

/** A leap second is a date and time, and no moment here. */
const momentOf = (time: string): Date => {
  const at = new Date(time)
  if (Number.isNaN(at.getTime())) throw refused('context: time is no moment')
  return at
}

/** The circumstances of this request, but for what the body says of another one. */
const asImagined = ({ context = {} }: ExplainBody, own: Circumstances): Circumstances => {
  const { operation = own.operation, time, agent, address, delegation = [] } = context
  return {
    operation,
    caller: {
      requestId: own.caller.requestId,
      startedAt: time === undefined ? own.caller.startedAt : momentOf(time),
      sender: { agent, address },
      delegation,
    },
    policyEpoch: own.policyEpoch,
  }
}

const openToAll = (need: Need, principal: Principal): Explained => ({
  ...{ principal, need, grants: [], byStanding: true, missing: [] },
  decision: { allow: true, visible: true, reason: 'everything is allowed in development mode' },
  rules: { allowed: true, by: [] },
})

const typeOf = (object: ObjectKey): ObjectType => object.slice(0, object.indexOf(':')) as ObjectType

/** Relations as they are granted over the wire. */
const inWireWords = (explanation: Explanation, { resource }: Need): Explanation => ({
  ...explanation,
  grants: explanation.grants.map((grant) => ({
    ...grant,
    relation: wireRelation(typeOf(grant.object), grant.relation),
  })),
  missing: explanation.missing.map((relation) => wireRelation(resource.kind, relation)),
})

const explainDecision = (
  deps: ExplainDeps,
): Operation<ExplainBody, GovernedTarget<ExplainBody>, Explained> => ({
  name: 'explainDecision',
  kind: 'read',
  success: 200,
  within: (_input, named) => ({ project: named ?? deps.projectId, missing: missingObject }),
  resolve: async (input, asker, named) => {
    const project = named ?? deps.projectId
    const governed = await locate(deps, project, input.object)
    if (governed === undefined) throw missingObject()
    const inside = governed.place.projectId ?? project
    if (inside !== project) throw missingObject()
    return { warehouse: null, project, governed, input, asker }
  },
  missing: missingObject,
  needs: needing('read-grants'),
  run: async ({ context, target: { input, governed } }) => {
    if (!isThere(governed)) throw missingObject()
    const principal = principalIn(input)
    const refs = input.context?.refs
    const need = {
      action: actionIn(input),
      resource: governed.resource,
      ...(refs === undefined ? {} : { refs }),
    }
    if (deps.explainer === undefined) return openToAll(need, principal)
    const circumstances = asImagined(input, await circumstancesOf(deps, context))
    const explanation = await deps.explainer.explain(principal, need, circumstances)
    return { principal, need, ...inWireWords(explanation, need) }
  },
})

export const createExplainOperations = (deps: ExplainDeps) => ({ explainDecision: explainDecision(deps) })
