/**
 * Service accounts of a Kubernetes cluster: their tokens are reviewed by its API (`TokenReview`), so that a deleted
 * pod's token ends within a minute, or verified here with the cluster's keys.
 */
import { type Claims, checkSubject, claimAt, groupsOf, namesOf } from './claims.ts'
import type { Identity, Provider } from './identity.ts'
import { createIssuerKeys, type IssuerDeps } from './issuer-keys.ts'
import { anyAudience, checkUnbound, meetsAudience, peek } from './jwt-form.ts'
import { fetchObject, unavailable } from './provider-fetch.ts'
import { refusedBy } from './refusal.ts'
import { createRemoteCheck } from './remote-check.ts'
import { asymmetricAlgorithms, verifyJwt } from './verify-jwt.ts'

export interface KubernetesSettings {
  readonly id: string
  /** Of the cluster's API. */
  readonly uri: string
  readonly audiences: readonly string[]
  /** Our own credential at that API; read again for each request, since the cluster replaces it. */
  readonly token: () => Promise<string>
  /** Default `token-review`. */
  readonly method?: 'token-review' | 'jwt'
  /** What names a service account: its uid, which no second cluster has, or its name, which survives a new cluster. */
  readonly subject?: 'uid' | 'username'
  readonly issuers?: readonly string[]
  /** Whether tokens without audience and end are taken, as clusters before 1.24 gave them. Default false. */
  readonly acceptLegacy?: boolean
  readonly clockSkewSeconds?: number
}

export interface KubernetesDeps extends IssuerDeps {
  /** Epoch milliseconds. */
  readonly now: () => number
}

const defaultIssuers = ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc']
const legacyIssuer = 'kubernetes/serviceaccount'
const reviewedForMs = 60_000
const verifiedForMs = 5 * 60_000
const accountForm = /^system:serviceaccount:([^:]+):([^:]+)$/

interface Account {
  readonly username: string
  readonly uid: unknown
  readonly groups: unknown
  readonly exp: unknown
  readonly believedForMs: number
}

const isLegacy = ({ iss, aud }: Claims): boolean => iss === legacyIssuer && aud === undefined

const asObject = (value: unknown): Claims =>
  typeof value === 'object' && value !== null ? (value as Claims) : {}

interface Asked {
  readonly settings: KubernetesSettings
  readonly deps: KubernetesDeps
  readonly token: string
  readonly legacy: boolean
}

const askForReview = async ({ settings, deps, token, legacy }: Asked): Promise<Claims> => {
  const { uri, audiences } = settings
  const asksAudience = !legacy && !audiences.includes(anyAudience)
  const review = await fetchObject(deps.fetch, {
    method: 'POST',
    url: `${uri.replace(/\/+$/, '')}/apis/authentication.k8s.io/v1/tokenreviews`,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      authorization: `Bearer ${await settings.token()}`,
    },
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(asksAudience ? { audiences } : {}) },
    }),
  }).catch((cause: unknown) => {
    throw unavailable(settings.id, cause)
  })
  return asObject(review['status'])
}

/** An API that knows nothing of audiences answers without them, and has not checked them: that is a refusal. */
const reviewed = async (asked: Asked, exp: unknown): Promise<Account> => {
  const { settings, legacy } = asked
  const { authenticated, audiences = [], user } = await askForReview(asked)
  if (authenticated !== true) throw refusedBy('review', 'the cluster does not know the token')
  if (!legacy && !meetsAudience(audiences, settings.audiences))
    throw refusedBy('audience', 'the token is for others')
  const { username, uid, groups } = asObject(user)
  return { username: String(username), uid, groups, exp, believedForMs: reviewedForMs }
}

/** The groups that the cluster's API would give it (Kubernetes, "Service account tokens"). */
const accountOf = (claims: Claims): Account => {
  const username = String(claims['sub'])
  const [, namespace] = accountForm.exec(username) ?? []
  return {
    username,
    uid: claimAt(claims['kubernetes.io'], 'serviceaccount.uid'),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    exp: claims['exp'],
    believedForMs: verifiedForMs,
  }
}

const identityOf = (settings: KubernetesSettings, account: Account): Identity => {
  const { id, clockSkewSeconds = 0 } = settings
  const [, namespace, name] = accountForm.exec(account.username) ?? []
  if (name === undefined) throw refusedBy('subject', 'it is no service account')
  const subject = checkSubject(settings.subject === 'username' ? account.username : account.uid)
  const { exp } = account
  return {
    kind: 'user',
    id: `${id}~${subject}`,
    userType: 'application',
    name: `${namespace}/${name}`,
    groups: groupsOf(id, namesOf(account.groups)),
    expiresAt: typeof exp === 'number' ? (exp + clockSkewSeconds) * 1000 : null,
    believedForMs: account.believedForMs,
  }
}

/** Whether a token is of this cluster, told from its form. */
const claimsOf =
  ({ audiences, issuers = defaultIssuers, acceptLegacy }: KubernetesSettings): Provider['claims'] =>
  (token) => {
    const said = peek(token)?.payload
    if (!said || !accountForm.test(String(said['sub']))) return false
    if (isLegacy(said)) return acceptLegacy === true
    return issuers.some((issuer) => issuer === said['iss']) && meetsAudience(said['aud'], audiences)
  }

const verifiedHere = (settings: KubernetesSettings, deps: KubernetesDeps) => {
  const { id, audiences, issuers = defaultIssuers, clockSkewSeconds = 0 } = settings
  const uri = settings.uri.replace(/\/+$/, '')
  const keys = createIssuerKeys(
    { uri, issuers, keysUri: `${uri}/openid/v1/jwks`, bearer: settings.token },
    deps,
  )
  const rules = { provider: id, issuers, audiences, algorithms: asymmetricAlgorithms, clockSkewSeconds }
  return async (token: string): Promise<Account> =>
    accountOf(await verifyJwt(token, rules, { keys, now: deps.now }))
}

export const createKubernetesProvider = (settings: KubernetesSettings, deps: KubernetesDeps): Provider => {
  const check = createRemoteCheck(settings.id, deps.elapsed)
  const verified = settings.method === 'jwt' ? verifiedHere(settings, deps) : undefined
  const review = (token: string): Promise<Account> => {
    const said = peek(token)?.payload ?? {}
    checkUnbound(said)
    const asked = { settings, deps, token, legacy: isLegacy(said) }
    return check(token, () => reviewed(asked, said['exp']))
  }
  return {
    id: settings.id,
    issuers: settings.issuers ?? defaultIssuers,
    claims: claimsOf(settings),
    identify: async (token) => identityOf(settings, await (verified ?? review)(token)),
  }
}
