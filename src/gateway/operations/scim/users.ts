/** The operations on users that a provisioning system has. */
import { beforeChange } from '#catalog/certainty.ts'
import type { EventDraft } from '#model/event.ts'
import type { JsonObject } from '#model/json.ts'
import type { Transaction } from '#store/database.ts'
import {
  deprovisionUser,
  findProvisionedUser,
  listProvisionedUsers,
  type ProvisionDraft,
  type ProvisionedUser,
  provisionUser,
  reprovisionUser,
} from '#store/provisioned-users.ts'
import { raiseIdentityEpoch } from '#store/server.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { readFilter, userFilters } from './filter.ts'
import { readPatch } from './patch.ts'
import { patchUser } from './patch-user.ts'
import {
  aim,
  type ById,
  type ListAsked,
  type Listed,
  listed,
  missing,
  onServer,
  pageOf,
  type ScimDeps,
  type ScimTarget,
  tellingUniqueness,
  type Versioned,
} from './place.ts'
import { ScimRefusal } from './refusal.ts'
import { attributesOf, draftOf, readUser, type UserAttributes } from './user-attributes.ts'

export type { ProvisionedUser } from '#store/provisioned-users.ts'

export interface WithBody {
  readonly body: JsonObject
}

type Made = ScimTarget<WithBody>
type Changed = ScimTarget<Versioned & WithBody>

const eventOf = (type: string, id: string): EventDraft => ({
  type: `principal.${type}`,
  object: id,
  warehouse: '',
  data: { kind: 'user', project: null },
})

/** As the provider's tokens will name it. */
const idOf = ({ rules }: ScimDeps, { userName, externalId }: ProvisionDraft): string => {
  const subject = rules.subject === 'userName' ? userName : externalId
  if (subject === null) throw new ScimRefusal('invalidValue', 'Invalid externalId: it is missing')
  return `${rules.provider}~${subject}`
}

const find = async (
  { rules, database }: ScimDeps,
  id: string,
  sql: Pick<Transaction, 'query' | 'execute' | 'orm'> = database,
): Promise<ProvisionedUser> => {
  const user = await findProvisionedUser(sql, rules.provider, id)
  if (user === undefined) throw missing('User', id)
  return user
}

const listUsers = ({
  rules,
  database,
}: ScimDeps): Operation<ListAsked, ScimTarget<ListAsked>, Listed<ProvisionedUser>> => ({
  name: 'scimListUsers',
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: async ({ target: { input } }) => {
    const condition = readFilter(userFilters, input.filter)
    const page = pageOf(input)
    return listed(await listProvisionedUsers(database, { provider: rules.provider, condition }, page), page)
  },
})

const getUser = (deps: ScimDeps): Operation<ById, ScimTarget<ById>, ProvisionedUser> => ({
  name: 'scimGetUser',
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ target: { input } }) => find(deps, input.id),
})

const createUser = (deps: ScimDeps): Operation<WithBody, Made, ProvisionedUser> => ({
  name: 'scimCreateUser',
  kind: 'change',
  success: 201,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(async () => {
      const draft = draftOf(readUser(input.body))
      const id = idOf(deps, draft)
      return tellingUniqueness(() =>
        deps.change(context, async (tx) => {
          await provisionUser(tx, id, draft)
          return { result: await find(deps, id, tx), event: eventOf('provisioned', id) }
        }),
      )
    }),
  replay: {
    remember: ({ id }) => ({ kind: 'json', body: JSON.stringify({ id }) }),
    recall: async (_outcome, { target }) => find(deps, idOf(deps, draftOf(readUser(target.input.body)))),
  },
})

/** The subject is who somebody is: another one is somebody else. */
const checkSameSubject = (deps: ScimDeps, user: ProvisionedUser, draft: ProvisionDraft): void => {
  if (deps.rules.subject === 'externalId' && draft.externalId === null) return
  if (idOf(deps, draft) === user.id) return
  throw new ScimRefusal(
    'mutability',
    `${deps.rules.subject} is the subject of the user's tokens and cannot be changed`,
  )
}

/** Whoever was only seen so far is known by the subject of its tokens. */
const withSubject = (deps: ScimDeps, user: ProvisionedUser, draft: ProvisionDraft): ProvisionDraft =>
  deps.rules.subject === 'externalId' && draft.externalId === null
    ? { ...draft, externalId: user.id.slice(deps.rules.provider.length + 1) }
    : draft

const wordOf = (before: ProvisionedUser, { active }: ProvisionDraft): string => {
  if (before.active === active) return 'changed'
  return active ? 'activated' : 'deactivated'
}

/** What it becomes is computed from what it is within the transaction that has the order of all such changes. */
const changing = (
  deps: ScimDeps,
  name: string,
  become: (user: ProvisionedUser, body: JsonObject) => UserAttributes,
): Operation<Versioned & WithBody, Changed, ProvisionedUser> => ({
  name,
  kind: 'change',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(() =>
      tellingUniqueness(() =>
        deps.change(context, async (tx) => {
          await raiseIdentityEpoch(tx)
          const user = await find(deps, input.id, tx)
          const draft = draftOf(become(user, input.body))
          checkSameSubject(deps, user, draft)
          const aimed = { id: user.id, version: input.version }
          await reprovisionUser(tx, aimed, withSubject(deps, user, draft))
          return { result: await find(deps, user.id, tx), event: eventOf(wordOf(user, draft), user.id) }
        }),
      ),
    ),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => find(deps, target.input.id),
  },
})

/** What `active` is stays where a whole user leaves it out: no system means to lock out by silence, or to let in. */
const replaced = (user: ProvisionedUser, body: JsonObject): UserAttributes => ({
  active: user.active,
  ...readUser(body),
})

const deleteUser = (deps: ScimDeps): Operation<Versioned, ScimTarget<Versioned>, void> => ({
  name: 'scimDeleteUser',
  kind: 'change',
  success: 204,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(() =>
      deps.change(context, async (tx) => {
        const { id } = await find(deps, input.id, tx)
        await deprovisionUser(tx, { id, version: input.version })
        return { result: undefined, event: eventOf('deleted', id) }
      }),
    ),
  replay: replayDone,
})

export const createScimUsers = (deps: ScimDeps) => ({
  listUsers: listUsers(deps),
  getUser: getUser(deps),
  createUser: createUser(deps),
  replaceUser: changing(deps, 'scimReplaceUser', replaced),
  patchUser: changing(deps, 'scimPatchUser', (user, body) => patchUser(attributesOf(user), readPatch(body))),
  deleteUser: deleteUser(deps),
})
