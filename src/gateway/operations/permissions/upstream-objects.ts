/** What is mounted is granted on only while its upstream has it. Asked once the asker may grant. */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { type Governed, isMounted } from './place.ts'

/** The uuid that a mounted table or view has now; undefined for everything else. */
export const uuidNow = async (
  context: CallContext,
  { resource, route }: Governed,
): Promise<string | undefined> => {
  if (resource.kind !== 'table' && resource.kind !== 'view') return undefined
  const relations = resource.kind === 'table' ? route?.catalog.tables : route?.catalog.views
  if (relations === undefined) return undefined
  const loaded = await relations.load(context, resource, { snapshots: 'refs' })
  const uuid = loaded === 'not-modified' ? undefined : loaded.uuid
  if (uuid === undefined)
    throw new CatalogError('ConflictException', `The upstream tells no uuid of the ${resource.kind}`)
  return uuid.toLowerCase()
}

/** NoSuch… where the upstream does not have it, 503 where it does not answer. */
const lookUpstream = async (context: CallContext, governed: Governed): Promise<string | undefined> => {
  const { resource, route } = governed
  if (resource.kind === 'namespace') await route?.catalog.namespaces.exists(context, resource.namespace)
  return uuidNow(context, governed)
}

/** What was decided, and the uuid that a mounted table or view has now. */
interface Looked<T> {
  readonly decided: T
  readonly uuid?: string | undefined
}

/**
 * Decides, and then looks. An upstream may take its time: whether the asker still may is decided once more after it, and
 * that is what counts.
 */
export const lookDecided = async <T>(
  context: CallContext,
  governed: Governed,
  decide: () => Promise<T>,
): Promise<Looked<T>> => {
  const decided = await decide()
  if (!isMounted(governed)) return { decided }
  const uuid = await lookUpstream(context, governed)
  return { decided: await decide(), uuid }
}
