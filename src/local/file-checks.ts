/** Whether metadata files exist: loads of one table at the same moment share one look at the store. */
import type { MetadataFiles } from '#catalog/files.ts'

export type FileExists = (location: string) => Promise<boolean>

export const createFileChecks = ({ exists }: Pick<MetadataFiles, 'exists'>): FileExists => {
  const asked = new Map<string, Promise<boolean>>()
  return (location) => {
    const known = asked.get(location)
    if (known !== undefined) return known
    const answer = exists(location).finally(() => asked.delete(location))
    asked.set(location, answer)
    return answer
  }
}
