/** Arguments that name members: of a role, of a project. */
import type { Argument, View } from './command.ts'

const memberWords = 'user:ID, role:NAME or service-account:NAME'

export const members: Argument = {
  name: 'member',
  about: memberWords,
  kind: 'member',
  to: 'body.members',
  many: true,
}

export const oneMember: Argument = { name: 'member', about: memberWords, kind: 'member', to: 'path.member' }

export const memberView: View = { list: 'members', columns: ['type', 'id', 'name', 'ident'] }

/** Roles that somebody is in. */
export const rolesView: View = { list: 'roles', columns: ['id', 'name', 'ident'] }
