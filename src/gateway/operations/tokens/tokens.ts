/** The operations of the token endpoint, and of what is published about it. */
import { type OwnKeys, ownAlgorithm } from '#authn/own-keys.ts'
import type { Operation, Target } from '../../operation.ts'
import { getToken, type TokenDeps } from './get-token.ts'

export interface TokenOperationsDeps extends TokenDeps {
  readonly keys: OwnKeys
}

interface OpenTarget extends Target {
  readonly warehouse: null
}

/** Public by nature: nothing is looked up for it. */
const openRead = <Output>(
  name: string,
  run: () => Promise<Output>,
): Operation<object, OpenTarget, Output> => ({
  name,
  kind: 'read',
  success: 200,
  open: true,
  resolve: async () => ({ warehouse: null }),
  needs: () => [{ action: 'get-config', resource: { kind: 'server' } }],
  run,
})

const getSigningKeys = ({ keys }: TokenOperationsDeps) =>
  openRead('getSigningKeys', async (): Promise<readonly Readonly<Record<string, string>>[]> => {
    const published = await keys.published()
    return published.map(({ id, publicJwk: { kty = '', crv = '', x = '' } }) => ({
      ...{ kty, crv, x, kid: id },
      ...{ alg: ownAlgorithm, use: 'sig' },
    }))
  })

const getDiscovery = ({ tokens }: TokenOperationsDeps) =>
  openRead('getDiscovery', async () => ({ issuer: tokens.issuer }))

export type TokenOperations = ReturnType<typeof createTokenOperations>

export const createTokenOperations = (deps: TokenOperationsDeps) => ({
  getToken: getToken(deps),
  getSigningKeys: getSigningKeys(deps),
  getDiscovery: getDiscovery(deps),
})
