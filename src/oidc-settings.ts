/** A provider of the configuration in the words of those who judge its tokens. */
import type { IntrospectionRules } from '#authn/introspection.ts'
import type { OidcSettings } from '#authn/oidc.ts'
import { defaultOidcId } from './auth-check.ts'
import type { OidcKeys } from './auth-schema.ts'
import type { SecretResolver } from './secrets.ts'

export const present = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })

const introspectionOf = (
  keys: NonNullable<OidcKeys['introspection']>,
  secret: SecretResolver,
): IntrospectionRules => ({
  clientId: keys['client-id'],
  clientSecret: () => secret(keys['client-secret']),
  ...present('uri', keys.uri),
  ...present('method', keys.method),
  ...present('tokens', keys.tokens),
  ...present('believedSeconds', keys['cache-seconds']),
  ...present('requireAudience', keys['require-audience']),
})

export const oidcSettings = (keys: OidcKeys, secret: SecretResolver): OidcSettings => {
  const { id = defaultOidcId, introspection, 'discovery-token': token } = keys
  return {
    ...{ id, uri: keys.uri, audiences: keys.audience },
    ...present('audienceClaims', keys['audience-claims']),
    ...present('additionalIssuers', keys['additional-issuers']),
    ...present('keysUri', keys['jwks-uri']),
    ...present('bearer', token === undefined ? undefined : () => secret(token)),
    ...present('algorithms', keys.algorithms),
    ...present('clockSkewSeconds', keys['clock-skew-seconds']),
    ...present('scope', keys.scope),
    ...present('requiredClaims', keys['required-claims']),
    ...present('subjectClaims', keys['subject-claims']),
    ...present('rolesClaim', keys['roles-claim']),
    ...present('nameTemplate', keys['display-name-template']),
    ...present('introspection', introspection && introspectionOf(introspection, secret)),
  }
}
