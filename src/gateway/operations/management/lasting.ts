/** What somebody may for a while he does not hand out for longer: a grant ends with the right that it was made by. */
import type { Rights, RightsQuestion } from '#authz/rights.ts'
import type { Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'

export interface LastingDeps {
  readonly rights: Rights
}

/** Milliseconds since 1970, of what never ends. */
export const forGood = Number.POSITIVE_INFINITY

interface Refused {
  readonly principal: Principal
  /** On which, or above which, the right is that ends. */
  readonly resources: readonly Resource[]
  /** `grant select`. */
  readonly what: string
  /** Does the right still stand at the moment? */
  readonly stands: (at: number) => Promise<boolean>
}

/** Names the moment until which it would be allowed. */
export const tooLong = async (
  { rights }: LastingDeps,
  { principal, resources, what, stands }: Refused,
): Promise<CatalogError> => {
  for (const end of await rights.endsOf(principal, resources))
    if (await stands(end - 1)) {
      const limit = `${what} beyond ${new Date(end).toISOString()}, when the right to it ends`
      return new CatalogError('ForbiddenException', `Not allowed: ${limit}`)
    }
  return new CatalogError('ForbiddenException', `Not allowed: ${what}`)
}

interface Asked extends Pick<Refused, 'principal' | 'what'> {
  readonly right: RightsQuestion
}

/** Of what is made: null where it has no end. Forbidden where the asker's right to it ends sooner. */
export const checkUntil = async (
  deps: LastingDeps,
  end: Date | null,
  { principal, what, right }: Asked,
): Promise<void> => {
  const stands = async (at: number): Promise<boolean> =>
    (await deps.rights.holdsAt(principal, [right], at))[0] === true
  if (await stands(end === null ? forGood : end.getTime() - 1)) return
  throw await tooLong(deps, { principal, what, stands, resources: [right.resource] })
}

/** For what has no end of its own, such as membership. Forbidden where the asker's right to it ends. */
export const checkForGood = (deps: LastingDeps, asked: Asked): Promise<void> => checkUntil(deps, null, asked)
