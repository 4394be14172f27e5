/** Pages of names: from the heads, or from the grants where nothing else is wanted and these are few. */
import type { PageRequest } from '#catalog/catalog.ts'
import type { Database } from '#store/database.ts'
import { type EntryPage, listEntries } from '#store/entries.ts'
import { isPlain, type Line } from '#store/entries-lines.ts'
import { countGranted, listGrantedEntries } from '#store/granted-places.ts'

interface Listing {
  readonly database: Database
  readonly line: Line
  readonly warehouseId: string
}

interface Named {
  readonly name: string
  readonly contentId?: string
}

/** As many as a page may examine: with more grants than that, going through the heads is no worse. */
const grantsAPageItem = 10

const grantsOf = async (
  { database, line, warehouseId }: Listing,
  { granted, size }: PageRequest,
): Promise<PageRequest['granted']> => {
  if (!granted || !isPlain(line)) return undefined
  const most = grantsAPageItem * size
  const count = await countGranted(database, { grantees: granted, warehouseId }, most + 1)
  return count <= most ? granted : undefined
}

/**
 * One page after its token, and the token of the next. The order is the same either way, so that grants that become
 * more, or fewer, between two pages make a listing lose nothing and show nothing twice.
 */
export const listNames = async (
  listing: Listing,
  place: Pick<EntryPage, 'ns' | 'kind'>,
  request: PageRequest,
): Promise<{ readonly names: readonly Named[]; readonly next?: string }> => {
  const { database, line, warehouseId } = listing
  const page = { ...place, after: request.token ?? '', size: request.size + 1 }
  const grantees = await grantsOf(listing, request)
  const found: readonly Named[] = grantees
    ? await listGrantedEntries(database, line, { ...page, grantees, warehouseId })
    : await listEntries(database, line, page)
  const names = found.slice(0, request.size)
  const last = found.length > names.length ? names.at(-1) : undefined
  return last ? { names, next: last.name } : { names }
}
