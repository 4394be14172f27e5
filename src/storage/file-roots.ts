/**
 * Turns a `file:` location into a path that lies under an allowed root, also after symbolic links are followed.
 * Whoever may swap a folder for a link while a call runs owns the folder already: that race is not defended.
 */
import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { normalFormOf, parseLocation } from '#model/location.ts'
import { outside } from './errors.ts'

export interface FileRoots {
  /** The path of a location that is spelled inside a root. BadRequest otherwise. Touches no disk. */
  pathOf(location: string): string
  /** BadRequest when `folder`, or its nearest existing parent, really lies outside every root. */
  checkFolder(folder: string, location: string): Promise<void>
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/** The real path of the nearest existing ancestor, with the missing rest appended. */
export const realPathOf = async (wanted: string): Promise<string> => {
  try {
    return await realpath(wanted)
  } catch (error) {
    const parent = path.dirname(wanted)
    if (!isMissing(error) || parent === wanted) throw error
    return path.join(await realPathOf(parent), path.basename(wanted))
  }
}

/** Of two absolute paths: `inner` is `outer` or lies below it. */
export const isUnder = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`)

export const createFileRoots = (roots: readonly string[]): FileRoots => {
  const parsedRoots = roots.map(parseLocation)
  const rootForms = parsedRoots.map(normalFormOf)
  const rootPaths = parsedRoots.map((root) => `/${root.path}`)
  return {
    pathOf: (location) => {
      const parsed = parseLocation(location)
      const form = normalFormOf(parsed)
      if (!rootForms.some((root) => form.startsWith(root))) throw outside(location)
      return `/${parsed.path}`
    },
    checkFolder: async (folder, location) => {
      const [real, ...realRoots] = await Promise.all([folder, ...rootPaths].map(realPathOf))
      if (!realRoots.some((root) => isUnder(real ?? '', root))) throw outside(location)
    },
  }
}
