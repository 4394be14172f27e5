import type { Circumstances } from '#authz/authorizer.ts'
import type { CallContext } from '#catalog/catalog.ts'

const nobody = { address: undefined, agent: undefined }

/** For what an operation decides besides its needs: the circumstances that the request itself was decided on in. */
export const circumstancesIn = (
  { receipt: { audit }, requestId, delegation }: CallContext,
  policyEpoch: Circumstances['policyEpoch'],
): Circumstances => {
  const { operation, startedAt, sender = nobody } = audit
  return { operation, caller: { requestId, startedAt, sender, delegation }, policyEpoch }
}
