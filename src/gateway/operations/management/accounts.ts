/** The operations on the service accounts of a project. */

import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { ownProvider } from '#authn/people.ts'
import type { CallContext } from '#catalog/catalog.ts'
import type { Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { PrincipalChange, PrincipalRecord } from '#store/principals.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { type PageAsked, type Paged, pageByKey } from './paging.ts'
import {
  type ById,
  certainly,
  inProject,
  type ManagementDeps,
  onProject,
  type ProjectTarget,
} from './place.ts'
import { replayMade } from './replays.ts'
import type { UserDeps } from './users.ts'

export type AccountDeps = UserDeps & ManagementDeps

const strict = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 128 })

export const serviceAccountSchema = Type.Object({ name }, strict)

type Named = Static<typeof serviceAccountSchema>
type Renamed = ById & { readonly body: Named }

export interface AccountTarget<Input> extends ProjectTarget<Input> {
  readonly record: PrincipalRecord
}

const missingAccount = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Service account does not exist: ${id}`)

/** An account of another project is as missing as one that never was. */
const findAccount = async (
  { people }: AccountDeps,
  { project, input }: ProjectTarget<ById>,
): Promise<PrincipalRecord> => {
  const record = await people.find(input.id)
  if (record?.kind !== 'service-account' || record.projectId !== project) throw missingAccount(input.id)
  return record
}

/** With the version that the caller has seen (`If-Match`), where it names one. */
const targetOf = ({ id }: PrincipalRecord, { version }: CallContext) =>
  ({ id, kind: 'service-account', ...(version === undefined ? {} : { version }) }) as const

export const atAccount = <Input extends ById>(deps: AccountDeps) => ({
  ...inProject<Input>(deps),
  resolve: async (...asked: Parameters<ReturnType<typeof inProject<Input>>['resolve']>) => {
    const target = await inProject<Input>(deps).resolve(...asked)
    return { ...target, record: await findAccount(deps, target) }
  },
})

const accountResource = (project: string, { id }: ById): Resource => ({
  kind: 'service-account',
  project,
  serviceAccount: id,
})

export const onAccount =
  (action: Need['action']) =>
  ({ project, input }: ProjectTarget<ById>): readonly Need[] => [
    { action, resource: accountResource(project, input) },
  ]

/** A repeated request may no longer find it. */
interface PerhapsAccount extends ProjectTarget<ById> {
  readonly record: PrincipalRecord | undefined
}

/** An account that administers the server is not its project's alone: whoever gives it a key becomes what it is. */
export const changingAccount =
  (action: Need['action']) =>
  (target: PerhapsAccount): readonly Need[] => [
    ...onAccount(action)(target),
    ...(target.record?.serverAdmin ? [{ action: 'manage', resource: { kind: 'server' } } as const] : []),
  ]

const listServiceAccounts = (
  deps: AccountDeps,
): Operation<PageAsked, ProjectTarget<PageAsked>, Paged<PrincipalRecord>> => ({
  name: 'listServiceAccounts',
  kind: 'read',
  success: 200,
  ...inProject<PageAsked>(deps),
  needs: onProject('list'),
  run: async ({ target: { input, project }, context, visible }) => {
    const page = await pageByKey(deps.pageTokens, input, {
      scope: listingScope('listServiceAccounts', [project], context.principal),
      read: (limit, after) =>
        deps.people.listServiceAccounts(project, { limit, ...(after === undefined ? {} : { after }) }),
      keyOf: ({ id }) => id,
    })
    return { ...page, items: await visible('describe', page.items, (one) => accountResource(project, one)) }
  },
})

const createServiceAccount = (
  deps: AccountDeps,
): Operation<Named, ProjectTarget<Named>, PrincipalRecord> => ({
  name: 'createServiceAccount',
  kind: 'change',
  success: 201,
  ...inProject<Named>(deps),
  needs: onProject('create'),
  run: certainly(({ context, target: { input, project } }) => {
    checkText(input.name, 'name')
    const id = `${ownProvider}~${randomUUID()}`
    return deps.people.createServiceAccount(context, { id, name: input.name, projectId: project })
  }),
  replay: replayMade(
    (_target, id) => deps.people.find(id),
    ({ input }) => missingAccount(input.name),
  ),
})

const getServiceAccount = (deps: AccountDeps): Operation<ById, AccountTarget<ById>, PrincipalRecord> => ({
  name: 'getServiceAccount',
  kind: 'read',
  success: 200,
  ...atAccount<ById>(deps),
  needs: onAccount('describe'),
  run: async ({ target }) => target.record,
})

const changing = <Input extends ById>(
  deps: AccountDeps,
  operation: string,
  changeOf: (input: Input) => PrincipalChange,
): Operation<Input, AccountTarget<Input>, PrincipalRecord> => ({
  name: operation,
  kind: 'change',
  success: 200,
  ...atAccount<Input>(deps),
  needs: changingAccount('manage'),
  run: certainly(({ context, target: { input, record } }) =>
    deps.people.change(context, targetOf(record, context), changeOf(input)),
  ),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => findAccount(deps, target),
  },
})

const deleteServiceAccount = (deps: AccountDeps): Operation<ById, PerhapsAccount, void> => ({
  name: 'deleteServiceAccount',
  kind: 'change',
  success: 204,
  ...inProject<ById>(deps),
  resolve: async (...asked) => {
    const target = await inProject<ById>(deps).resolve(...asked)
    const record = await deps.people.find(target.input.id)
    return { ...target, record: record?.projectId === target.project ? record : undefined }
  },
  needs: changingAccount('drop'),
  missing: ({ input }) => missingAccount(input.id),
  run: certainly(async ({ context, target }) => {
    await deps.people.remove(context, targetOf(await findAccount(deps, target), context))
  }),
  replay: replayDone,
})

export const createServiceAccountOperations = (deps: AccountDeps) => ({
  listServiceAccounts: listServiceAccounts(deps),
  createServiceAccount: createServiceAccount(deps),
  getServiceAccount: getServiceAccount(deps),
  deleteServiceAccount: deleteServiceAccount(deps),
  renameServiceAccount: changing(deps, 'renameServiceAccount', ({ body }: Renamed) => {
    checkText(body.name, 'name')
    return { name: body.name, lastUpdatedWith: 'update-endpoint' }
  }),
  activateServiceAccount: changing(deps, 'activateServiceAccount', (_input: ById) => ({ active: true })),
  deactivateServiceAccount: changing(deps, 'deactivateServiceAccount', (_input: ById) => ({ active: false })),
})

export type ServiceAccountOperations = ReturnType<typeof createServiceAccountOperations>
