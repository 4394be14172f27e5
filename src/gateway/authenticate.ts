/**
 * The first step: the credentials become a principal, or the request ends here with 401. A trusted engine becomes the
 * user for whom it asks, and a principal that asks to act with one role of its own becomes that role alone, or the
 * request ends here with 403.
 */
import type { Authenticator } from '#authn/authenticator.ts'
import type { Engines } from '#authn/engines.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Trail } from './audit.ts'

/** Whether the principal has the role now, by whatever way. Rejects when it cannot be told. */
export type HoldsRole = (principal: Principal, role: string) => boolean | Promise<boolean>

interface AuthenticateDeps {
  readonly authenticator: Authenticator
  /** Absent: nobody has a role. */
  readonly holdsRole?: HoldsRole
  /** Absent: no engine is trusted, and nobody's word is taken on who asks. */
  readonly engines?: Engines | undefined
}

/** A role that is not there is one that nobody has. */
const refusal = (role: string): CatalogError =>
  new CatalogError('ForbiddenException', `Not allowed: to act with role ${role}`)

const assume = async (
  { holdsRole }: AuthenticateDeps,
  trail: Trail,
  { asker, role }: { readonly asker: Principal | Promise<Principal>; readonly role: string },
): Promise<Principal> => {
  const principal = await asker
  trail.principal = principal
  if (!holdsRole) throw refusal(role)
  const held = await Promise.resolve(holdsRole(principal, role)).catch((cause: unknown) => {
    throw new CatalogError('ServiceUnavailableException', 'Roles cannot be looked up at the moment', {
      cause,
      retryAfterSeconds: 1,
    })
  })
  if (!held) throw refusal(role)
  const { kind, id, engine } = principal
  return { kind, id, assumedRole: role, ...(engine ? { engine } : {}) }
}

const noHeaders = (): readonly string[] => []

/** On record as the engine itself until it is clear that it may act for the user. */
const actFor = (engines: Engines, trail: Trail, asker: Principal): Principal | Promise<Principal> => {
  const { caller } = trail
  trail.principal = asker
  return engines.actFor(asker, caller.headers ? (name) => caller.headers?.(name) ?? [] : noHeaders)
}

type SignIn = (deps: AuthenticateDeps, trail: Trail) => Principal | Promise<Principal>

/** Who is turned away for the many wrong credentials before his is counted, and not on record by itself. */
const byToken: SignIn = ({ authenticator }, trail) => {
  try {
    return authenticator.authenticate(trail.caller.credentials)
  } catch (error) {
    trail.throttled = isCatalogError(error, 'SlowDownException')
    throw error
  }
}

/** A token counts wherever one was sent. Whose certificate is no engine's is answered as whoever shows none. */
const byCertificate: SignIn = (deps, trail) => {
  const { credentials } = trail.caller
  const shown = credentials.authorization === undefined ? trail.caller.certificate?.() : undefined
  const found = shown && deps.engines?.certified(shown)
  return found instanceof Promise
    ? found.then((engine) => engine ?? byToken(deps, trail))
    : (found ?? byToken(deps, trail))
}

const identified = (
  deps: AuthenticateDeps,
  trail: Trail,
  certified: true | undefined,
): Principal | Promise<Principal> => {
  const { engines } = deps
  const asker = certified ? byCertificate(deps, trail) : byToken(deps, trail)
  if (engines === undefined) return asker
  return asker instanceof Promise
    ? asker.then((one) => actFor(engines, trail, one))
    : actFor(engines, trail, asker)
}

/**
 * At once where it need not wait: requests without the header pay one comparison for it. `certified` is the operation's.
 */
export const authenticate = (
  deps: AuthenticateDeps,
  trail: Trail,
  certified?: true,
): Principal | Promise<Principal> => {
  const { assumeRole } = trail.caller
  const asker = identified(deps, trail, certified)
  return assumeRole === undefined ? asker : assume(deps, trail, { asker, role: assumeRole.toLowerCase() })
}
