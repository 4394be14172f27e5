/** The operations on the keys that our own tokens are signed with: they come and go by themselves, or when told to. */
import type { CallContext } from '#catalog/catalog.ts'
import type { Need } from '#model/access.ts'
import type { Operation } from '../../operation.ts'
import { certainly, type ServerTarget } from './place.ts'
import { onServer } from './server.ts'

export interface SigningKeyFacts {
  /** The `kid`. */
  readonly id: string
  readonly algorithm: string
  /** Signs from here on, until there; published until the last of its tokens is over. */
  readonly activeFrom: Date
  readonly activeUntil: Date
}

export interface SigningKeyRegistry {
  /** All that are published, the oldest first. */
  list(): Promise<readonly SigningKeyFacts[]>
  /** Conflict where too many are published still. */
  rotate(context: CallContext): Promise<void>
}

export interface SigningKeyDeps {
  readonly signingKeys: SigningKeyRegistry
}

type Listed = readonly SigningKeyFacts[]

const administering = (): readonly Need[] => [{ action: 'manage', resource: { kind: 'server' } }]

const listSigningKeys = ({
  signingKeys,
}: SigningKeyDeps): Operation<object, ServerTarget<object>, Listed> => ({
  name: 'listSigningKeys',
  kind: 'read',
  success: 200,
  resolve: onServer,
  needs: administering,
  run: () => signingKeys.list(),
})

const rotateSigningKeys = ({
  signingKeys,
}: SigningKeyDeps): Operation<object, ServerTarget<object>, Listed> => ({
  name: 'rotateSigningKeys',
  kind: 'change',
  success: 200,
  resolve: onServer,
  needs: administering,
  run: certainly(async ({ context }) => {
    await signingKeys.rotate(context)
    return signingKeys.list()
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: () => signingKeys.list(),
  },
})

export const createSigningKeyOperations = (deps: SigningKeyDeps) => ({
  listSigningKeys: listSigningKeys(deps),
  rotateSigningKeys: rotateSigningKeys(deps),
})

export type SigningKeyOperations = ReturnType<typeof createSigningKeyOperations>
