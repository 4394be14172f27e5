/** Whether metadata files exist: loads of one table within a moment share one look at the store. */
import type { MetadataFiles } from '#catalog/files.ts'

export type FileExists = (location: string) => Promise<boolean>

/**
 * How long a file that was there counts as there, in milliseconds. Shorter than any client needs to move a file and
 * ask again, long enough that a busy table does not cost a look a load.
 */
const momentMs = 1

export const createFileChecks = (
  { exists }: Pick<MetadataFiles, 'exists'>,
  now: () => number = () => performance.now(),
): FileExists => {
  let asked = new Map<string, Promise<boolean>>()
  let since = now()
  const ask = (location: string): Promise<boolean> => {
    const mine = asked
    const forget = (): unknown => mine.delete(location)
    const answer = exists(location)
    answer.then((there) => there || forget(), forget)
    mine.set(location, answer)
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
