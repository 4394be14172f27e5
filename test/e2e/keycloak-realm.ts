/** A realm as a company has one: services, a person in a group, roles of the realm and of a client. */

export const realm = 'lake'
export const person = { username: 'ann', password: 'ann-of-the-lake' }

/** Seconds; short enough for tokens to end while PyIceberg works. */
const engineLifetime = 5

const audienceOf = (client: string) => ({
  ...{ name: `for ${client}`, protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
  config: {
    'included.client.audience': client,
    ...{ 'access.token.claim': 'true', 'introspection.token.claim': 'true' },
  },
})

const groups = {
  ...{ name: 'groups', protocol: 'openid-connect', protocolMapper: 'oidc-group-membership-mapper' },
  config: { 'claim.name': 'groups', 'full.path': 'true', 'access.token.claim': 'true' },
}

export const secretOf = (client: string): string => `secret-of-${client}`

const service = (clientId: string, more: object = {}) => ({
  ...{ clientId, secret: secretOf(clientId), serviceAccountsEnabled: true, standardFlowEnabled: false },
  ...more,
})

const device = {
  ...{ clientId: 'device', publicClient: true, standardFlowEnabled: false },
  attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
  protocolMappers: [audienceOf('lakegate'), groups],
}

const granted = { realmRoles: ['writers'], clientRoles: { lakegate: ['analyst'] } }

export const realmDocument = {
  ...{ realm, enabled: true, accessTokenLifespan: 600 },
  roles: { realm: [{ name: 'writers' }], client: { lakegate: [{ name: 'analyst' }] } },
  groups: [{ name: 'data', subGroups: [{ name: 'analysts' }] }],
  clients: [
    service('lakegate'),
    service('live'),
    service('job', { protocolMappers: [audienceOf('lakegate')] }),
    service('engine', {
      protocolMappers: [audienceOf('lakegate')],
      attributes: { 'access.token.lifespan': String(engineLifetime) },
    }),
    service('watched', { protocolMappers: [audienceOf('live')] }),
    service('light', {
      protocolMappers: [audienceOf('live')],
      attributes: { 'client.use.lightweight.access.token.enabled': 'true' },
    }),
    service('unmapped'),
    device,
  ],
  users: [
    {
      ...{ username: person.username, enabled: true, email: 'ann@a.example', emailVerified: true },
      ...{ firstName: 'Ann', lastName: 'Lee', groups: ['/data/analysts'], ...granted },
      credentials: [{ type: 'password', value: person.password }],
    },
    { username: 'service-account-job', enabled: true, serviceAccountClientId: 'job', ...granted },
  ],
}
