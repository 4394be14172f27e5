/** What can be granted on which type of object, and who may grant and take it: read off `policies/model.fga`. */
import type { ObjectType } from '#model/object-key.ts'

/** Rights to a part of what a commit does. */
const commitRelations = [
  ...['append', 'overwrite', 'change_refs', 'expire_snapshots', 'change_schema', 'change_layout'],
  ...['set_properties', 'set_location', 'upgrade_format'],
]
const administrative = ['ownership', 'pass_grants', 'manage_grants', 'tag']
const ofContent = ['modify', ...commitRelations, 'select', 'describe']

/** Memberships of a project are no grants: they have a list of their own. */
export const grantable: Readonly<Record<ObjectType, readonly string[]>> = {
  server: ['admin', 'operator'],
  project: [
    ...['project_admin', 'security_admin', 'data_admin', 'role_creator', 'pass_grants', 'tag', 'create'],
    ...ofContent,
  ],
  role: ['assignee', 'ownership'],
  connection: ['ownership', 'use'],
  tag: ['ownership', 'apply'],
  warehouse: [...administrative, 'create', ...ofContent],
  namespace: [...administrative, 'create', ...ofContent],
  table: [...administrative, ...ofContent],
  view: [...administrative, 'modify', 'set_properties', 'set_location', 'select', 'describe'],
  user: [],
  'service-account': [],
}

/** Of whom all is asked: relations that the granter must have, each on the object or on its project. */
export interface Granter {
  readonly on: 'object' | 'project'
  readonly relations: readonly string[]
}

const passable: ReadonlySet<string> = new Set(['create', ...ofContent])

/** Administrators of the server hold no right to data, and may give any. */
const managers: readonly Granter[] = [
  { on: 'object', relations: ['has_manage_grants'] },
  { on: 'object', relations: ['administers'] },
]

const ofProject: Readonly<Record<string, readonly Granter[]>> = {
  // Else whoever administers security would get all data in one step.
  project_admin: [
    { on: 'object', relations: ['has_project_admin'] },
    { on: 'object', relations: ['administers'] },
  ],
}

/** Whoever holds a role gets all that it has: no right to hand on what one holds oneself is enough. */
const owners: readonly Granter[] = [
  { on: 'object', relations: ['ownership'] },
  { on: 'project', relations: ['has_manage_grants'] },
  { on: 'project', relations: ['administers'] },
]

/** One of these is enough to grant the relation on an object of the type, or to take it. Empty: nobody may. */
export const grantersOf = (type: ObjectType, relation: string): readonly Granter[] => {
  if (!grantable[type].includes(relation)) return []
  switch (type) {
    case 'server':
      return [{ on: 'object', relations: ['can_grant'] }]
    case 'role':
    case 'connection':
    case 'tag':
      return owners
    default:
      if (type === 'project' && ofProject[relation]) return ofProject[relation]
      return passable.has(relation)
        ? [...managers, { on: 'object', relations: ['has_pass_grants', `has_${relation}`] }]
        : managers
  }
}
