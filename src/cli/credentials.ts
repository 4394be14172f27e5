/** What `login` has got: tokens and stored secrets, by profile, in a file that only its owner may read. */
import { CommandError } from './exit.ts'
import { configFolder } from './profiles.ts'
import type { Terminal } from './terminal.ts'

export interface Kept {
  readonly token?: string
  readonly refreshToken?: string
  /** Epoch milliseconds; absent where the token does not say. */
  readonly expiresAt?: number
  readonly clientSecret?: string
}

type AllKept = Readonly<Record<string, Kept>>

const pathOf = (terminal: Terminal): string => `${configFolder(terminal)}/credentials.json`

/** Group and others. */
const foreignBits = 0o077

const readAll = async (terminal: Terminal): Promise<AllKept> => {
  const path = pathOf(terminal)
  const file = await terminal.files.read(path)
  if (file === undefined) return {}
  if ((file.mode & foreignBits) !== 0)
    throw new CommandError(
      `${path} can be read by others: chmod 600 it, and sign in again if others may have`,
    )
  try {
    return JSON.parse(file.text) as AllKept
  } catch (cause) {
    throw new CommandError(`${path} is damaged: delete it and sign in again`, 1, { cause })
  }
}

export const readKept = async (terminal: Terminal, profile: string): Promise<Kept> => {
  const all = await readAll(terminal)
  return (Object.hasOwn(all, profile) ? all[profile] : undefined) ?? {}
}

/** Undefined forgets them. */
export const keep = async (terminal: Terminal, profile: string, kept: Kept | undefined): Promise<void> => {
  const { [profile]: _, ...others } = await readAll(terminal)
  const all = kept === undefined ? others : { ...others, [profile]: kept }
  await terminal.files.write(pathOf(terminal), `${JSON.stringify(all, undefined, 2)}\n`)
}
