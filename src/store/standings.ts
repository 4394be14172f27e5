/** What a principal is by its roles, in one statement by index, upward from the principal: what others hold costs nothing. */
import { type Sql, statement } from './database.ts'
import { directlyHeld, groupsOf, heldThrough } from './role-listings.ts'

/** Who is asked about: see `Principal` of the model. */
export interface Asked {
  readonly id: string
  readonly groups?: readonly string[]
  readonly assumedRole?: string
}

export interface StandingRow {
  readonly serverAdmin: boolean
  readonly projects: readonly string[]
  readonly roles: readonly string[]
  /** The epoch of identity that this was true in. */
  readonly epoch: number
}

const standingFrom = (held: string, members: string, serverAdmin: string): string => `
  ${held}
  select (${serverAdmin}) as "serverAdmin", array(select id::text from held) as roles,
    array(
      ${members}
      select p.project_id from held h cross join lateral (
        select project_id from project_member where member_kind = 'role' and member_id = h.id::text offset 0
      ) p
    ) as projects,
    (select identity_epoch from server) as epoch`

const selectOwn = statement(
  standingFrom(
    heldThrough(directlyHeld),
    `select project_id from project_member where member_kind = $1 and member_id = $2 union`,
    `select exists (select 1 from principal
      where id = $2 and server_admin and active and deleted_at is null)`,
  ),
)

/** By the one role alone: what else the principal has does not count. */
const selectAssumed = statement(
  standingFrom(heldThrough('select id from role where id = $1::uuid'), '', 'select false'),
)

export const loadStanding = async (sql: Sql, asked: Asked): Promise<StandingRow> => {
  const { providers, sources } = groupsOf(asked.groups)
  const [row] =
    asked.assumedRole === undefined
      ? await sql.query<StandingRow>(selectOwn, ['principal', asked.id, providers, sources])
      : await sql.query<StandingRow>(selectAssumed, [asked.assumedRole])
  if (row === undefined) throw new Error('the store has no server row')
  return row
}
