/** Whether somebody may do something: one question, or a thousand in one call, for engines and for people. */
import type { Static } from 'typebox'
import type { Circumstances } from '#authz/authorizer.ts'
import { type Action, isContent, type Principal, type Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { ObjectType } from '#model/object-key.ts'
import type { Operation, Task } from '../../operation.ts'
import type { ProjectTarget } from '../management/place.ts'
import { actionOfWord, principalOf } from './actions.ts'
import {
  type batchCheckSchema,
  type Checked,
  type CheckItem,
  checkedOf,
  type checkSchema,
} from './check-forms.ts'
import { mayCommit } from './checked-commits.ts'
import { whichMayBeGranted } from './granters.ts'
import { isThere, locateAll } from './locate.ts'
import { circumstancesOf, type Governed, type PermissionDeps } from './place.ts'
import { relationOf, wireRelations } from './wire-relations.ts'

export type Check = Static<typeof checkSchema>
export type BatchCheck = Static<typeof batchCheckSchema>

export interface CheckTarget<Input> extends ProjectTarget<Input> {
  readonly asker: Principal
}

/** One of a batch, once its object has been found. */
interface Question {
  readonly checked: Checked
  readonly governed: Governed
  /** Undefined: the asker's own rights. */
  readonly about: Principal | undefined
}

interface Asking {
  readonly deps: PermissionDeps
  readonly asker: Principal
  readonly circumstances: Circumstances
}

/** One answer a resource: all that one principal may do one thing with are asked together. */
const askTogether = async (
  { deps, circumstances }: Asking,
  asks: readonly { readonly principal: Principal; readonly action: Action; readonly resource: Resource }[],
): Promise<readonly boolean[]> => {
  const answers = asks.map(() => false)
  const indexed = asks.map((ask, at) => ({ ...ask, at }))
  const groups = Map.groupBy(indexed, ({ principal, action }) =>
    [action, principal.id, principal.assumedRole ?? ''].join('\n'),
  )
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const candidates = group.map(({ resource }) => resource)
    const seen = await deps.authorizer.visible(first.principal, first.action, candidates, circumstances)
    for (const [i, { at }] of group.entries()) answers[at] = seen[i] === true
  }
  return answers
}

const unknownAction = ({ type, word }: Checked): CatalogError =>
  new CatalogError('BadRequestException', `Invalid action on a ${type}: ${word}`)

/** `grant_select` asks for the relation `select`; undefined for what concerns no grant. */
const relationIn = (type: ObjectType, word: string): string | undefined => {
  if (word === 'change_ownership') return 'ownership'
  const wire = word.startsWith('grant_') ? word.slice('grant_'.length) : undefined
  return wire !== undefined && wireRelations(type).includes(wire) ? relationOf(type, wire) : undefined
}

/** Words of Lakekeeper's for which there is no operation here: nobody may. */
const withoutOperation: ReadonlySet<string> = new Set([
  ...[
    'undrop',
    'get_tasks',
    'control_tasks',
    'get_all_tasks',
    'control_all_tasks',
    'get_endpoint_statistics',
  ],
  ...['list_deleted_tabulars', 'list_everything', 'get_task_queue_config', 'modify_task_queue_config'],
  ...['accept_moved_namespace', 'move', 'create_generic_table', 'list_generic_tables', 'set_protection'],
  ...['get_project_tasks', 'control_project_tasks'],
])

const actionIn = ({ type, word }: Checked): Action | undefined =>
  type === 'generic-table'
    ? undefined
    : word === 'read_assignments'
      ? 'read-grants'
      : actionOfWord(type, word)

const checkWord = (checked: Checked): void => {
  const { type, word } = checked
  if (type === 'generic-table' || withoutOperation.has(word)) return
  if (actionIn(checked) === undefined && relationIn(type, word) === undefined) throw unknownAction(checked)
}

const decide = async (asking: Asking, questions: readonly Question[]): Promise<readonly boolean[]> => {
  const principalIn = ({ about }: Question): Principal => about ?? asking.asker
  const acting = questions.flatMap((question, at) => {
    const action = question.checked.commit === undefined ? actionIn(question.checked) : undefined
    const { resource } = question.governed
    return action === undefined ? [] : [{ at, action, resource, principal: principalIn(question) }]
  })
  const commits = questions.flatMap((question, at) => {
    const { commit } = question.checked
    const { resource } = question.governed
    return commit === undefined || !isContent(resource)
      ? []
      : [{ at, commit, resource, principal: principalIn(question) }]
  })
  const allowed = await askTogether(asking, acting)
  const answers = questions.map(() => false)
  for (const [i, { at }] of acting.entries()) answers[at] = allowed[i] === true
  const committing = await mayCommit(asking.deps.authorizer, asking.circumstances, commits)
  for (const [i, { at }] of commits.entries()) answers[at] = committing[i] === true
  for (const [at, question] of questions.entries()) {
    const { checked, governed } = question
    const relation = checked.type === 'generic-table' ? undefined : relationIn(checked.type, checked.word)
    if (relation === undefined || actionIn(checked) !== undefined) continue
    const asked = {
      principal: principalIn(question),
      governed,
      project: governed.place.projectId ?? undefined,
    }
    const [granted] = await whichMayBeGranted(asking.deps, asked, [relation])
    answers[at] = granted?.allowed === true
  }
  return answers
}

/** Forbidden where the asker sees the object and may not see who holds what on it. */
const checkMayAskAbout = async (asking: Asking, questions: readonly Question[]): Promise<void> => {
  const others = questions.filter(({ about }) => about !== undefined)
  const may = await askTogether(
    asking,
    others.map(({ governed: { resource } }) => ({
      ...{ principal: asking.asker, action: 'read-grants', resource },
    })),
  )
  if (may.includes(false))
    throw new CatalogError('ForbiddenException', 'Not allowed: read-grants on a checked object')
}

/** `missing`: not there, or invisible to the asker, who is told the same of both. */
type Answer = boolean | 'missing'

const answerAll = async (
  deps: PermissionDeps,
  { target, context }: Task<CheckTarget<unknown>>,
  items: readonly Omit<CheckItem, 'id'>[],
): Promise<readonly Answer[]> => {
  const { asker, project } = target
  const checks = items.map(checkedOf)
  for (const checked of checks) checkWord(checked)
  const abouts = checks.map(({ identity }) =>
    identity === undefined
      ? undefined
      : principalOf(asker, { principalUser: identity.user, principalRole: identity.role }),
  )
  const asking = { deps, asker, circumstances: await circumstancesOf(deps, context) }
  const located = await locateAll(deps, project, checks)
  const known = checks.flatMap((checked, at) => {
    const governed = located[at]
    return governed === undefined ? [] : [{ at, checked, governed, about: abouts[at] }]
  })
  const seen = await askTogether(
    asking,
    known.map(({ governed }) => ({ principal: asker, action: 'describe', resource: governed.resource })),
  )
  const visible = known.filter(({ governed }, i) => seen[i] && isThere(governed))
  await checkMayAskAbout(asking, visible)
  const decided = await decide(asking, visible)
  const answers: Answer[] = checks.map(() => 'missing')
  for (const [i, { at }] of visible.entries()) answers[at] = decided[i] === true
  return answers
}

const place = <Input>(deps: PermissionDeps) => ({
  resolve: async (
    input: Input,
    asker: Principal,
    named: string | undefined,
  ): Promise<CheckTarget<Input>> => ({
    warehouse: null,
    project: named ?? deps.projectId,
    ...{ input, asker },
  }),
  /** Everybody may ask what he may himself. */
  needs: () => [{ action: 'describe', resource: { kind: 'server' } } as const],
})

const notFound = (name: string): CatalogError =>
  new CatalogError('NotFoundException', `A checked object does not exist: ${name}`)

const checkPermission = (deps: PermissionDeps): Operation<Check, CheckTarget<Check>, boolean> => ({
  name: 'checkPermission',
  kind: 'read',
  success: 200,
  ...place(deps),
  run: async (task) => {
    const [answer] = await answerAll(deps, task, [task.target.input])
    if (answer === 'missing') throw notFound('as it was named')
    return answer === true
  },
})

export interface BatchAnswer {
  readonly id: string
  readonly allowed: boolean
}

const batchCheck = (
  deps: PermissionDeps,
): Operation<BatchCheck, CheckTarget<BatchCheck>, readonly BatchAnswer[]> => ({
  name: 'batchCheckActions',
  kind: 'read',
  success: 200,
  ...place(deps),
  run: async (task) => {
    const { checks, 'error-on-not-found': strict = false } = task.target.input
    const answers = await answerAll(deps, task, checks)
    const ids = checks.map(({ id }, at) => id ?? String(at))
    const absent = answers.indexOf('missing')
    if (strict && absent >= 0) throw notFound(ids[absent] ?? '')
    return answers.map((answer, at) => ({ id: ids[at] ?? '', allowed: answer === true }))
  },
})

export const createCheckOperations = (deps: PermissionDeps) => ({
  checkPermission: checkPermission(deps),
  batchCheckActions: batchCheck(deps),
})
