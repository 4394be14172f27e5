/**
 * The third step for what an engine loads through views. Each view is decided on, then read, then held against the next;
 * a view with a definer lends his rights to what it refers to. Whatever fails on the way is answered as if what is asked
 * for were missing: nobody learns by a chain what he would not learn without.
 */
import type { Authorizer } from '#authz/authorizer.ts'
import { UnexpectedUuid } from '#catalog/mounts-expected.ts'
import type { Decision, Need, Principal } from '#model/access.ts'
import { type CatalogError, isCatalogError } from '#model/errors.ts'
import type { Receipt } from '#model/event.ts'
import { draftOf, type Trail } from './audit.ts'
import { deciding } from './authorize.ts'
import { denial } from './denial.ts'
import { contextOf, given, type SuspendGrants, suspendGrants } from './execute.ts'
import type { Definition, Link, Way } from './operation.ts'
import type { RateLimits } from './rate-limits.ts'

export interface WayDeps {
  readonly authorizer: Authorizer
  readonly limits: RateLimits | undefined
  readonly trail: Trail
  readonly hop: string
  readonly suspend?: SuspendGrants
  readonly report: (event: string, error: unknown) => void
  /** The operation's own answer for an absent object. */
  readonly missing: () => CatalogError | undefined
}

/** By whose rights the next object is decided on. */
interface Rights {
  readonly of: Principal
  /** They are not the asker's own. */
  readonly lent: boolean
  /**
   * Lent rights that have passed a view behind a mount stay there: what that view says is its upstream's word, which
   * must open nothing that lies elsewhere.
   */
  readonly within: string | undefined
}

const ownRights = ({ principal }: Trail): Rights => ({ of: principal, lent: false, within: undefined })

const refuse = ({ trail, missing }: WayDeps, reason: string): never => {
  const [denied] = trail.needs
  const decision = { allow: false, visible: false, reason, ...(denied ? { denied } : {}) }
  trail.decision = decision
  throw denial(decision, { needs: trail.needs, missing })
}

/** Whom a view leads back to himself has his own rights, which are confined to nothing. */
const lend = (rights: Rights, of: Principal | undefined, { trail }: WayDeps): Rights => {
  if (of === undefined) return rights
  const own = of.id === trail.principal.id
  return own ? ownRights(trail) : { of, lent: true, within: rights.within }
}

const confine = (rights: Rights, source: Link['source']): Rights =>
  rights.lent && rights.within === undefined ? { ...rights, within: source } : rights

const checkPlace = ({ within }: Rights, source: Link['source'], deps: WayDeps): void => {
  if (within !== undefined && within !== source) refuse(deps, `what a view behind ${within} lends ends there`)
}

/** The connection behind which the view lies is asked as often as any. */
const reach = async ({ source }: Link, { limits, trail }: WayDeps): Promise<void> => {
  const { connection } = trail
  if (source === undefined || !limits) return
  trail.connection = source
  try {
    await limits.reach(trail)
  } finally {
    trail.connection = connection
  }
}

/** Of a view that may be somebody else's to read nothing is told, also not what is wrong with it. */
const isRefusal = (error: CatalogError): boolean => error.status < 500 && error.type !== 'SlowDownException'

/** Nobody lends round a rule: what is forbidden to the asker stays so, by whoever's rights it is asked for. */
const leave = async (decision: Decision, needs: readonly Need[], deps: WayDeps): Promise<Decision> => {
  const { authorizer, trail } = deps
  const reading = needs.map(({ resource }): Need => ({ action: 'read', resource }))
  const asked = [...needs, ...reading]
  const left = await deciding(() => authorizer.leaves?.(trail.principal, asked, trail))
  if (left === undefined) return decision
  const isForbidden = (at: number): boolean => left[at] !== true
  if (needs.some((_, at) => isForbidden(at)))
    return { allow: false, visible: false, reason: `what is lent is forbidden to ${trail.principal.id}` }
  const { data } = decision.obligations ?? {}
  if (data === undefined || !reading.some((_, at) => isForbidden(needs.length + at))) return decision
  return { ...decision, obligations: { ...decision.obligations, data: 'none' } }
}

const decide = async ({ of, lent }: Rights, needs: readonly Need[], deps: WayDeps): Promise<Decision> => {
  const { authorizer, trail } = deps
  trail.lent = lent
  const decision = await deciding(() => authorizer.check(of, needs, trail))
  return lent && decision.allow ? leave(decision, needs, deps) : decision
}

const define = async (link: Link, principal: Principal, asking: WayDeps & Decided): Promise<Definition> => {
  const { trail, hop, decision } = asking
  const receipt: Receipt = { audit: draftOf(trail), written: false }
  const context = contextOf(link.target, receipt, { trail: { ...trail, principal, decision }, hop })
  await reach(link, asking)
  try {
    return await link.define(context)
  } catch (error) {
    if (isCatalogError(error) && error.cause instanceof UnexpectedUuid)
      await suspendGrants(error.cause, asking)
    if (isCatalogError(error) && isRefusal(error))
      return refuse(asking, `through ${link.name}: ${error.message}`)
    throw given(error, trail)
  }
}

interface Decided {
  readonly decision: Decision
}

const pass = async (
  rights: Rights,
  link: Link,
  { way, ...deps }: WayDeps & { way: Way },
): Promise<Rights> => {
  const { trail } = deps
  const { name, needs, source } = link
  checkPlace(rights, source, deps)
  const decision = await decide(rights, needs, deps)
  if (!decision.allow) return refuse(deps, `through ${name}, as ${rights.of.id}: ${decision.reason}`)
  const { refers, definer } = await define(link, rights.of, { ...deps, decision })
  if (!refers) return refuse(deps, `through ${name}: it does not refer to what comes next`)
  const of = definer === undefined ? undefined : await deciding(() => way.definer(definer))
  if (definer !== undefined && of === undefined)
    return refuse(deps, `through ${name}: its definer is nobody to act for`)
  const onward = confine(lend(rights, of, deps), source)
  trail.through = [...(trail.through ?? []), { view: name, rights: onward.of.id }]
  return onward
}

/** What is lent is to be read with: a view changes nothing. */
const asLent = (decision: Decision): Decision =>
  decision.obligations?.data === 'write'
    ? { ...decision, obligations: { ...decision.obligations, data: 'read' } }
    : decision

/** Throws the denial; where a decision or a view cannot be had, that (503). */
export const authorizeWay = async (way: Way, deps: WayDeps): Promise<void> => {
  const { trail, limits } = deps
  let rights = ownRights(trail)
  for (const link of way.links) rights = await pass(rights, link, { ...deps, way })
  checkPlace(rights, way.source, deps)
  const { of, lent } = rights
  const decision = await decide(rights, trail.needs, deps)
  trail.decision = lent ? asLent(decision) : decision
  if (!decision.allow && lent) refuse(deps, `as ${of.id}: ${decision.reason}`)
  if (!decision.allow) throw denial(decision, { needs: trail.needs, missing: deps.missing })
  await limits?.reach(trail)
}
