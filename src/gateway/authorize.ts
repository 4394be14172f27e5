/** The third step: every need of the operation is allowed, or the request ends before anything is reached. */
import type { Authorizer } from '#authz/authorizer.ts'
import type { Decision } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Trail } from './audit.ts'
import { denial } from './denial.ts'

const undecided = (cause: unknown): never => {
  throw new CatalogError('ServiceUnavailableException', 'Authorization cannot be decided at the moment', {
    cause,
    retryAfterSeconds: 1,
  })
}

const decide = (authorizer: Authorizer, { principal, needs }: Trail): Decision | Promise<Decision> => {
  try {
    const decision = authorizer.check(principal, needs)
    return decision instanceof Promise ? decision.catch(undecided) : decision
  } catch (cause) {
    return undecided(cause)
  }
}

/** Throws the denial; an authorizer that cannot answer denies (503). */
export const authorize = async (
  authorizer: Authorizer,
  trail: Trail,
  missing: () => CatalogError | undefined,
): Promise<void> => {
  const decision = await decide(authorizer, trail)
  trail.decision = decision
  if (!decision.allow) throw denial(decision, { needs: trail.needs, missing })
}
