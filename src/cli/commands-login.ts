/** `login` and `logout`: the only commands that write profiles and credentials together. */
import type { Call, Outcome, OwnCommand } from './command.ts'
import { type Kept, keep, readKept } from './credentials.ts'
import { CommandError, exitCodeOf, exitCodes, usageError } from './exit.ts'
import type { Wire } from './management-client.ts'
import { type Auth, type Profile, readProfiles, writeProfiles } from './profiles.ts'
import { openSession } from './session.ts'

interface SignIn {
  readonly auth: Auth
  /** What is stored before the first request; undefined where a request gets it. */
  readonly kept: Kept | undefined
}

const readSecret = async ({ terminal }: Call): Promise<string> => {
  const secret = (await terminal.readInput()).trim()
  if (secret === '') throw usageError('Nothing came on standard input')
  return secret
}

const byToken = async (call: Call): Promise<SignIn> => {
  const reference = call.values.text('token-reference')
  if (reference !== undefined) return { auth: { kind: 'token', token: reference }, kept: undefined }
  return { auth: { kind: 'token' }, kept: { token: await readSecret(call) } }
}

const scopeOf = ({ values }: Call) => {
  const scope = values.text('scope')
  return scope === undefined ? {} : { scope }
}

const byClient = async (call: Call): Promise<SignIn> => {
  const { values } = call
  const id = values.text('client-id')
  if (id === undefined) throw usageError('A client secret needs --client-id')
  const issuer = values.text('issuer')
  const reference = values.text('client-secret-reference')
  const auth: Auth = {
    kind: 'client-credentials',
    'client-id': id,
    ...(reference === undefined ? {} : { 'client-secret': reference }),
    ...(issuer === undefined ? {} : { issuer }),
    ...scopeOf(call),
  }
  return { auth, kept: reference === undefined ? { clientSecret: await readSecret(call) } : undefined }
}

const byPerson = async (call: Call): Promise<SignIn> => {
  const { values, session, terminal } = call
  const known = session.profile.auth?.kind === 'oidc' ? session.profile.auth : undefined
  const issuer = values.text('issuer') ?? known?.issuer
  const id = values.text('client-id') ?? known?.['client-id']
  if (issuer === undefined || id === undefined)
    throw usageError(
      'Say how to sign in: --issuer URL --client-id ID (a person), --client-id ID --client-secret-stdin (a service account), or --token-stdin (a token or an API key)',
    )
  if (URL.parse(issuer) === null) throw usageError(`${issuer} is not the address of an identity provider`)
  const scope = values.text('scope') ?? known?.scope
  const auth = { kind: 'oidc', issuer, 'client-id': id, ...(scope === undefined ? {} : { scope }) } as const
  const { signInByBrowser, signInByDevice } = await import('./sign-in.ts')
  const signIn = values.isSet('device') ? signInByDevice : signInByBrowser
  return { auth, kept: await signIn(auth, terminal) }
}

const chooseSignIn = (call: Call): Promise<SignIn> => {
  const { values } = call
  const token = values.isSet('token-stdin') || values.isSet('token-reference')
  const client = values.isSet('client-secret-stdin') || values.isSet('client-secret-reference')
  if (token && client) throw usageError('A token and a client secret are two ways to sign in: choose one')
  if (token) return byToken(call)
  return client ? byClient(call) : byPerson(call)
}

/** Where the server does not answer or does not know the way, being refused is the one thing that counts. */
const askWho = async (call: Call, profile: string): Promise<Wire> => {
  const session = await openSession(call.terminal, { profile })
  try {
    const { text } = await session.send({ method: 'GET', path: '/management/v1/whoami' })
    return JSON.parse(text) as Wire
  } catch (error) {
    if (exitCodeOf(error) === exitCodes.missing) return {}
    throw error
  }
}

const runLogin = async (call: Call): Promise<Outcome> => {
  const { terminal, session } = call
  const { profileName: name } = session
  const { auth, kept } = await chooseSignIn(call)
  const before = await readProfiles(terminal)
  const profile: Profile = {
    server: session.origin,
    ...(session.project === undefined ? {} : { project: session.project }),
    ...session.identity,
    auth,
  }
  await keep(terminal, name, kept)
  await writeProfiles(terminal, { ...before, profiles: { ...before.profiles, [name]: profile } })
  const who = await askWho(call, name)
  const answer = { profile: name, server: session.origin, id: who['id'] ?? null, name: who['name'] ?? null }
  return { answer, view: { columns: ['profile', 'server', 'id', 'name'] } }
}

const runLogout = async ({ terminal, session }: Call): Promise<Outcome> => {
  const { profileName, profile } = session
  const { refreshToken } = await readKept(terminal, profileName)
  await keep(terminal, profileName, undefined)
  if (refreshToken === undefined || profile.auth?.kind !== 'oidc') return { answer: undefined }
  const { revoke } = await import('./sign-in.ts')
  await revoke({ auth: profile.auth, refreshToken, terminal }).catch((error: unknown) => {
    const reason = error instanceof CommandError ? error.message : 'it has no such endpoint'
    terminal.tell(`The refresh token is forgotten here; its provider was not told: ${reason}`)
  })
  return { answer: undefined }
}

export const loginCommands: readonly OwnCommand[] = [
  {
    name: 'login',
    about: 'sign in, and keep how in a profile',
    options: [
      { name: 'issuer', about: 'OpenID Connect provider to sign in at' },
      { name: 'client-id', about: 'client at that provider, or the service account at the gateway' },
      { name: 'scope', about: 'scopes to ask for' },
      { name: 'device', about: 'sign in by a code typed in on another machine', form: 'switch' },
      { name: 'token-stdin', about: 'read a token or an API key from standard input', form: 'switch' },
      { name: 'token-reference', about: 'env:NAME or file:/path, read at every use', form: 'reference' },
      { name: 'client-secret-stdin', about: 'read a client secret from standard input', form: 'switch' },
      {
        name: 'client-secret-reference',
        about: 'env:NAME or file:/path, read at every use',
        form: 'reference',
      },
    ],
    run: runLogin,
  },
  { name: 'logout', about: 'forget the tokens of a profile', run: runLogout },
]
