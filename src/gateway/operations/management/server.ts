/** The operations on the server as a whole: who it is, and its first administrator. */
import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { certainly, type ManagementDeps, type ServerFacts, type ServerTarget } from './place.ts'

export interface ServerInfo extends ServerFacts {
  readonly bootstrapped: boolean
  readonly defaultProjectId: string
}

const name = Type.String({ minLength: 1, maxLength: 255 })
const perhaps = <S extends ReturnType<typeof Type.Union> | ReturnType<typeof Type.String>>(schema: S) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

export const bootstrapSchema = Type.Object(
  {
    'accept-terms-of-use': Type.Boolean(),
    /** Also a member of the default project: acts there as well. */
    'is-operator': Type.Optional(Type.Boolean()),
    'user-name': perhaps(name),
    'user-email': perhaps(name),
    'user-type': Type.Optional(Type.Union([Type.Literal('human'), Type.Literal('application'), Type.Null()])),
  },
  { additionalProperties: false },
)

export type BootstrapRequest = Static<typeof bootstrapSchema>

/** What acts on the server needs nothing found. */
export const onServer = async <Input>(input: Input): Promise<ServerTarget<Input>> => ({
  warehouse: null,
  input,
})

const getServerInfo = (deps: ManagementDeps): Operation<object, ServerTarget<object>, ServerInfo> => ({
  name: 'getServerInfo',
  kind: 'read',
  success: 200,
  resolve: onServer,
  needs: () => [{ action: 'describe', resource: { kind: 'server' } }],
  run: async () => ({
    ...deps.server,
    // Nobody needs to become an administrator where everybody may everything.
    bootstrapped: deps.server.development === true || (await deps.projects.isBootstrapped()),
    defaultProjectId: deps.projectId,
  }),
})

/** Whoever comes first administers; before that there is nobody who could allow it. */
const bootstrap = (
  deps: ManagementDeps,
): Operation<BootstrapRequest, ServerTarget<BootstrapRequest>, void> => ({
  name: 'bootstrap',
  kind: 'change',
  success: 204,
  resolve: onServer,
  needs: () => [{ action: 'describe', resource: { kind: 'server' } }],
  run: certainly(async ({ context, target: { input } }) => {
    if (!input['accept-terms-of-use'])
      throw new CatalogError('TermsOfUseNotAccepted', 'accept-terms-of-use must be true')
    const { 'user-name': userName, 'user-email': email, 'user-type': userType } = input
    await deps.projects.bootstrap(context, {
      operator: input['is-operator'] ?? false,
      ...(userName ? { name: userName } : {}),
      ...(email ? { email } : {}),
      ...(userType ? { userType } : {}),
    })
  }),
  replay: replayDone,
})

export const createServerOperations = (deps: ManagementDeps) => ({
  getServerInfo: getServerInfo(deps),
  bootstrap: bootstrap(deps),
})
