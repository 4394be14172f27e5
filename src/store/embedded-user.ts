/**
 * PostgreSQL refuses to run as root: it runs as `nobody` then. Where a parent folder (`/root`) keeps that user out, it
 * is given the one capability of passing folders, if the system can give it.
 */
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface DatabaseUser {
  readonly uid: number
  readonly gid: number
}

/** How a command is started as the database's user. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly user?: DatabaseUser
}

/** Undefined where we are an ordinary user ourselves; else whoever owns the database already, or `nobody`. */
export const findDatabaseUser = async (database: string): Promise<DatabaseUser | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(database).catch(() => undefined)
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith('nobody:'))
    ?.split(':')
  return { uid: Number(fields?.[2] ?? 65534), gid: Number(fields?.[3] ?? 65534) }
}

const mayPass = async (folder: string, user: DatabaseUser): Promise<boolean> => {
  const { mode, uid, gid } = await stat(folder)
  if (uid === user.uid) return (mode & 0o100) !== 0
  if (gid === user.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

/** The outermost folder on the way to `path` that `user` may not pass. */
const findClosedFolder = async (path: string, user: DatabaseUser): Promise<string | undefined> => {
  const parent = dirname(path)
  const above = parent === path ? undefined : await findClosedFolder(parent, user)
  if (above !== undefined) return above
  return (await mayPass(path, user)) ? undefined : path
}

const boundingSet = async (): Promise<bigint> => {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const found = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)
  return found === null ? 0n : BigInt(`0x${found[1]}`)
}

const capabilities = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
] as const

/** `access()` looks at capabilities only with `no_setuid_fixup`. */
const withCapability = (name: string, user: DatabaseUser): Launch => ({
  command: 'setpriv',
  args: [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    `--inh-caps=+${name}`,
    `--ambient-caps=+${name}`,
    '--securebits=+no_setuid_fixup',
  ],
})

const closedMessage = (folder: string): string =>
  `The embedded database cannot run as root, and ${folder} keeps every other user out. Start the gateway as an ordinary user, choose another folder with --data, or allow passing it with \`chmod o+x ${folder}\``

/** Prefix of every command that is run for the database; throws a plain sentence where there is no way. */
export const prepareLaunch = async (
  user: DatabaseUser | undefined,
  folders: readonly string[],
): Promise<Launch | undefined> => {
  if (user === undefined) return undefined
  const closed = (await Promise.all(folders.map((folder) => findClosedFolder(folder, user)))).find(
    (folder) => folder !== undefined,
  )
  if (closed === undefined) return { command: '', args: [], user }
  const held = await boundingSet()
  const capability = capabilities.find(({ bit }) => (held & (1n << bit)) !== 0n)
  if (capability === undefined) throw new Error(closedMessage(closed))
  return withCapability(capability.name, user)
}
