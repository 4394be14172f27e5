/** Tokens as real providers write them, each with what the recipe of the manual makes of it. */
const keycloak = 'https://keycloak.example/realms/lake'
const tenant = '5d9b1e5e-0000-4000-8000-000000000001'
const entra = { tid: tenant, oid: '7d3c0000-0000-4000-8000-00000000000a', sub: 'pairwise-0A1b' }
const entraV2 = { ...entra, ver: '2.0', iss: `https://login.microsoftonline.com/${tenant}/v2.0` }
const entraV1 = { ...entra, ver: '1.0', iss: `https://sts.windows.net/${tenant}/` }
const entraClient = '11111111-1111-4111-8111-111111111111'
const okta = { ver: 1, iss: 'https://example.okta.com/oauth2/default', aud: 'api://default' }
const auth0 = { iss: 'https://example.eu.auth0.com/', azp: 'spa0' }
const google = { iss: 'https://accounts.google.com', azp: '1234567890-lakegate.apps.googleusercontent.com' }
const googlePerson = { ...google, aud: google.azp, sub: '110169484474386276334', hd: 'example.com' }
const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example'
const cognito = { iss: pool, token_use: 'access', client_id: '1example23456789', version: 2 }
const github = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'lakegate',
  runner_environment: 'x',
}
const gitlab = { iss: 'https://gitlab.com', aud: 'lakegate', user_login: 'ann' }
const spiffe = { iss: 'https://spire.example', aud: ['lakegate'] }
const ping = { iss: 'https://ping.example', client_id: 'spark', scope: ['lake', 'read'] }

export interface Shape {
  readonly recipe: string
  readonly what: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  /** Of the identity; `refused` where its provider takes it for its own and does not believe it, else `nobody’s`. */
  readonly outcome: object | 'refused' | 'nobody’s'
}

/** `title`: recipe, colon, what it is. */
const shape = (title: string, claims: Shape['claims'], outcome: Shape['outcome']): Shape => {
  const [recipe = '', what = ''] = title.split(': ')
  return { recipe, what, claims, outcome }
}

const keycloakShapes: readonly Shape[] = [
  shape(
    'keycloak: a person',
    {
      ...{ iss: keycloak, aud: ['lakegate', 'account'], sub: '9ebe1ae1', typ: 'Bearer', azp: 'cli' },
      ...{ preferred_username: 'ann', name: 'Ann Lee', email: 'ann@a.example', email_verified: true },
      realm_access: { roles: ['offline_access', 'writers'] },
      resource_access: { lakegate: { roles: ['analyst'] }, account: { roles: ['manage-account'] } },
      groups: ['/data/analysts', '/'],
    },
    {
      ...{ id: 'keycloak~9ebe1ae1', userType: 'human', name: 'Ann Lee', email: 'ann@a.example' },
      groups: [
        'keycloak~offline_access',
        'keycloak~writers',
        'keycloak~analyst',
        'keycloak~/data/analysts',
        'keycloak~/',
      ],
    },
  ),
  shape(
    'keycloak: a service account without roles',
    {
      iss: keycloak,
      aud: 'lakegate',
      sub: 'f0b4',
      azp: 'engine',
      preferred_username: 'service-account-engine',
    },
    { id: 'keycloak~f0b4', userType: 'application', groups: [] },
  ),
  shape('keycloak: a client without a mapper', { iss: keycloak, aud: 'account', sub: 'f0b4' }, 'nobody’s'),
  shape('keycloak: an ID token', { iss: keycloak, aud: 'lakegate', sub: 'f0b4', typ: 'ID' }, 'refused'),
]

const entraShapes: readonly Shape[] = [
  shape(
    'entra: a person, version 2',
    {
      ...{ ...entraV2, aud: entraClient, azp: 'x', scp: 'lake.read', name: 'Ann Lee', groups: ['g-1'] },
      ...{ preferred_username: 'ann@a.example', roles: ['Lake.Writer'] },
    },
    {
      ...{ id: `entra~${entra.oid}`, userType: 'human', name: 'Ann Lee', email: 'ann@a.example' },
      groups: ['entra~Lake.Writer', 'entra~g-1'],
    },
  ),
  shape(
    'entra: a person, version 1',
    { ...entraV1, aud: 'api://lakegate', appid: 'x', scp: 'lake.read', upn: 'ann@a.example' },
    { id: `entra~${entra.oid}`, userType: 'human', email: 'ann@a.example' },
  ),
  shape(
    'entra: an application, version 2',
    { ...entraV2, aud: entraClient, azp: 'x', azpacr: '1', idtyp: 'app', roles: ['Lake.Job'] },
    { id: `entra~${entra.oid}`, userType: 'application', groups: ['entra~Lake.Job'] },
  ),
  shape(
    'entra: an application, version 1',
    { ...entraV1, aud: 'api://lakegate', appid: 'x', appidacr: '1', app_displayname: 'Spark' },
    { id: `entra~${entra.oid}`, userType: 'application', name: 'Spark' },
  ),
  shape(
    'entra: a person in too many groups',
    {
      ...{ ...entraV2, aud: entraClient, scp: 'x', name: 'Ann', _claim_names: { groups: 'src1' } },
      _claim_sources: { src1: { endpoint: 'http://169.254.169.254/groups' } },
    },
    { id: `entra~${entra.oid}`, groups: [] },
  ),
  shape('entra: too many groups, short', { ...entraV2, aud: entraClient, hasgroups: true }, { groups: [] }),
  shape(
    'entra: of another tenant',
    { ...entraV2, aud: entraClient, iss: 'https://login.microsoftonline.com/9188040d/v2.0' },
    'nobody’s',
  ),
  shape(
    'entra: of no tenant',
    { ...entraV2, aud: entraClient, iss: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
    'nobody’s',
  ),
  shape('entra: for Graph', { ...entraV1, aud: 'https://graph.microsoft.com' }, 'nobody’s'),
]

const oktaShapes: readonly Shape[] = [
  shape(
    'okta: a person',
    {
      ...okta,
      cid: '0oa1',
      uid: '00u1',
      scp: ['openid', 'lake'],
      sub: 'ann@a.example',
      groups: ['Everyone'],
    },
    { id: 'okta~00u1', userType: 'human', name: 'ann@a.example', groups: ['okta~Everyone'] },
  ),
  shape(
    'okta: an application',
    { ...okta, cid: '0oa1', scp: ['lake'], sub: '0oa1' },
    { id: 'okta~0oa1', userType: 'application', groups: [] },
  ),
  shape('okta: of the other server', { ...okta, iss: 'https://example.okta.com', sub: 'a' }, 'nobody’s'),
]

const auth0Shapes: readonly Shape[] = [
  shape(
    'auth0: a person',
    {
      ...{ ...auth0, sub: 'google-oauth2|1017', scope: 'openid email' },
      aud: ['https://lakegate.example', 'https://example.eu.auth0.com/userinfo'],
      'https://lakegate.example/roles': ['data admin'],
      'https://lakegate.example/email': 'ann@a.example',
    },
    { id: 'auth0~google-oauth2|1017', groups: ['auth0~data admin'] },
  ),
  shape(
    'auth0: an application',
    { ...auth0, aud: 'https://lakegate.example', sub: 'spa0@clients', gty: 'client-credentials' },
    { id: 'auth0~spa0@clients', userType: 'application', groups: [] },
  ),
  shape('auth0: for its own API', { ...auth0, aud: 'https://example.eu.auth0.com/api/v2/' }, 'nobody’s'),
]

const googleShapes: readonly Shape[] = [
  shape(
    'google: a person',
    { ...googlePerson, email: 'ann@example.com', email_verified: true, name: 'Ann Lee', at_hash: 'x' },
    { id: `google~${googlePerson.sub}`, userType: 'human', email: 'ann@example.com' },
  ),
  shape(
    'google: of the short issuer',
    { ...googlePerson, iss: 'accounts.google.com', name: 'Ann' },
    { id: `google~${googlePerson.sub}` },
  ),
  shape('google: of nobody’s company', { ...googlePerson, hd: undefined }, 'refused'),
  shape('google: of another company', { ...googlePerson, hd: 'example.com.evil.example' }, 'refused'),
  shape(
    'google-machines: a service account',
    {
      ...google,
      ...{ aud: 'https://lakegate.example', azp: '1042', sub: '1042' },
      email: 'spark@lake.iam.gserviceaccount.com',
    },
    { id: 'google-machines~1042', userType: 'application' },
  ),
  shape(
    'google-machines: a stranger’s service account',
    { ...google, aud: 'https://lakegate.example', sub: '1043', email: 'spark@evil.iam.gserviceaccount.com' },
    'refused',
  ),
]

const cognitoShapes: readonly Shape[] = [
  shape(
    'cognito: a person',
    { ...cognito, sub: 'a1b2', username: 'ann', 'cognito:groups': ['writers'], scope: 'openid' },
    { id: 'cognito~a1b2', userType: 'human', name: 'ann', groups: ['cognito~writers'] },
  ),
  shape(
    'cognito: an application',
    { ...cognito, sub: '1example23456789', scope: 'lake/read' },
    { id: 'cognito~1example23456789', userType: 'application' },
  ),
  shape('cognito: of another client', { ...cognito, client_id: 'other', sub: 'a1b2' }, 'nobody’s'),
  shape(
    'cognito: an ID token',
    { iss: pool, token_use: 'id', aud: '1example23456789', sub: 'a1b2' },
    'nobody’s',
  ),
  shape('cognito: an ID token that names a client', { ...cognito, token_use: 'id', sub: 'a1b2' }, 'refused'),
]

const machineShapes: readonly Shape[] = [
  shape(
    'github: a job',
    { ...github, sub: 'repo:acme/lake:ref:refs/heads/main', repository_owner_id: '1001' },
    { id: 'github~repo:acme/lake:ref:refs/heads/main', userType: 'application' },
  ),
  shape(
    'github: a stranger’s job',
    { ...github, sub: 'repo:acme/lake:ref:refs/heads/main', repository_owner_id: '666' },
    'refused',
  ),
  shape(
    'gitlab: a job',
    { ...gitlab, sub: 'project_path:acme/lake:ref_type:branch:ref:main', namespace_id: '2002' },
    { id: 'gitlab~project_path:acme/lake:ref_type:branch:ref:main', userType: 'application' },
  ),
  shape('gitlab: a stranger’s job', { ...gitlab, sub: 'x', namespace_id: ['20', '02'] }, 'refused'),
  {
    ...shape(
      'spiffe: a workload',
      { ...spiffe, sub: 'spiffe://lake.example/ns/etl/sa/spark' },
      { id: 'spiffe~spiffe://lake.example/ns/etl/sa/spark' },
    ),
    header: { typ: 'JOSE' },
  },
  shape('spiffe: for somebody else', { ...spiffe, aud: ['spiffe://lake.example/db'], sub: 'x' }, 'nobody’s'),
  {
    ...shape(
      'ping: an application',
      { ...ping, aud: undefined, client_id: 'lakegate' },
      { id: 'ping~lakegate', userType: 'application' },
    ),
    header: { 'pi.atm': '2' },
  },
  shape(
    'ping: a person',
    { ...ping, aud: 'lakegate', sub: 'ann', memberOf: 'CN=Lake Writers,OU=Data' },
    { id: 'ping~ann', groups: ['ping~CN=Lake Writers,OU=Data'] },
  ),
  shape('ping: for others, by our client', { ...ping, aud: 'payroll', client_id: 'lakegate' }, 'nobody’s'),
]

export const providerShapes: readonly Shape[] = [
  ...keycloakShapes,
  ...entraShapes,
  ...oktaShapes,
  ...auth0Shapes,
  ...googleShapes,
  ...cognitoShapes,
  ...machineShapes,
]
