/**
 * What operators learn of tokens that were refused: which check failed, and whose token it claims to be. Nothing here
 * is of use to whoever reads it: no token, and of its claims only the issuer, with a hash in the place of the subject.
 */
import { hash } from 'node:crypto'
import { isCatalogError } from '#model/errors.ts'
import type { Provider } from './identity.ts'
import { peek } from './jwt-form.ts'
import { type Check, Refused, refusedBy } from './refusal.ts'

export interface RefusedToken {
  /** `none` where no provider took it for its own. */
  readonly provider: string
  readonly check: Check
  readonly why: string
  /** As the token says; nothing of it has been verified. */
  readonly issuer?: string
  readonly keyId?: string
  /** The first digits of the SHA-256 of its subject: the same for the same sender. */
  readonly subject?: string
}

/** Told of each token that was refused. */
export type TellRefused = (refused: RefusedToken) => void

const longest = 200
const subjectDigits = 12

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, longest).toWellFormed() : undefined

const present = <K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string })

/** What it says of itself. */
const saidBy = (token: string): Pick<RefusedToken, 'issuer' | 'keyId' | 'subject'> => {
  const { header = {}, payload = {} } = peek(token) ?? {}
  const { sub } = payload
  return {
    ...present('issuer', textOf(payload['iss'])),
    ...present('keyId', textOf(header['kid'])),
    ...present('subject', typeof sub === 'string' ? hash('sha256', sub).slice(0, subjectDigits) : undefined),
  }
}

/** The check by which an error refuses a credential; undefined for errors of other kinds. */
const checkOf = (error: unknown): Pick<RefusedToken, 'check' | 'why'> | undefined => {
  if (!isCatalogError(error, 'NotAuthorizedException')) return undefined
  const { cause } = error
  return cause instanceof Refused
    ? { check: cause.check, why: cause.message }
    : { check: 'form', why: 'no usable credential' }
}

/** Tells of what the provider refuses, and leaves the refusal as it is. */
export const tellingRefused = (provider: Provider, tell: TellRefused): Provider => ({
  id: provider.id,
  claims: (token) => provider.claims(token),
  identify: (token) =>
    provider.identify(token).catch((error: unknown) => {
      const check = checkOf(error)
      if (check) tell({ provider: provider.id, ...check, ...saidBy(token) })
      throw error
    }),
})

const whyNobodys = (token: string, providers: readonly Provider[]): Error => {
  const said = peek(token)
  if (!said) return refusedBy('form', 'no token that anybody here can read')
  const { iss } = said.payload
  const named = providers.filter(({ issuers = [] }) => issuers.some((issuer) => issuer === iss))
  return named.length > 0
    ? refusedBy('audience', `for others than ${named.map(({ id }) => id).join(', ')} is configured for`)
    : refusedBy('issuer', 'no provider is configured for its issuer')
}

/** The last of all providers: whatever the others leave is its own, and refused, with what it looks like. */
export const createNobody = (providers: readonly Provider[]): Provider => ({
  id: 'none',
  claims: () => true,
  identify: async (token) => {
    throw whyNobodys(token, providers)
  },
})

export interface LimitedRules {
  /** Of one window. */
  readonly most: number
  readonly windowMs: number
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
}

/** Passes on so many a window, then counts; the count comes with the first of the next window. */
export const limited = <A extends readonly unknown[]>(
  write: (leftOut: number, ...values: A) => void,
  rules: LimitedRules,
) => {
  let endsAt = Number.NEGATIVE_INFINITY
  let written = 0
  let leftOut = 0
  return (...values: A): void => {
    if (rules.elapsed() >= endsAt) {
      endsAt = rules.elapsed() + rules.windowMs
      written = 0
    }
    if (written >= rules.most) {
      leftOut += 1
      return
    }
    written += 1
    write(leftOut, ...values)
    leftOut = 0
  }
}
