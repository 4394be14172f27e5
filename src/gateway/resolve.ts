/** The second step: the request is read, and what it names is found in our own records; no upstream is reached. */
import type { Authorizer } from '#authz/authorizer.ts'
import type { Trail } from './audit.ts'
import { enter } from './authorize.ts'
import type { Operation, Target, Within } from './operation.ts'
import type { RateLimits } from './rate-limits.ts'

interface Resolving<Input> {
  readonly read: () => Input | Promise<Input>
  readonly authorizer: Authorizer
  readonly limits: RateLimits | undefined
  readonly trail: Trail
}

/** The newest that the look at the store has told: with the objects themselves, where it found some. */
const policyEpochOf = ({ policyEpoch, entries }: Target): number | undefined => {
  let newest = policyEpoch
  for (const entry of entries ?? [])
    if (entry.policyEpoch !== undefined && entry.policyEpoch > (newest ?? -1)) newest = entry.policyEpoch
  return newest
}

/** No project has this id. */
const nowhere = ''

/** Costs what a project costs that one may not enter: else the time of the answer would tell the two apart. */
const nothingThere = async (
  { authorizer, trail }: Pick<Resolving<unknown>, 'authorizer' | 'trail'>,
  error: unknown,
): Promise<never> => {
  await authorizer.enters?.(trail.principal, nowhere)
  throw error
}

const enterPlace = <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  input: Input,
  resolving: Pick<Resolving<Input>, 'authorizer' | 'trail'>,
): void | Promise<void> => {
  const { authorizer, trail } = resolving
  if (!authorizer.enters || !operation.within) return
  let within: Within
  try {
    within = operation.within(input, trail.caller.project)
  } catch (error) {
    return nothingThere(resolving, error)
  }
  trail.project = within.project
  return enter(authorizer, trail, within)
}

/** Who asks too often is told so before anything is read; who may not enter the project finds nothing, and nothing has been looked up for him. */
export const resolve = async <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  { read, authorizer, limits, trail }: Resolving<Input>,
): Promise<T> => {
  // Nobody has been asked who an open request comes from.
  const held = operation.open ? undefined : limits?.enter(trail)
  if (held) await held
  const reading = read()
  // What has no body is read at once: a promise is not waited for where there is none.
  const input = reading instanceof Promise ? await reading : reading
  const { principal, caller } = trail
  const entered = enterPlace(operation, input, { authorizer, trail })
  if (entered) await entered
  const target = await operation.resolve(input, principal, caller.project)
  const { warehouse } = target
  trail.warehouse = warehouse?.id ?? null
  trail.project = warehouse?.projectId ?? target.project ?? null
  if (target.asker && !operation.open) trail.principal = target.asker
  if (target.relayed) trail.connection = target.route?.source.name
  trail.policyEpoch = policyEpochOf(target)
  trail.needs = operation.needs(target)
  return target
}
