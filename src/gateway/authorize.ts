/**
 * The third step: every need of the operation is allowed, or the request ends before anything is reached. Before that,
 * within the second: whether the asker may be in the project at all.
 */
import type { Authorizer } from '#authz/authorizer.ts'
import type { Decision, Need, Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Trail } from './audit.ts'
import { denial } from './denial.ts'
import type { Within } from './operation.ts'

const undecided = (cause: unknown): never => {
  throw new CatalogError('ServiceUnavailableException', 'Authorization cannot be decided at the moment', {
    cause,
    retryAfterSeconds: 1,
  })
}

/** For what is asked of the authorizer while an operation runs: where it cannot answer, nothing is shown (503). */
export const deciding = async <T>(ask: () => T | Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (cause) {
    return undecided(cause)
  }
}

/** Of what holds no content itself, an engine needs to find its way, and to make what lies in a warehouse. */
const onTheWay: ReadonlySet<Need['action']> = new Set(['get-config', 'list', 'describe'])
const governing: ReadonlySet<Need['action']> = new Set(['grant', 'read-grants', 'tag', 'manage', 'audit'])

const isOfEngines = ({ action, resource }: Need): boolean => {
  if ('namespace' in resource) return !governing.has(action)
  return onTheWay.has(action) || (resource.kind === 'warehouse' && action === 'create')
}

/** Through an engine one works with content, and administers nothing: it speaks for many, and is one server to take over. */
const withinEngine = (trail: Trail, decision: Decision): Decision => {
  const denied = decision.allow ? trail.needs.find((need) => !isOfEngines(need)) : undefined
  return denied
    ? { allow: false, visible: true, reason: 'nothing is administered through an engine', denied }
    : decision
}

const decide = (authorizer: Authorizer, trail: Trail): Decision | Promise<Decision> => {
  try {
    const decision = authorizer.check(trail.principal, trail.needs, trail)
    return decision instanceof Promise ? decision.catch(undecided) : decision
  } catch (cause) {
    return undecided(cause)
  }
}

/** Throws the denial; an authorizer that cannot answer denies (503). At once where the authorizer need not wait. */
export const authorize = (
  authorizer: Authorizer,
  trail: Trail,
  missing: () => CatalogError | undefined,
): void | Promise<void> => {
  const conclude = (decided: Decision): void => {
    const decision = trail.principal.engine ? withinEngine(trail, decided) : decided
    trail.decision = decision
    if (!decision.allow) throw denial(decision, { needs: trail.needs, missing })
  }
  const decision = decide(authorizer, trail)
  return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
}

const openToAll: Decision = { allow: true, visible: true, reason: 'open to everybody' }

/** An open operation: on record under the name that the request proved, where it proved one. */
export const letIn = (trail: Trail, asker: Principal | undefined): void => {
  trail.decision = openToAll
  if (asker) trail.principal = asker
}

const outside = (project: string): Decision => ({
  allow: false,
  visible: false,
  reason: `not a member of project ${project}`,
})

/** Throws the answer of a missing object for a project in which the asker has no business; 503 where nobody can tell. */
export const enter = (authorizer: Authorizer, trail: Trail, within: Within): void | Promise<void> => {
  const { project } = within
  const conclude = (entered: boolean): void => {
    if (entered) return
    trail.needs = [{ action: 'describe', resource: { kind: 'project', project } }]
    trail.decision = outside(project)
    throw within.missing()
  }
  try {
    const entered = authorizer.enters?.(trail.principal, project) ?? true
    return entered instanceof Promise ? entered.catch(undecided).then(conclude) : conclude(entered)
  } catch (error) {
    throw trail.decision ? error : undecided(error)
  }
}
