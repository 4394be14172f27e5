/** Pages of names: from the heads, or by the grants where nothing else is wanted. */
import type { PageRequest } from '#catalog/catalog.ts'
import type { Database } from '#store/database.ts'
import { type EntryPage, listEntries } from '#store/entries.ts'
import { isPlain, type Line } from '#store/entries-lines.ts'
import { countGranted, filterGrantedEntries, listGrantedEntries } from '#store/granted-places.ts'

interface Listing {
  readonly database: Database
  readonly line: Line
  readonly warehouseId: string
}

interface Named {
  readonly name: string
  readonly contentId?: string
}

/** As many candidates as a page may examine an item: with more grants than that it goes through the heads. */
const examinedAnItem = 10

interface NamedPage {
  readonly names: readonly Named[]
  readonly next?: string
  /** Where it is not the size of the page. */
  readonly examined?: number
}

const pageOf = (found: readonly Named[], size: number): NamedPage => {
  const names = found.slice(0, size)
  const last = found.length > size ? names.at(-1) : undefined
  return last ? { names, next: last.name } : { names }
}

/** From the grants where they are few, else from as many heads as may be examined. */
const listGranted = async (
  { database, line, warehouseId }: Listing,
  page: EntryPage,
  grantees: NonNullable<PageRequest['granted']>,
): Promise<NamedPage> => {
  const { size } = page
  const scope = { grantees, warehouseId }
  const most = examinedAnItem * size
  if ((await countGranted(database, scope, most + 1)) <= most)
    return pageOf(await listGrantedEntries(database, line, { ...page, ...scope, size: size + 1 }), size)
  if (page.kind === 'namespace')
    return pageOf(await listEntries(database, line, { ...page, size: size + 1 }), size)
  const filtered = { ...page, ...scope, size: most }
  const { entries, last } = await filterGrantedEntries(database, line, filtered)
  const full = { ...pageOf(entries, size), examined: most }
  return full.next !== undefined || last === undefined ? full : { ...full, next: last }
}

/**
 * One page after its token, and the token of the next. The order is the same whichever way it is made, so that grants
 * that become more, or fewer, between two pages make a listing lose nothing and show nothing twice.
 */
export const listNames = async (
  listing: Listing,
  place: Pick<EntryPage, 'ns' | 'kind'>,
  { token = '', size, granted }: PageRequest,
): Promise<NamedPage> => {
  const page = { ...place, after: token, size }
  if (granted && isPlain(listing.line)) return listGranted(listing, page, granted)
  const { database, line } = listing
  return pageOf(await listEntries(database, line, { ...page, size: size + 1 }), size)
}
