/** Who asks, in the terms of grants; the same value for as long as the standing is the same. */
import type { Principal } from '#model/access.ts'
import type { Subject } from './grants.ts'
import type { Standing } from './standing.ts'

/** Others hold nothing in their own name. */
const isGrantee = ({ kind, assumedRole }: Principal): boolean =>
  assumedRole === undefined && (kind === 'user' || kind === 'service-account')

/** A standing is one principal's (`standings.ts`), or that of nobody, which no grantee has. */
export const createSubjects = (): ((principal: Principal, standing: Standing) => Subject) => {
  const known = new WeakMap<Standing, Subject>()
  return (principal, standing) => {
    const made = known.get(standing)
    if (made !== undefined && made.principal === (isGrantee(principal) ? principal.id : undefined))
      return made
    const { roles, projects, serverAdmin } = standing
    const subject: Subject = {
      ...(isGrantee(principal) ? { principal: principal.id } : {}),
      ...{ roles, projects, serverAdmin },
    }
    known.set(standing, subject)
    return subject
  }
}
