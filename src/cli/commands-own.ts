/** Commands of the command line itself: profiles, help, completion, and the way to whatever has no command. */
import { needed, readBody } from './call.ts'
import type { Call, Outcome, OwnCommand } from './command.ts'
import { fromOption } from './command.ts'
import { completionOf } from './completion.ts'
import { keep } from './credentials.ts'
import { CommandError, exitCodes, usageError } from './exit.ts'
import { helpOf } from './help.ts'
import { type Profile, readProfiles, writeProfiles } from './profiles.ts'
import { defaultServer } from './session.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

const runApi = async (call: Call): Promise<Outcome> => {
  const method = needed(call, 'method').toUpperCase()
  const [path = '', search] = needed(call, 'path').split('?')
  if (!methods.has(method)) throw usageError(`${method} is no method: ${[...methods].join(', ')}`)
  if (!path.startsWith('/')) throw usageError('The path must begin with /, e.g. /management/v1/info')
  const from = call.values.text('from')
  const body = from === undefined ? undefined : await readBody(call.terminal, from)
  const sent = await call.session.send({ method, path, query: new URLSearchParams(search), body })
  // What it is, nobody here knows: it is shown as it came, JSON with line breaks.
  return { text: sent.json ? JSON.stringify(JSON.parse(sent.text), undefined, 2) : sent.text }
}

const runHealthcheck = async ({ session, values }: Call): Promise<Outcome> => {
  const probe = values.isSet('live') ? 'live' : 'ready'
  await session.send({ method: 'GET', path: `/health/${probe}`, impatient: true })
  return { answer: { status: probe }, view: { columns: ['status'] } }
}

const runOpenApi = async ({ session }: Call): Promise<Outcome> => {
  const { text } = await session.send({ method: 'GET', path: '/openapi.json' })
  return { text }
}

const shownProfile = (name: string, profile: Profile, usual: string | undefined) => ({
  name,
  server: profile.server ?? defaultServer,
  project: profile.project ?? null,
  auth: profile.auth?.kind ?? null,
  default: name === (usual ?? 'default'),
})

const runProfileList = async ({ terminal }: Call): Promise<Outcome> => {
  const { profiles = {}, 'default-profile': usual } = await readProfiles(terminal)
  const list = Object.entries(profiles).map(([name, profile]) => shownProfile(name, profile, usual))
  return {
    answer: { profiles: list },
    view: { list: 'profiles', columns: ['name', 'server', 'project', 'auth', 'default'] },
  }
}

const checkKnown = (profiles: Readonly<Record<string, Profile>> | undefined, name: string): void => {
  if (!Object.hasOwn(profiles ?? {}, name))
    throw new CommandError(`There is no profile ${name}`, exitCodes.missing)
}

const runProfileUse = async (call: Call): Promise<Outcome> => {
  const name = needed(call, 'name')
  const all = await readProfiles(call.terminal)
  checkKnown(all.profiles, name)
  await writeProfiles(call.terminal, { ...all, 'default-profile': name })
  return { answer: undefined }
}

const runProfileDelete = async (call: Call): Promise<Outcome> => {
  const name = needed(call, 'name')
  const all = await readProfiles(call.terminal)
  checkKnown(all.profiles, name)
  const { [name]: _, ...others } = all.profiles ?? {}
  const { 'default-profile': usual } = all
  await keep(call.terminal, name, undefined)
  await writeProfiles(call.terminal, {
    ...(usual === undefined || usual === name ? {} : { 'default-profile': usual }),
    profiles: others,
  })
  return { answer: undefined }
}

const profileName = { name: 'name', about: 'the profile' } as const

export const ownCommands: readonly OwnCommand[] = [
  {
    name: 'api',
    about: 'send any request, signed in like every other',
    arguments: [
      { name: 'method', about: 'GET, POST, …' },
      { name: 'path', about: 'path and query, e.g. /management/v1/info' },
    ],
    options: [fromOption],
    run: runApi,
  },
  { name: 'openapi', about: 'print the OpenAPI document of the server', run: runOpenApi },
  {
    name: 'healthcheck',
    about: 'ask a gateway whether it is ready; for probes of containers',
    options: [{ name: 'live', about: 'ask only whether it lives', form: 'switch' }],
    run: runHealthcheck,
  },
  { name: 'profile list', about: 'list the profiles of this machine', run: runProfileList },
  {
    name: 'profile use',
    about: 'make a profile the one used where none is named',
    arguments: [profileName],
    run: runProfileUse,
  },
  {
    name: 'profile delete',
    about: 'delete a profile and its tokens',
    arguments: [profileName],
    run: runProfileDelete,
  },
  {
    name: 'completion',
    about: 'print the completion script of a shell',
    arguments: [{ name: 'shell', about: 'bash, zsh or fish' }],
    run: (call) => Promise.resolve({ text: completionOf(call.rows, needed(call, 'shell')) }),
  },
  {
    name: 'help',
    about: 'explain a command',
    arguments: [{ name: 'command', about: 'its words', optional: true, many: true }],
    run: (call) =>
      Promise.resolve({
        text: helpOf(
          call.rows,
          (call.values.text('command') ?? '').split(' ').filter((word) => word !== ''),
        ),
      }),
  },
]
