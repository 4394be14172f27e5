/**
 * What must hold for a rule to apply at all, as far as it can be told without Cedar: most rules speak of a tag that
 * hardly anything has, or of actions that are seldom asked for. True means that Cedar has to be asked.
 */
import type { Action, Resource } from '#model/access.ts'
import { entityIn, type ParsedRule, variableIn } from './reads.ts'
import { actionsOf, resourceTypes } from './schema.ts'

/** What is known of a question before anything is put into words for Cedar. */
export interface Sight {
  readonly action: Action
  readonly kind: Resource['kind']
  readonly principalType: string
  tag(name: string): string | undefined
}

type Condition = (sight: Sight) => boolean
type Node = Readonly<Record<string, unknown>>

const member = (node: unknown, name: string): unknown =>
  typeof node === 'object' && node !== null ? (node as Node)[name] : undefined

const actionId = (value: unknown): string | undefined => {
  const id = member(member(value, '__entity') ?? value, 'id')
  return typeof id === 'string' ? id : undefined
}

const amongActions = (ids: readonly (string | undefined)[]): Condition => {
  const actions = new Set(ids.flatMap((id) => (id === undefined ? [] : [...actionsOf(id)])))
  return ({ action }) => actions.has(action)
}

const actionScope = (scope: unknown): readonly Condition[] => {
  if (member(scope, 'op') === 'All') return []
  const several = member(scope, 'entities')
  const named: readonly unknown[] = Array.isArray(several) ? several : [member(scope, 'entity')]
  return [amongActions(named.map(actionId))]
}

const typeOf = (scope: unknown): string | undefined => {
  const type = member(scope, 'entity_type')
  if (typeof type === 'string') return type
  return member(scope, 'op') === '==' ? entityIn(member(scope, 'entity'))?.split('::')[0] : undefined
}

const principalScope = (scope: unknown): readonly Condition[] => {
  const type = typeOf(scope)
  return type === undefined ? [] : [({ principalType }) => principalType === type]
}

const resourceScope = (scope: unknown): readonly Condition[] => {
  const type = typeOf(scope)
  return type === undefined ? [] : [({ kind }) => resourceTypes[kind] === type]
}

const literal = (node: unknown): string | undefined => {
  const value = member(node, 'Value')
  return typeof value === 'string' ? value : undefined
}

const needsTag = (node: unknown): readonly Condition[] => {
  const name = literal(member(node, 'right'))
  if (variableIn(member(node, 'left')) !== 'resource' || name === undefined) return []
  return [({ tag }) => tag(name) !== undefined]
}

const needsTagValue = (node: unknown): readonly Condition[] => {
  const asked = member(member(node, 'left'), 'getTag')
  const name = literal(member(asked, 'right'))
  const value = literal(member(node, 'right'))
  if (variableIn(member(asked, 'left')) !== 'resource' || name === undefined || value === undefined) return []
  return [({ tag }) => tag(name) === value]
}

const needsType = (node: unknown): readonly Condition[] => {
  const type = member(node, 'entity_type')
  const variable = variableIn(member(node, 'left'))
  if (variable === 'resource') return [({ kind }) => resourceTypes[kind] === type]
  return variable === 'principal' ? [({ principalType }) => principalType === type] : []
}

const actionSet = (node: unknown): readonly unknown[] => {
  const set = member(node, 'Set')
  return (Array.isArray(set) ? set : [node]).map((item: unknown) => member(item, 'Value'))
}

const needsAction = (node: unknown): readonly Condition[] => {
  if (variableIn(member(node, 'left')) !== 'action') return []
  const ids = actionSet(member(node, 'right')).map(actionId)
  return ids.every((id) => id !== undefined) ? [amongActions(ids)] : []
}

/** Each that must hold for the expression to be true. */
const conjuncts = (node: unknown): readonly Condition[] => {
  const both = member(node, '&&')
  if (both !== undefined) return [...conjuncts(member(both, 'left')), ...conjuncts(member(both, 'right'))]
  const found = [
    [member(node, 'hasTag'), needsTag],
    [member(node, '=='), needsTagValue],
    [member(node, 'is'), needsType],
    [member(node, 'in'), needsAction],
  ] as const
  return found.flatMap(([operand, read]) => (operand === undefined ? [] : read(operand)))
}

/** `unless` an action is one of these: the others are left. */
const exceptions = (node: unknown): readonly Condition[] => {
  const operand = member(node, 'in')
  const [among] = operand === undefined ? [] : needsAction(operand)
  return among ? [(sight) => !among(sight)] : []
}

/** False only where the rule certainly does not apply. */
export const mayApply = (rule: ParsedRule): Condition => {
  const conditions = [
    ...actionScope(rule.action),
    ...principalScope(rule.principal),
    ...resourceScope(rule.resource),
    ...rule.conditions.flatMap(({ kind, body }) => (kind === 'when' ? conjuncts(body) : exceptions(body))),
  ]
  return (sight) => {
    for (const holds of conditions) if (!holds(sight)) return false
    return true
  }
}

/** Allows whatever is asked. */
export const permitsAll = ({ effect, principal, action, resource, conditions }: ParsedRule): boolean =>
  effect === 'permit' &&
  conditions.length === 0 &&
  [principal, action, resource].every((scope) => member(scope, 'op') === 'All')
