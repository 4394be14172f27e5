/** The operations on the grants of one object: who holds what on it, and giving and taking. */
import { beforeChange } from '#catalog/certainty.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { type GrantDraft, type GrantRecord, textOfKey } from '#store/grants.ts'
import type { Operation } from '../../operation.ts'
import { checkMayFill } from '../management/filled-roles.ts'
import { replayDone } from '../replays.ts'
import { checkLasts, checkMayGrant } from './granters.ts'
import { checkHandedOn } from './handing-on.ts'
import {
  type Governed,
  type GovernedPlace,
  type GovernedTarget,
  isMounted,
  needing,
  type PermissionDeps,
} from './place.ts'
import { lookDecided } from './upstream-objects.ts'
import {
  type Assignment,
  draftOf,
  type GrantedType,
  relationOf,
  type ShownAssignment,
  shownOf,
} from './wire-relations.ts'

/** What an object's operations are made from. */
export interface Kind<Input> {
  readonly type: GrantedType
  /** As in the names of operations. */
  readonly word: string
  readonly place: GovernedPlace<Input>
}

export interface ListAssignments {
  /** Absent: all. */
  readonly relations?: readonly string[] | undefined
}

export interface ChangeAssignments {
  readonly body: {
    readonly writes?: readonly Assignment[] | undefined
    readonly deletes?: readonly Assignment[] | undefined
  }
}

export interface ShownAssignments {
  /** That the object lies in. */
  readonly project: string | undefined
  readonly assignments: readonly ShownAssignment[]
}

/** A list of members, as grants that never end. */
const assigneesOf = async (deps: PermissionDeps, roleId: string): Promise<readonly ShownAssignment[]> => {
  const members = await deps.roles.listMembers(roleId, { reach: 'direct', limit: 100_000 })
  return members.map(({ kind, id }) =>
    shownOf('role', {
      ...{ relation: 'assignee', expiresAt: null },
      subject: { kind: kind === 'role' ? 'role' : 'principal', id },
    }),
  )
}

const adminsOf = async (deps: PermissionDeps): Promise<readonly ShownAssignment[]> =>
  (await deps.projects.listAdmins()).map((user) => ({ type: 'admin', user, expiresAt: null }))

/** Those that stand in lists of their own. */
export const listedOf = async (
  deps: PermissionDeps,
  { resource }: GovernedTarget<unknown>['governed'],
): Promise<readonly ShownAssignment[]> => {
  if (resource.kind === 'server') return adminsOf(deps)
  return resource.kind === 'role' ? assigneesOf(deps, resource.role) : []
}

export const listAssignments = <Input extends ListAssignments>(
  deps: PermissionDeps,
  { type, word, place }: Kind<Input>,
): Operation<Input, GovernedTarget<Input>, ShownAssignments> => ({
  name: `list${word}Assignments`,
  kind: 'read',
  success: 200,
  ...place,
  needs: needing('read-grants'),
  run: async ({ target: { input, governed, project } }) => {
    const relations = input.relations?.map((relation) => relationOf(type, relation))
    const grants: readonly GrantRecord[] = await deps.grants.listGrants(governed.place.object, relations)
    const listed = await listedOf(deps, governed)
    const shown = grants.map((grant) => shownOf(type, grant))
    const asked = listed.filter((one) => relations === undefined || relations.includes(one.type))
    return { project, assignments: [...asked, ...shown] }
  },
})

/** Each once; BadRequest for what is to be both given and taken, and for what has ended already. */
const readChange = (type: GrantedType, { body }: ChangeAssignments) => {
  const unique = (drafts: readonly GrantDraft[]) => [
    ...new Map(drafts.map((draft) => [textOfKey(draft), draft])).values(),
  ]
  const writes = unique((body.writes ?? []).map((one) => draftOf(type, one)))
  const deletes = unique((body.deletes ?? []).map((one) => draftOf(type, one)))
  const taken = new Set(deletes.map(textOfKey))
  if (writes.some((draft) => taken.has(textOfKey(draft))))
    throw new CatalogError('BadRequestException', 'An assignment cannot be both written and deleted')
  if (writes.some(({ expiresAt }) => expiresAt !== undefined && expiresAt.getTime() <= Date.now()))
    throw new CatalogError('BadRequestException', 'Invalid expires-at: it lies in the past')
  return { writes, deletes }
}

const checkFilling = async (
  deps: PermissionDeps,
  { principal, governed: { resource } }: { readonly principal: Principal; readonly governed: Governed },
  writes: readonly GrantDraft[],
): Promise<void> => {
  if (resource.kind !== 'role' || !writes.some(({ relation }) => relation === 'assignee')) return
  await checkMayFill(deps, principal, { projectId: resource.project, id: resource.role })
}

export const changeAssignments = <Input extends ChangeAssignments>(
  deps: PermissionDeps,
  { type, word, place }: Kind<Input>,
  name = `change${word}Assignments`,
): Operation<Input, GovernedTarget<Input>, void> => ({
  name,
  kind: 'change',
  success: 204,
  ...place,
  needs: needing('grant'),
  run: async ({ context, target: { input, governed, asker, project } }) => {
    const { writes, deletes } = readChange(type, input)
    const relations = [...new Set([...writes, ...deletes].map(({ relation }) => relation))]
    const asked = { principal: asker, governed, project }
    const decide = async (): Promise<boolean> => {
      const anyones = await checkMayGrant(deps, asked, relations)
      const lastingly = await checkLasts(deps, asked, writes)
      await checkFilling(deps, asked, writes)
      if (!(anyones && lastingly)) await checkHandedOn(deps, { asker, project }, writes)
      return anyones
    }
    // What has gone at its upstream keeps no grants: they are taken without a look.
    const { decided: anyones, uuid } =
      writes.length > 0 ? await lookDecided(context, governed, decide) : { decided: await decide() }
    const change = {
      ...{ place: governed.place, mounted: isMounted(governed), writes, deletes, anyones },
      ...(uuid === undefined ? {} : { uuid }),
    }
    await beforeChange(() => deps.grants.changeGrants(context, change))
  },
  replay: replayDone,
})
