/** What somebody may do with one object, in Lakekeeper's words. */
import { kindOf } from '#authn/people.ts'
import type { Action, Need, Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { ObjectType } from '#model/object-key.ts'
import type { Operation, Task } from '../../operation.ts'
import type { Kind } from './assignments.ts'
import { whichMayBeGranted } from './granters.ts'
import { circumstancesOf, type GovernedTarget, needing, type PermissionDeps } from './place.ts'
import { relationOf, subjectIn, wireRelations } from './wire-relations.ts'

/** A word of Lakekeeper's, and the need that it stands for. What there is no operation for stands for nothing. */
type Words = Readonly<Record<string, Action>>

const ofContent: Words = {
  drop: 'drop',
  get_metadata: 'describe',
  commit: 'write',
  rename: 'rename',
  include_in_list: 'describe',
  manage_tags: 'tag',
  read_grants: 'read-grants',
}

const catalogActions: Readonly<Partial<Record<ObjectType, Words>>> = {
  server: {
    create_project: 'create',
    update_users: 'manage',
    delete_users: 'manage',
    list_users: 'manage',
    provision_users: 'manage',
    read_grants: 'read-grants',
  },
  project: {
    create_warehouse: 'create',
    delete: 'drop',
    rename: 'write',
    get_metadata: 'describe',
    list_warehouses: 'list',
    include_in_list: 'describe',
    create_role: 'create-role',
    list_roles: 'list',
    search_roles: 'list',
    create_tag: 'tag',
    list_tags: 'describe',
    read_grants: 'read-grants',
  },
  warehouse: {
    create_namespace: 'create',
    delete: 'drop',
    update_storage: 'manage',
    update_storage_credential: 'manage',
    modify_storage: 'manage',
    modify_storage_credential: 'manage',
    get_metadata: 'describe',
    get_config: 'get-config',
    list_namespaces: 'list',
    use: 'get-config',
    include_in_list: 'describe',
    activate: 'manage',
    deactivate: 'manage',
    rename: 'manage',
    modify_soft_deletion: 'manage',
    set_protection: 'manage',
    set_format_version_policy: 'manage',
    manage_tags: 'tag',
    read_grants: 'read-grants',
  },
  namespace: {
    create_table: 'create',
    create_view: 'create',
    create_namespace: 'create',
    delete: 'drop',
    update_properties: 'write',
    get_metadata: 'describe',
    list_tables: 'list',
    list_views: 'list',
    list_namespaces: 'list',
    include_in_list: 'describe',
    manage_tags: 'tag',
    read_grants: 'read-grants',
  },
  table: { ...ofContent, write_data: 'write', read_data: 'read' },
  view: { ...ofContent, select: 'read' },
  role: {
    read: 'describe',
    read_metadata: 'describe',
    delete: 'drop',
    update: 'write',
    manage_role_assignments: 'manage',
    read_role_assignments: 'describe',
    update_source_system: 'write',
  },
  connection: {
    get_metadata: 'describe',
    update: 'write',
    delete: 'drop',
    use: 'use',
    read_grants: 'read-grants',
  },
  tag: {
    read: 'describe',
    update: 'write',
    delete: 'drop',
    apply: 'tag',
    remove: 'tag',
    read_attachments: 'list',
    read_grants: 'read-grants',
  },
  user: { read: 'describe', update: 'write', delete: 'drop', read_role_assignments: 'describe' },
}

/** Undefined for what is no word of the type: not what every object has by its nature, either. */
export const actionOfWord = (type: ObjectType, word: string): Action | undefined => {
  const words = catalogActions[type] ?? {}
  return Object.hasOwn(words, word) ? words[word] : undefined
}

/** Whose rights are asked for; nobody named: one's own. */
export interface About {
  readonly principalUser?: string | undefined
  readonly principalRole?: string | undefined
}

/**
 * As whoever is asked about would sign in: what a token would claim besides is not known. Undefined for the asker's own
 * rights.
 */
export const principalOf = (asker: Principal, about: About): Principal | undefined => {
  const { principalUser: user, principalRole: role } = about
  if (user === undefined && role === undefined) return undefined
  if (role === undefined && user === asker.id && asker.assumedRole === undefined) return undefined
  const { kind, id } = subjectIn({ user, role })
  return kind === 'role' ? { kind: 'user', id: `role~${id}`, assumedRole: id } : { kind: kindOf(id), id }
}

/** Only who may see the grants on an object may ask what others may do with it. */
export const needsAbout =
  (visible: Action) =>
  <Input extends About>(target: GovernedTarget<Input>): readonly Need[] => {
    const own = needing(visible)(target)
    return principalOf(target.asker, target.input) === undefined
      ? own
      : [...own, ...needing('read-grants')(target)]
  }

/** The words of those that are allowed. */
const allowedWords = async (
  deps: PermissionDeps,
  { target, context }: Task<GovernedTarget<About>>,
): Promise<readonly string[]> => {
  const { governed, input, asker } = target
  const { resource } = governed
  const principal = principalOf(asker, input) ?? asker
  const circumstances = await circumstancesOf(deps, context)
  const words = Object.entries(catalogActions[resource.kind] ?? {})
  const allowed = new Map<Action, boolean>()
  for (const action of new Set(words.map(([, one]) => one))) {
    const { allow } = await deps.authorizer.check(principal, [{ action, resource }], circumstances)
    allowed.set(action, allow)
  }
  return words.filter(([, action]) => allowed.get(action)).map(([word]) => word)
}

const grantWord = (type: ObjectType, wire: string): string => {
  if (wire === 'ownership') return type === 'role' ? 'can_change_ownership' : 'change_ownership'
  return wire === 'assignee' ? 'can_grant_assignee' : `grant_${wire}`
}

/** What concerns grants themselves. */
const grantWords = async (
  deps: PermissionDeps,
  { target, context }: Task<GovernedTarget<About>>,
): Promise<readonly string[]> => {
  const { governed, input, asker, project } = target
  const type = governed.resource.kind
  const principal = principalOf(asker, input) ?? asker
  const wires = wireRelations(type)
  const relations = wires.map((wire) => relationOf(type, wire))
  const granted = await whichMayBeGranted(deps, { principal, governed, project }, relations)
  const need = { action: 'read-grants', resource: governed.resource } as const
  const { allow } = await deps.authorizer.check(principal, [need], await circumstancesOf(deps, context))
  return [
    ...(allow ? ['read_assignments'] : []),
    ...wires.filter((_, i) => granted[i]?.allowed).map((wire) => grantWord(type, wire)),
  ]
}

const reading = <Input extends About>(
  { word, place }: Pick<Kind<Input>, 'word' | 'place'>,
  suffix: string,
  run: (task: Task<GovernedTarget<Input>>) => Promise<readonly string[]>,
): Operation<Input, GovernedTarget<Input>, readonly string[]> => ({
  name: `get${word}${suffix}`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needsAbout('describe'),
  run,
})

export const getActions = <Input extends About>(
  deps: PermissionDeps,
  kind: Pick<Kind<Input>, 'word' | 'place'>,
) => reading(kind, 'Actions', (task) => allowedWords(deps, task))

export const getAuthorizerActions = <Input extends About>(
  deps: PermissionDeps,
  kind: Pick<Kind<Input>, 'word' | 'place'>,
) => reading(kind, 'AuthorizerActions', (task) => grantWords(deps, task))

/** Both, as older clients ask for them. */
export const getAccess = <Input extends About>(
  deps: PermissionDeps,
  kind: Pick<Kind<Input>, 'word' | 'place'>,
) =>
  reading(kind, 'Access', async (task) => [
    ...(await allowedWords(deps, task)),
    ...(await grantWords(deps, task)),
  ])

/** Users are known to everybody who is authenticated, as `search/user` has it. */
export const onUser = <Input extends { readonly id: string }>(): Kind<Input>['place'] => ({
  resolve: async (input, asker) => ({
    warehouse: null,
    ...{ input, asker },
    governed: { resource: { kind: 'user', user: input.id }, place: { object: `user:${input.id}` } },
  }),
  missing: ({ input }) => new CatalogError('NotFoundException', `User does not exist: ${input.id}`),
})
