/** Whether metadata files exist: loads of one table within a moment share one look at the store. */
import type { MetadataFiles } from '#catalog/files.ts'

/** At once where somebody has looked a moment ago. */
export type FileExists = (location: string) => boolean | Promise<boolean>

/**
 * How long a file that was there counts as there, in milliseconds. Shorter than any client needs to move a file and
 * ask again, long enough that a busy table does not cost a look a load.
 */
const momentMs = 1

export const createFileChecks = (
  { exists }: Pick<MetadataFiles, 'exists'>,
  now: () => number = () => performance.now(),
): FileExists => {
  let asked = new Map<string, true | Promise<boolean>>()
  let since = now()
  const ask = (location: string): Promise<boolean> => {
    const mine = asked
    const answer = exists(location)
    mine.set(location, answer)
    answer.then(
      (there) => (there ? mine.set(location, there) : mine.delete(location)),
      () => mine.delete(location),
    )
    return answer
  }
  return (location) => {
    const at = now()
    if (at - since >= momentMs) {
      asked = new Map()
      since = at
    }
    return asked.get(location) ?? ask(location)
  }
}
