/** Objects as files below allowed roots of this machine's file system: whole, durable, never overwritten. */
import { randomUUID } from 'node:crypto'
import { constants, lstatSync } from 'node:fs'
import { link, lstat, mkdir, open, opendir, rename, stat, statfs, unlink } from 'node:fs/promises'
import path from 'node:path'
import { LRUCache } from 'lru-cache'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { alreadyExists, notFound, refused, tooLarge, unavailable } from './errors.ts'
import { createFileRoots, type FileRoots } from './file-roots.ts'
import type { ObjectStore, ReadOptions, StoredObject } from './object-store.ts'

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const missingCodes = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])
const isMissing = (error: unknown): boolean => missingCodes.has(codeOf(error))

const unusableCodes = new Set(['ENAMETOOLONG', 'ENOTDIR', 'ELOOP', 'EISDIR'])
const refusedCodes = new Set(['EACCES', 'EPERM', 'EROFS'])

const named = (location: string, error: unknown): unknown => {
  const code = codeOf(error)
  if (isCatalogError(error) || code === '' || code === 'ABORT_ERR') return error
  if (unusableCodes.has(code))
    return new CatalogError('BadRequestException', `Not a usable file location: ${location}`, {
      cause: error,
    })
  return refusedCodes.has(code) ? refused(location, error) : unavailable(location, error)
}

/** Runs one call and names its failure. */
const translated = async <T>(location: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw named(location, error)
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  await using handle = await open(folder, constants.O_RDONLY)
  await handle.sync()
}

const makeOneFolder = async (folder: string): Promise<string | undefined> => {
  try {
    await mkdir(folder)
    return folder
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
    if ((await stat(folder)).isDirectory()) return undefined
    // A file stands in the way; the bare code would read as "the object itself is there".
    throw Object.assign(new Error('not a folder', { cause }), { code: 'ENOTDIR' })
  }
}

/**
 * Makes the folder and its missing parents; returns the topmost that was made. Node's own recursion never ends
 * where the kernel says ENOENT although the parent is there (`/proc`).
 */
const makeFolderPath = async (folder: string): Promise<string | undefined> => {
  try {
    return await makeOneFolder(folder)
  } catch (cause) {
    const parent = path.dirname(folder)
    if (codeOf(cause) !== 'ENOENT' || parent === folder) throw cause
    const first = await makeFolderPath(parent)
    const made = await makeOneFolder(folder)
    return first ?? made
  }
}

/** Makes the folder and, where parents were missing, their entries durable up to the one that was there. */
const makeFolder = async (folder: string): Promise<void> => {
  const first = await makeFolderPath(folder)
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = path.dirname(made))
    await syncFolder(path.dirname(made))
}

const noLinkCodes = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Gives a finished file its name unless the name is taken; `rename` alone would replace what is there. */
const publish = async (finished: string, target: string): Promise<void> => {
  try {
    await link(finished, target)
  } catch (error) {
    if (!noLinkCodes.has(codeOf(error))) throw error
    // No hard links here: an exclusive create reserves the name, the rename fills it in one step.
    const reserved = await open(target, 'wx')
    await reserved.close()
    await rename(finished, target)
  }
}

const writeDurably = async (target: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> => {
  const folder = path.dirname(target)
  await makeFolder(folder)
  const partial = path.join(folder, `.${randomUUID()}.partial`)
  try {
    const handle = await open(partial, 'wx')
    try {
      await handle.writeFile(bytes, signal === undefined ? {} : { signal })
      await handle.sync()
    } finally {
      await handle.close()
    }
    await publish(partial, target)
  } finally {
    await unlink(partial).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
  }
  await syncFolder(folder)
}

/** A link in place of the file is refused (ELOOP): only folders may be links, and those are checked. */
const readWhole = async (file: string, location: string, options: ReadOptions): Promise<Uint8Array> => {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const found = await handle.stat()
  if (!found.isFile()) throw notFound(location)
  if (found.size > options.maxBytes) throw tooLarge(location, options.maxBytes)
  return await handle.readFile(options.signal === undefined ? {} : { signal: options.signal })
}

const isFile = async (file: string): Promise<boolean> => {
  try {
    return (await lstat(file)).isFile()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * File systems of the machine's own memory and disks, by their numbers in Linux: ext2–4, XFS, Btrfs, tmpfs, overlay,
 * ZFS, F2FS. A look there costs a tenth of handing it to a thread. One in the network may hang, and the event loop
 * with it.
 */
const ownFileSystems: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
])

const isFileAtOnce = (file: string): boolean => {
  try {
    return lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false
  } catch (error) {
    // The folder has become a file.
    if (isMissing(error)) return false
    throw error
  }
}

/** As `isFile`, made for being asked again and again. Folders keep the answer to where they lie. */
const createFileLook = (): ((file: string) => Promise<boolean>) => {
  const folders = new LRUCache<string, boolean>({ max: 10_000 })
  const learn = async (folder: string): Promise<void> => {
    const { type } = await statfs(folder)
    folders.set(folder, ownFileSystems.has(type))
  }
  return async (file) => {
    const folder = path.dirname(file)
    if (folders.get(folder) === true) return isFileAtOnce(file)
    const there = await isFile(file)
    if (there && !folders.has(folder)) await learn(folder)
    return there
  }
}

async function* walk(folder: string, signal: AbortSignal | undefined): AsyncGenerator<StoredObject> {
  let entries: Awaited<ReturnType<typeof opendir>>
  try {
    entries = await opendir(folder)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  for await (const entry of entries) {
    signal?.throwIfAborted()
    const inner = path.join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(inner, signal)
    else if (entry.isFile()) {
      const found = await lstat(inner).catch(() => undefined)
      if (found !== undefined)
        yield { location: `file://${inner}`, bytes: found.size, modifiedAt: found.mtimeMs }
    }
  }
}

async function* listFolder(
  roots: FileRoots,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<StoredObject> {
  try {
    const folder = roots.pathOf(prefix)
    await roots.checkFolder(folder, prefix)
    yield* walk(folder, signal)
  } catch (error) {
    throw named(prefix, error)
  }
}

/** `roots`: the only `file:` locations below which anything is touched. */
export const createFileStore = (roots: readonly string[]): ObjectStore => {
  const allowed = createFileRoots(roots)
  const look = createFileLook()
  const checkedPath = async (location: string): Promise<string> => {
    const file = allowed.pathOf(location)
    await allowed.checkFolder(path.dirname(file), location)
    return file
  }
  return {
    read: (location, options) =>
      translated(location, async () => {
        options.signal?.throwIfAborted()
        try {
          return await readWhole(await checkedPath(location), location, options)
        } catch (error) {
          throw isMissing(error) ? notFound(location, error) : error
        }
      }),
    writeIfAbsent: (location, bytes, signal) =>
      translated(location, async () => {
        signal?.throwIfAborted()
        try {
          await writeDurably(await checkedPath(location), bytes, signal)
        } catch (error) {
          throw codeOf(error) === 'EEXIST' ? alreadyExists(location) : error
        }
      }),
    delete: (location, signal) =>
      translated(location, async () => {
        signal?.throwIfAborted()
        const file = await checkedPath(location)
        if (await isFile(file))
          await unlink(file).catch((error: unknown) => {
            if (!isMissing(error)) throw error
          })
      }),
    // Not checked for links: the answer tells nothing but that a file is there, and every load asks it.
    exists: (location, signal) =>
      translated(location, async () => {
        signal?.throwIfAborted()
        return await look(allowed.pathOf(location))
      }),
    makeFolder: (location, signal) =>
      translated(location, async () => {
        signal?.throwIfAborted()
        const folder = allowed.pathOf(location)
        await allowed.checkFolder(folder, location)
        await makeFolder(folder)
      }),
    list: (prefix, signal) => listFolder(allowed, prefix, signal),
    [Symbol.asyncDispose]: async () => {},
  }
}
