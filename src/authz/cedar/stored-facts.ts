/** What rules ask that only our own records say: looked up where a rule that may apply looks at it, and only then. */
import type { Need } from '#model/access.ts'
import { type Namespace, namespaceKey } from '#model/identifier.ts'
import type { Program } from './program.ts'
import type { StoredFacts } from './request.ts'

export interface StoredRecords {
  /** Of a local namespace; undefined where it is not there. */
  properties(warehouse: string, namespace: Namespace): Promise<StoredFacts['properties']>
  /** Of a local table or view; undefined where it is gone. */
  formatVersion(contentId: string): Promise<number | undefined>
}

type Placed = Extract<Need['resource'], { readonly namespace: Namespace }>

export const nothingStored: StoredFacts = {}

export const wantsStored = ({ wants }: Program): boolean => wants.properties || wants.formatVersion

/** For the needs of one question: what lies in one namespace has its properties looked up once. */
export const createStoredLookup = (records: StoredRecords, { wants }: Program) => {
  const known = new Map<string, Promise<StoredFacts['properties']>>()
  const propertiesOf = (warehouse: string, namespace: Namespace) => {
    const key = `${warehouse}/${namespaceKey(namespace)}`
    const found = known.get(key) ?? records.properties(warehouse, namespace)
    known.set(key, found)
    return found
  }
  const formatOf = async (resource: Placed): Promise<StoredFacts> => {
    if (!wants.formatVersion || !('contentId' in resource) || resource.contentId === undefined)
      return nothingStored
    const formatVersion = await records.formatVersion(resource.contentId)
    return formatVersion === undefined ? nothingStored : { formatVersion }
  }
  return async ({ resource }: Need): Promise<StoredFacts> => {
    if (!('namespace' in resource) || resource.mount !== undefined) return nothingStored
    const { warehouse, namespace } = resource
    const properties = wants.properties ? await propertiesOf(warehouse, namespace) : undefined
    return { ...(properties && { properties }), ...(await formatOf(resource)) }
  }
}
