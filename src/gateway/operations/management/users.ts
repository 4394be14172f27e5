/** The operations on users, and who one is oneself. */

import { type Static, Type } from 'typebox'
import type { CallContext } from '#catalog/catalog.ts'
import type { Need, Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { PrincipalChange, PrincipalRecord } from '#store/principals.ts'
import type { FoundUser } from '#store/principals-search.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import type { PageTokens } from '../../page-token.ts'
import { replayDone } from '../replays.ts'
import { type PageAsked, type Paged, pageByKey } from './paging.ts'
import type { PeopleRegistry } from './people-registry.ts'
import { type ById, certainly, type ServerTarget } from './place.ts'

export interface UserDeps {
  readonly people: PeopleRegistry
  readonly pageTokens: PageTokens
}

const strict = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 256 })
const email = Type.Union([Type.String({ maxLength: 256 }), Type.Null()])
const userType = Type.Union([Type.Literal('human'), Type.Literal('application')])
const orNull = <S extends typeof name | typeof userType>(schema: S) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

export const createUserSchema = Type.Object(
  {
    'update-if-exists': Type.Optional(Type.Boolean()),
    name: orNull(name),
    email: Type.Optional(email),
    'user-type': orNull(userType),
    id: Type.Optional(Type.Union([Type.String({ minLength: 3, maxLength: 640 }), Type.Null()])),
  },
  strict,
)
/** Older clients say `user_type`. */
export const updateUserSchema = Type.Object(
  {
    name,
    email: Type.Optional(email),
    'user-type': Type.Optional(userType),
    user_type: Type.Optional(userType),
  },
  strict,
)
export const searchUserSchema = Type.Object({ search: Type.String({ maxLength: 10_000 }) }, strict)

type CreateUser = Static<typeof createUserSchema>
export type UpdateUser = ById & { readonly body: Static<typeof updateUserSchema> }
export type SearchUser = Static<typeof searchUserSchema>
export interface ListUsers extends PageAsked {
  /** A part of the name. */
  readonly name?: string | undefined
}

/** Who asks for a user is told the same whether or not it is there, unless it may know. */
const userResource = ({ id }: ById): Resource => ({ kind: 'user', user: id })

const missingUser = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `User does not exist: ${id}`)

const onServer = (action: Need['action']) => (): readonly Need[] => [{ action, resource: { kind: 'server' } }]

const onUser =
  (action: Need['action']) =>
  ({ input }: ServerTarget<ById>): readonly Need[] => [{ action, resource: userResource(input) }]

const findUser = async ({ people }: UserDeps, id: string): Promise<PrincipalRecord> => {
  const record = await people.find(id)
  if (record?.kind !== 'user') throw missingUser(id)
  return record
}

/** With the version that the caller has seen (`If-Match`), where it names one. */
const targetOf = (id: string, { version }: CallContext) =>
  ({ id, kind: 'user', ...(version === undefined ? {} : { version }) }) as const

export interface Asked<Input> extends ServerTarget<Input> {
  readonly asker: Principal
}

const asked = async <Input>(input: Input, asker: Principal): Promise<Asked<Input>> => ({
  ...{ warehouse: null, input, asker },
})

/** Of the caller; `record` is absent for whoever stands outside of all records (anonymous, the configured token). */
export interface Myself {
  readonly principal: Principal
  readonly record: PrincipalRecord | undefined
}

const whoami = ({ people }: UserDeps): Operation<object, Asked<object>, Myself> => ({
  name: 'whoami',
  kind: 'read',
  success: 200,
  resolve: asked,
  needs: onServer('describe'),
  run: async ({ target: { asker } }) => {
    const recorded = asker.kind === 'user' || asker.kind === 'service-account'
    return { principal: asker, record: recorded ? await people.find(asker.id) : undefined }
  },
})

const listUsers = ({
  people,
  pageTokens,
}: UserDeps): Operation<ListUsers, Asked<ListUsers>, Paged<PrincipalRecord>> => ({
  name: 'listUsers',
  kind: 'read',
  success: 200,
  resolve: asked,
  needs: onServer('manage'),
  run: ({ target: { input, asker } }) =>
    pageByKey(pageTokens, input, {
      scope: listingScope('listUsers', [input.name ?? ''], asker),
      read: (limit, after) =>
        people.listUsers({
          limit,
          ...(after === undefined ? {} : { after }),
          ...(input.name === undefined ? {} : { name: input.name }),
        }),
      keyOf: ({ id }) => id,
    }),
})

const mostFound = 10

const searchUser = ({
  people,
}: UserDeps): Operation<SearchUser, ServerTarget<SearchUser>, readonly FoundUser[]> => ({
  name: 'searchUser',
  kind: 'read',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: onServer('describe'),
  run: async ({ target, visible }) => {
    const found = await people.searchUsers({ text: target.input.search, limit: mostFound })
    return visible('describe', found, userResource)
  },
})

export interface Provisioned {
  readonly record: PrincipalRecord
  /** False: it was there, and has been changed. */
  readonly created: boolean
}

interface ProvisionTarget extends Asked<CreateUser> {
  readonly id: string
  /** One provisions oneself: what is left out stays as the token has told. */
  readonly self: boolean
}

/** `provider~subject`, without what cannot be seen; ids of our own service accounts are given by us. */
const userId = /^(?!lakegate~)[^~\p{C}]+~[^\p{C}]+$/u

const checkWords = (body: { readonly name?: string | null; readonly email?: string | null }): void => {
  checkText(body.name ?? '', 'name')
  checkText(body.email ?? '', 'email')
}

const aimUser = async (input: CreateUser, asker: Principal): Promise<ProvisionTarget> => {
  const own = asker.kind === 'user' ? asker.id : undefined
  const id = input.id ?? own
  if (id === undefined)
    throw new CatalogError('BadRequestException', 'Invalid request: id is missing, and the caller is no user')
  if (!userId.test(id))
    throw new CatalogError('BadRequestException', 'Invalid request: id must be provider~subject')
  return { warehouse: null, input, asker, id, self: id === own }
}

interface Details {
  readonly name: string
  readonly email: string | null
  readonly userType: PrincipalRecord['userType']
}

const detailsOf = ({ input, self }: ProvisionTarget, known: PrincipalRecord | undefined): Details => {
  const kept = self ? known : undefined
  const given = input.name ?? kept?.name
  const type = input['user-type'] ?? kept?.userType
  if (given === undefined || type === undefined)
    throw new CatalogError('BadRequestException', 'Invalid request: name and user-type must be given')
  return { name: given, email: (input.email || kept?.email) ?? null, userType: type }
}

/** First sight has registered whoever provisions itself: to its client that is still to be created. */
const isAwaited = ({ self }: ProvisionTarget, { lastUpdatedWith }: PrincipalRecord): boolean =>
  self && lastUpdatedWith === 'config-call-creation'

const createUser = (deps: UserDeps): Operation<CreateUser, ProvisionTarget, Provisioned> => ({
  name: 'createUser',
  kind: 'change',
  success: 201,
  statusOf: ({ created }) => (created ? 201 : 200),
  resolve: aimUser,
  needs: ({ self, id }) =>
    self ? [{ action: 'write', resource: userResource({ id }) }] : onServer('create')(),
  run: certainly(async ({ context, target }) => {
    const { id, input } = target
    checkWords(input)
    const known = await deps.people.find(id)
    const details = detailsOf(target, known)
    if (known === undefined)
      return { record: await deps.people.createUser(context, { id, ...details }), created: true }
    const awaited = isAwaited(target, known)
    if (!awaited && input['update-if-exists'] !== true)
      throw new CatalogError('AlreadyExistsException', `User with id ${id} already exists.`)
    const change = { ...details, lastUpdatedWith: 'create-endpoint' } as const
    return { record: await deps.people.change(context, targetOf(id, context), change), created: awaited }
  }),
  replay: {
    remember: ({ created }) => ({ kind: 'json', body: JSON.stringify({ created }) }),
    recall: async (_outcome, { target: { id, input } }) => {
      const record = await findUser(deps, id)
      return { record, created: input['update-if-exists'] !== true || record.version === 1 }
    },
  },
})

const getUser = (deps: UserDeps): Operation<ById, ServerTarget<ById>, PrincipalRecord> => ({
  name: 'getUser',
  kind: 'read',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: onUser('read'),
  run: ({ target: { input } }) => findUser(deps, input.id),
})

const changing = <Input extends ById>(
  deps: UserDeps,
  operation: string,
  changeOf: (input: Input) => PrincipalChange,
): Operation<Input, ServerTarget<Input>, PrincipalRecord> => ({
  name: operation,
  kind: 'change',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: onUser('manage'),
  run: certainly(({ context, target: { input } }) =>
    deps.people.change(context, targetOf(input.id, context), changeOf(input)),
  ),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => findUser(deps, target.input.id),
  },
})

const updateUser = (deps: UserDeps) =>
  changing(deps, 'updateUser', ({ body }: UpdateUser) => {
    checkWords(body)
    const type = body['user-type'] ?? body.user_type
    if (type === undefined)
      throw new CatalogError('BadRequestException', 'Invalid request: user-type is missing')
    return {
      name: body.name,
      email: body.email || null,
      userType: type,
      lastUpdatedWith: 'update-endpoint',
    }
  })

const deleteUser = (deps: UserDeps): Operation<ById, ServerTarget<ById>, void> => ({
  name: 'deleteUser',
  kind: 'change',
  success: 204,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: onUser('drop'),
  run: certainly(({ context, target: { input } }) =>
    deps.people.remove(context, targetOf(input.id, context)),
  ),
  replay: replayDone,
})

export const createUserOperations = (deps: UserDeps) => ({
  whoami: whoami(deps),
  searchUser: searchUser(deps),
  listUsers: listUsers(deps),
  createUser: createUser(deps),
  getUser: getUser(deps),
  updateUser: updateUser(deps),
  deleteUser: deleteUser(deps),
  activateUser: changing(deps, 'activateUser', (_input: ById) => ({ active: true })),
  deactivateUser: changing(deps, 'deactivateUser', (_input: ById) => ({ active: false })),
})

export type UserOperations = ReturnType<typeof createUserOperations>
