/** The external decision point of the configuration, asked over HTTP by the guarded way out. */
import { ExternalUnanswered, readExternalAnswer } from '#authz/external/answer.ts'
import type { AskExternal, ExternalDeps } from '#authz/external/external.ts'
import { createEgressPolicy } from '#catalog/egress-policy.ts'
import type { ExternalSettings } from './policy-schema.ts'
import type { SecretResolver } from './secrets.ts'

export interface ExternalInput {
  readonly settings: ExternalSettings | undefined
  readonly secret: SecretResolver
  readonly report: (event: string, error: unknown) => void
}

const mostBytes = 1024 * 1024

/** The operator's own address may lie anywhere; what clouds tell any process is out of reach all the same. */
const policy = createEgressPolicy({ allow: ['0.0.0.0/0', '::/0'], loopback: true })

/** Undefined where none is configured. */
export const openExternal = async (
  { settings, secret, report }: ExternalInput,
  parts: AsyncDisposableStack,
): Promise<ExternalDeps | undefined> => {
  if (settings === undefined) return undefined
  const { url, token, timeoutMs, cacheSeconds } = settings
  const { openGuardedFetch } = await import('#catalog/egress.ts')
  const { fetch } = parts.use(openGuardedFetch({ policy, connectTimeoutMs: timeoutMs }))
  const authorization = token === undefined ? {} : { authorization: `Bearer ${await secret(token)}` }
  const ask: AskExternal = async (question) => {
    try {
      const { status, body } = await fetch({
        ...{ method: 'POST', url, maxBytes: mostBytes, timeoutMs },
        headers: { 'content-type': 'application/json', accept: 'application/json', ...authorization },
        body: JSON.stringify(question),
      })
      return readExternalAnswer(status, Buffer.from(body).toString(), question.input.checks.length)
    } catch (error) {
      report('policy.external-not-asked', error)
      throw new ExternalUnanswered('the external decision point has given no answer', { cause: error })
    }
  }
  return { ask, cacheMs: cacheSeconds * 1_000, now: () => performance.now() }
}
