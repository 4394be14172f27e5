/** The contract between the authorizer and the records of roles and memberships. */
import type { Principal } from '#model/access.ts'

/** What a principal is by its roles; with an assumed role, by that role alone. */
export interface Standing {
  /** Administers the server. Gives no right to data. Never true while a role is assumed. */
  readonly serverAdmin: boolean
  /** Ids of the projects that it is a member of, itself or through a role. */
  readonly projects: ReadonlySet<string>
  /** Ids of the roles that it has, transitively, from membership and from its token's groups. */
  readonly roles: ReadonlySet<string>
}

/**
 * Others stand in no record, in no role, and outside of grants: anybody in development mode, the token of the
 * configuration, and we ourselves. But whoever they are, they may have been let act with a role.
 */
export const isRecorded = ({ kind, assumedRole }: Principal): boolean =>
  kind === 'user' || kind === 'service-account' || assumedRole !== undefined

export interface Standings {
  /** At once from memory where it can; no older than 5 s after a change elsewhere, never behind one made here. */
  of(principal: Principal): Standing | Promise<Standing>
}
