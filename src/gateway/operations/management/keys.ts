/** The operations on the keys of service accounts: a key is shown once, when it is made. */
import { type Static, Type } from 'typebox'
import { createKey } from '#authn/keys.ts'
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { ApiKeyRecord } from '#store/api-keys.ts'
import type { Operation, Task } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { type AccountDeps, type AccountTarget, atAccount, changingAccount, onAccount } from './accounts.ts'
import { checkUntil, type LastingDeps } from './lasting.ts'
import type { ById } from './place.ts'
import { certainly, isId } from './place.ts'
import { replayMade } from './replays.ts'

export const createKeySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    /** `api-key` by default. */
    kind: Type.Optional(Type.Union([Type.Literal('api-key'), Type.Literal('client-secret')])),
    'expires-at': Type.Optional(
      Type.Union([Type.String({ format: 'date-time', maxLength: 40 }), Type.Null()]),
    ),
  },
  { additionalProperties: false },
)

interface KeyDeps extends AccountDeps, LastingDeps {}

export type CreateKey = ById & { readonly body: Static<typeof createKeySchema> }
export interface AtKey extends ById {
  readonly keyId: string
}

/** `key` only in the first answer: nobody can show it again. */
export interface ShownKey {
  readonly id: string
  readonly record: ApiKeyRecord
  readonly key: string | undefined
}

const missingKey = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Key does not exist: ${id}`)

const expiryOf = (text: string | null | undefined): Date | null => {
  if (text === null || text === undefined) return null
  const expiresAt = new Date(text)
  if (Number.isNaN(expiresAt.getTime()) || expiresAt.getTime() <= Date.now())
    throw new CatalogError('BadRequestException', 'Invalid request: expires-at must be a time to come')
  return expiresAt
}

const findKey = async (
  { people }: AccountDeps,
  { record }: AccountTarget<unknown>,
  id: string,
): Promise<ApiKeyRecord | undefined> => (await people.listKeys(record.id)).find((key) => key.id === id)

/** Whoever has a key is what its account is, for as long as it lasts. */
const checkLasting = async (
  deps: KeyDeps,
  { context, target }: Pick<Task<AccountTarget<CreateKey>>, 'context' | 'target'>,
  end: Date | null,
): Promise<void> => {
  for (const { resource } of changingAccount('manage')(target))
    await checkUntil(deps, end, {
      ...{ principal: context.principal, what: 'a key' },
      right: { relation: 'can_manage', resource },
    })
}

const createServiceAccountKey = (
  deps: KeyDeps,
): Operation<CreateKey, AccountTarget<CreateKey>, ShownKey> => ({
  name: 'createServiceAccountKey',
  kind: 'change',
  success: 201,
  ...atAccount<CreateKey>(deps),
  needs: changingAccount('manage'),
  run: certainly(async ({ context, target }) => {
    const { input, project, record: account } = target
    checkText(input.body.name, 'name')
    const expiresAt = expiryOf(input.body['expires-at'])
    await checkLasting(deps, { context, target }, expiresAt)
    const { kind = 'api-key', name } = input.body
    const { text, hash, hint } = createKey(kind)
    const record = await deps.people.createKey(context, {
      ...{ principalId: account.id, projectId: project, kind, name, hash, hint },
      expiresAt,
    })
    return { id: record.id, record, key: text }
  }),
  replay: replayMade(
    async (target, id) => {
      const record = await findKey(deps, target, id)
      return record && { id, record, key: undefined }
    },
    ({ input }) => missingKey(input.body.name),
  ),
})

const listServiceAccountKeys = (
  deps: AccountDeps,
): Operation<ById, AccountTarget<ById>, readonly ApiKeyRecord[]> => ({
  name: 'listServiceAccountKeys',
  kind: 'read',
  success: 200,
  ...atAccount<ById>(deps),
  needs: onAccount('describe'),
  run: ({ target }) => deps.people.listKeys(target.record.id),
})

const deleteServiceAccountKey = (deps: AccountDeps): Operation<AtKey, AccountTarget<AtKey>, void> => ({
  name: 'deleteServiceAccountKey',
  kind: 'change',
  success: 204,
  ...atAccount<AtKey>(deps),
  needs: changingAccount('manage'),
  run: certainly(async ({ context, target: { input, record } }) => {
    if (!isId(input.keyId)) throw missingKey(input.keyId)
    await deps.people.revokeKey(context, { id: input.keyId, principalId: record.id })
  }),
  replay: replayDone,
})

export const createKeyOperations = (deps: KeyDeps) => ({
  listServiceAccountKeys: listServiceAccountKeys(deps),
  createServiceAccountKey: createServiceAccountKey(deps),
  deleteServiceAccountKey: deleteServiceAccountKey(deps),
})

export type KeyOperations = ReturnType<typeof createKeyOperations>
