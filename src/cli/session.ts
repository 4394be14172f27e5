/** Whom the command line speaks to, and as whom. */
import { type Kept, keep, readKept } from './credentials.ts'
import { CommandError, exitCodes, usageError } from './exit.ts'
import { createSend, type Send } from './management-client.ts'
import { findProject } from './naming.ts'
import { type Auth, findProfile, type Profile, readProfiles } from './profiles.ts'
import type { Terminal } from './terminal.ts'

/** What the options say; the environment is asked where they are silent. */
export interface Asked {
  readonly profile?: string | undefined
  readonly server?: string | undefined
  readonly project?: string | undefined
  readonly assumeRole?: string | undefined
  /** Files of a client certificate and its key. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** The profile is about to be made. */
  readonly mayBeNew?: boolean
}

export interface Session {
  readonly origin: string
  readonly project: string | undefined
  readonly profileName: string
  readonly profile: Profile
  readonly send: Send
  /** Shows the client certificate to the gateway, where there is one. */
  readonly terminal: Terminal
  /** The files of that. */
  readonly identity: Pick<Profile, 'client-certificate' | 'client-key'>
  /** The bearer token that is sent; undefined where nothing says how to sign in. */
  token(): Promise<string | undefined>
}

export const defaultServer = 'http://127.0.0.1:8181'

const oldestMs = 30_000

/** `env:NAME` or `file:/path`, at the moment of use. */
const readReference = async (terminal: Terminal, reference: string): Promise<string> => {
  const [, scheme, name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (scheme === undefined) throw usageError('A secret must be a reference: env:NAME or file:/path')
  const text = scheme === 'env' ? terminal.environment[name] : (await terminal.files.read(name))?.text
  const value = text?.replace(/\r?\n$/, '')
  if (value === undefined || value === '') throw new CommandError(`Cannot read the secret ${reference}`)
  return value
}

const signInAgain = (name: string): CommandError =>
  new CommandError(
    `Not signed in: run \`lakegate login${name === 'default' ? '' : ` --profile ${name}`}\``,
    exitCodes.unauthenticated,
  )

interface Owner {
  readonly terminal: Terminal
  readonly origin: string
  /** Undefined where the credentials come from the environment: nothing is cached then. */
  readonly profileName: string | undefined
}

type TokenOf<A extends Auth> = (auth: A, owner: Owner, kept: Kept) => Promise<Kept>

const storedToken: TokenOf<Auth & { kind: 'token' }> = async ({ token }, { terminal, profileName }, kept) => {
  if (token !== undefined) return { token: await readReference(terminal, token) }
  if (kept.token === undefined) throw signInAgain(profileName ?? '')
  return kept
}

const clientToken: TokenOf<Auth & { kind: 'client-credentials' }> = async (auth, owner, kept) => {
  const { terminal, origin } = owner
  const reference = auth['client-secret']
  const secret = reference === undefined ? kept.clientSecret : await readReference(terminal, reference)
  if (secret === undefined) throw signInAgain(owner.profileName ?? '')
  const { exchangeClientSecret } = await import('./sign-in.ts')
  const got = await exchangeClientSecret({ auth, secret, origin, terminal })
  return { ...got, ...(reference === undefined ? { clientSecret: secret } : {}) }
}

const personToken: TokenOf<Auth & { kind: 'oidc' }> = async (auth, { terminal, profileName = '' }, kept) => {
  if (kept.refreshToken === undefined) throw signInAgain(profileName)
  const { refresh } = await import('./sign-in.ts')
  return refresh({ auth, refreshToken: kept.refreshToken, terminal }).catch((cause: unknown) => {
    if (cause instanceof CommandError) throw cause
    throw signInAgain(profileName)
  })
}

const isFresh = ({ token, expiresAt }: Kept, terminal: Terminal): boolean =>
  token !== undefined && (expiresAt === undefined || expiresAt - oldestMs > terminal.now())

const obtain = (auth: Auth, owner: Owner, kept: Kept): Promise<Kept> => {
  if (auth.kind === 'token') return storedToken(auth, owner, kept)
  if (auth.kind === 'client-credentials') return clientToken(auth, owner, kept)
  return personToken(auth, owner, kept)
}

const createTokenSource = (auth: Auth, owner: Owner): (() => Promise<string | undefined>) => {
  const { terminal, profileName } = owner
  const find = async (): Promise<string | undefined> => {
    const kept = profileName === undefined ? {} : await readKept(terminal, profileName)
    if (auth.kind !== 'token' && isFresh(kept, terminal)) return kept.token
    const got = await obtain(auth, owner, kept)
    if (profileName !== undefined && auth.kind !== 'token') await keep(terminal, profileName, got)
    return got.token
  }
  let found: Promise<string | undefined> | undefined
  return () => (found ??= find())
}

const environmentAuth = ({ environment }: Terminal): Auth | undefined => {
  if (environment['LAKEGATE_TOKEN']) return { kind: 'token', token: 'env:LAKEGATE_TOKEN' }
  const id = environment['LAKEGATE_CLIENT_ID']
  if (!id || !environment['LAKEGATE_CLIENT_SECRET']) return undefined
  return { kind: 'client-credentials', 'client-id': id, 'client-secret': 'env:LAKEGATE_CLIENT_SECRET' }
}

/** BadUsage for what is no address. */
const checkServer = (text: string): string => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usageError(`${text} is not the address of a gateway: it should be like https://lake.example.com`)
  if (url.username !== '' || url.password !== '')
    throw usageError('The address of a gateway must not hold a user or a password: see `lakegate help login`')
  return text.replace(/\/+$/, '')
}

/** A profile that was named goes before the environment; its credentials go to no server but its own. */
const chooseAuth = (
  terminal: Terminal,
  asked: Asked,
  found: { readonly profile: Profile; readonly origin: string },
): { readonly auth: Auth | undefined; readonly own: boolean } => {
  const { profile, origin } = found
  const isOwn = checkServer(profile.server ?? defaultServer) === origin
  const ofProfile = isOwn ? profile.auth : undefined
  const ofEnvironment = environmentAuth(terminal)
  const own = ofProfile !== undefined && (asked.profile !== undefined || ofEnvironment === undefined)
  return { auth: own ? ofProfile : ofEnvironment, own }
}

/** An empty variable says nothing. */
const variable = ({ environment }: Terminal, name: string): string | undefined =>
  environment[`LAKEGATE_${name}`] || undefined

interface Acting {
  readonly project: string | undefined
  readonly role: string | undefined
}

/** The project is asked for by name once, before the first request. */
const createHeaders = ({ project, role }: Acting, send: Send): (() => Promise<Record<string, string>>) => {
  let found: Promise<string> | undefined
  return async () => {
    if (project !== undefined) found ??= findProject(send, project)
    const id = await found
    return {
      ...(id === undefined ? {} : { 'x-project-id': id }),
      ...(role === undefined ? {} : { 'x-assume-role': role }),
    }
  }
}

const identityFiles = (
  terminal: Terminal,
  { certificate, key }: Asked,
  profile: Profile,
): Session['identity'] => {
  const shown = certificate ?? variable(terminal, 'CLIENT_CERTIFICATE') ?? profile['client-certificate']
  const proof = key ?? variable(terminal, 'CLIENT_KEY') ?? profile['client-key']
  return {
    ...(shown === undefined ? {} : { 'client-certificate': shown }),
    ...(proof === undefined ? {} : { 'client-key': proof }),
  }
}

const readPem = async ({ files }: Terminal, path: string): Promise<string> => {
  const file = await files.read(path)
  if (file === undefined) throw usageError(`There is no file ${path}`)
  return file.text
}

/** Whoever shows a certificate shows it to the gateway, also where it asks it for a token, and to nobody else. */
const showingCertificate = async (
  plain: Terminal,
  origin: string,
  { 'client-certificate': certificate, 'client-key': key }: Session['identity'],
): Promise<Terminal> => {
  if (certificate === undefined && key === undefined) return plain
  if (certificate === undefined || key === undefined)
    throw usageError('--cert and --key come together: the files of a client certificate and of its key')
  const identity = { certificate: await readPem(plain, certificate), key: await readPem(plain, key) }
  return { ...plain, fetch: plain.fetchAs(origin, identity) }
}

/** Options before environment before profile. */
export const openSession = async (plain: Terminal, asked: Asked): Promise<Session> => {
  const profiles = await readProfiles(plain)
  const { name, profile } = findProfile(profiles, asked.profile ?? variable(plain, 'PROFILE'), {
    mayBeNew: asked.mayBeNew ?? false,
  })
  const said = asked.server ?? variable(plain, 'SERVER') ?? profile.server
  const origin = checkServer(said ?? defaultServer)
  const identity = identityFiles(plain, asked, profile)
  const terminal = await showingCertificate(plain, origin, identity)
  const project = asked.project ?? variable(terminal, 'PROJECT') ?? profile.project
  const { auth, own } = chooseAuth(terminal, asked, { profile, origin })
  const owner = { terminal, origin, profileName: own ? name : undefined }
  const token = auth === undefined ? () => Promise.resolve(undefined) : createTokenSource(auth, owner)
  const sender = { origin, fetch: terminal.fetch, token, patience: terminal }
  const role = asked.assumeRole ?? variable(terminal, 'ASSUME_ROLE')
  const send = createSend({ ...sender, headers: createHeaders({ project, role }, createSend(sender)) })
  return { origin, project, profileName: name, profile, send, terminal, identity, token }
}
