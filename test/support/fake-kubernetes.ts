/** The part of a Kubernetes API that reviews tokens: it checks what it is sent as strictly as the real one. */
import type { ProviderRequest } from '#authn/provider-fetch.ts'

interface ReviewedAccount {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  /** Audiences that its token is for. */
  readonly audiences: readonly string[]
}

export interface FakeKubernetes {
  readonly accounts: Map<string, ReviewedAccount>
  /** What the API wants to see in `Authorization`. */
  reviewer: string
  /** An API that has never heard of audiences. */
  oldFashioned: boolean
  answer(request: ProviderRequest): { readonly status: number; readonly body: unknown }
}

interface Review {
  readonly apiVersion?: unknown
  readonly kind?: unknown
  readonly metadata?: unknown
  readonly spec?: { readonly token?: unknown; readonly audiences?: unknown }
}

const failure = (status: number, reason: string) => ({
  status,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code: status },
})

const isReview = ({ apiVersion, kind, spec }: Review): boolean =>
  apiVersion === 'authentication.k8s.io/v1' &&
  kind === 'TokenReview' &&
  typeof spec?.token === 'string' &&
  spec.token !== '' &&
  (spec.audiences === undefined || Array.isArray(spec.audiences))

const checked = (request: ProviderRequest, reviewer: string) => {
  const { headers, method, url } = request
  if (headers['authorization'] !== `Bearer ${reviewer}`) return failure(401, 'Unauthorized')
  if (new URL(url).pathname !== '/apis/authentication.k8s.io/v1/tokenreviews') return failure(404, 'NotFound')
  if (method !== 'POST') return failure(405, 'MethodNotAllowed')
  if (headers['content-type'] !== 'application/json') return failure(415, 'UnsupportedMediaType')
  return undefined
}

const statusOf = (fake: FakeKubernetes, spec: Readonly<Record<string, unknown>>): object => {
  const { token, audiences } = spec as { readonly token: string; readonly audiences?: readonly string[] }
  const account = fake.accounts.get(token)
  const shared = audiences?.filter((audience) => account?.audiences.includes(audience))
  const looks = shared !== undefined && !fake.oldFashioned
  if (!account || (looks && shared.length === 0)) return { user: {}, error: 'invalid bearer token' }
  const { username, uid, groups } = account
  return { authenticated: true, user: { username, uid, groups }, ...(looks ? { audiences: shared } : {}) }
}

export const createFakeKubernetes = (): FakeKubernetes => {
  const fake: FakeKubernetes = {
    accounts: new Map(),
    reviewer: 'reviewer-token',
    oldFashioned: false,
    answer: (request) => {
      const refused = checked(request, fake.reviewer)
      if (refused) return refused
      const review = JSON.parse(request.body ?? '') as Review
      if (!isReview(review)) return failure(400, 'BadRequest')
      return { status: 201, body: { ...review, status: statusOf(fake, { ...review.spec }) } }
    },
  }
  return fake
}
