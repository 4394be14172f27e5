/**
 * What rules can speak of, in Cedar's words: every rule set is validated against this schema before it is stored.
 * `docs/rules.md` tells what each attribute means.
 */
import type { Action, Resource } from '#model/access.ts'

/** Cedar's entity type of each kind of resource. */
export const resourceTypes = {
  server: 'Server',
  project: 'Project',
  warehouse: 'Warehouse',
  connection: 'Connection',
  tag: 'Tag',
  user: 'User',
  'service-account': 'ServiceAccount',
  role: 'Role',
  namespace: 'Namespace',
  table: 'Table',
  view: 'View',
} as const satisfies Record<Resource['kind'], string>

/** Groups of actions, each with the ones directly in it. A group may lie in another. */
const groups = {
  /** To learn that something is there, and what it is. */
  look: ['get-config', 'list', 'describe'],
  /** Every part of a commit; `write` is all of them. */
  commit: [
    'write',
    'append',
    'overwrite',
    'change-refs',
    'expire-snapshots',
    'change-schema',
    'change-layout',
    'set-properties',
    'set-location',
    'upgrade-format',
  ],
  /** To change what is there. */
  change: ['commit', 'create', 'create-role', 'register', 'rename', 'drop', 'manage', 'use'],
  /** To reach data: rows, or the files in which they lie. */
  data: ['read', 'commit'],
  /** Who may, and who did. */
  governance: ['read-grants', 'grant', 'tag', 'audit'],
} as const satisfies Record<string, readonly string[]>

type GroupName = keyof typeof groups

const isGroup = (name: string): name is GroupName => Object.hasOwn(groups, name)

/** The groups that an action or a group lies in directly. */
const directGroups = (name: string): readonly GroupName[] =>
  Object.entries(groups).flatMap(([group, members]) =>
    (members as readonly string[]).includes(name) && isGroup(group) ? [group] : [],
  )

const groupsAbove = (name: string): readonly GroupName[] => {
  const direct = directGroups(name)
  return [...new Set([...direct, ...direct.flatMap(groupsAbove)])]
}

/** Written out, so that an action that comes later is not forgotten here. */
const known: Readonly<Record<Action, true>> = {
  ...{ 'get-config': true, list: true, describe: true, read: true, create: true, 'create-role': true },
  ...{ write: true, append: true, overwrite: true, 'change-refs': true, 'expire-snapshots': true },
  ...{ 'change-schema': true, 'change-layout': true, 'set-properties': true, 'set-location': true },
  ...{ 'upgrade-format': true, drop: true, rename: true, register: true, manage: true, use: true },
  ...{ 'read-grants': true, grant: true, audit: true, tag: true },
}

const isAction = (name: string): name is Action => Object.hasOwn(known, name)

/** Every action, with each group that it lies in, however deep. */
const actionNames: readonly Action[] = Object.keys(known).filter(isAction)

export const groupsOf: ReadonlyMap<Action, readonly GroupName[]> = new Map(
  actionNames.map((action) => [action, groupsAbove(action)]),
)

/** The actions that `Action::"name"` stands for in a rule: itself, or all in the group. */
export const actionsOf = (name: string): ReadonlySet<string> =>
  new Set([name, ...actionNames.filter((action) => groupsOf.get(action)?.some((group) => group === name))])

const principalTypes = ['User', 'ServiceAccount', 'Token']

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')

const memberOf = (name: string): string => {
  const direct = directGroups(name)
  return direct.length === 0 ? '' : ` in [${quoted(direct)}]`
}

const groupLines = (): readonly string[] =>
  Object.keys(groups).map((group) => `action ${JSON.stringify(group)}${memberOf(group)};`)

const actionLines = (): readonly string[] =>
  actionNames.map(
    (action) => `action ${JSON.stringify(action)}${memberOf(action)} appliesTo {
  principal: [${principalTypes.join(', ')}], resource: [${Object.values(resourceTypes).join(', ')}], context: Circumstances
};`,
  )

const asker = `{
  id: String,
  groups: Set<String>,
  serverAdmin: Bool,
  assumedRole?: String,
  engine?: String,
}`

const relation = `{
  name: String,
  path: String,
  spelling: String,
  warehouse: String,
  project?: String,
  mount?: String,
  formatVersion?: Long,
  properties?: Properties,
} tags String`

/** In Cedar's schema language. Whatever kind a resource is, a rule may ask it for a tag; most can have none. */
export const ruleSchema = `
type Circumstances = {
  operation: String,
  time: datetime,
  agent?: String,
  address?: ipaddr,
  delegation: Set<String>,
  refs: Set<String>,
  lent: Bool,
};
entity Server tags String;
entity Project in [Server] tags String;
entity Role in [Project] tags String;
entity User in [Role, Project, Server] = ${asker} tags String;
entity ServiceAccount in [Role, Project] = ${asker} tags String;
entity Token in [Role, Project] = ${asker} tags String;
entity Properties tags String;
entity Connection in [Project] tags String;
entity Tag in [Project] = { name: String } tags String;
entity Warehouse in [Project] = { project: String } tags String;
entity Namespace in [Namespace, Warehouse] = ${relation};
entity Table in [Namespace] = ${relation};
entity View in [Namespace] = ${relation};
${[...groupLines(), ...actionLines()].join('\n')}
`
