/** Lists the children of a namespace over its owner and the mounts below it: owner first, then mounts in configured order. */
import { CatalogError } from '#model/errors.ts'
import { formatNamespace, type Namespace } from '#model/identifier.ts'
import type { CallContext, Page, PageRequest } from './catalog.ts'
import { isOut } from './mounts-synthetic.ts'

/** Where a listing stands. A plain JSON value: the gateway seals it before a client sees it. */
export interface ListState {
  /** Name of the source whose page comes next; null when only names of mounts are left. */
  readonly source: string | null
  /** The source's own token; absent at its start. */
  readonly token?: string
  /** Names of mounts already listed. */
  readonly skip?: number
  /** The mount table that the state belongs to. */
  readonly epoch: string
}

export interface ListRequest extends Pick<PageRequest, 'granted'> {
  /** Absent on the first page. */
  readonly state?: ListState
  /** Upper bound; a page may be shorter, or empty, and still have a next state. */
  readonly size: number
}

/** A source that did not answer, in the caller's own words. */
export interface OutSource {
  readonly mount: Namespace
  /** Public and in one line. */
  readonly reason: string
}

export interface Listing<T> {
  readonly items: readonly T[]
  readonly next?: ListState
  /** Sources whose content is missing from this page; empty when the page is whole. */
  readonly partial: readonly OutSource[]
  /** As `Page.examined`. */
  readonly examined?: number
}

export interface ListSource {
  readonly name: string
  readonly point: Namespace
  /** Local content is never "out": its failure is the caller's answer. */
  readonly local: boolean
}

/** A page of one source, or an empty one that says why: the source did not answer in time or at all. */
export const askSource = async <T>(
  source: ListSource,
  context: CallContext,
  ask: (context: CallContext) => Promise<Page<T>>,
): Promise<{ readonly page: Page<T>; readonly out?: OutSource }> => {
  if (source.local) return { page: await ask(context) }
  try {
    return { page: await ask(context) }
  } catch (error) {
    if (context.signal.aborted || !isOut(error)) throw error
    return { page: { items: [] }, out: { mount: source.point, reason: error.message } }
  }
}

/** Refuses (400) a state that was made by another mount table: its position means nothing here. */
export const checkState = (state: ListState | undefined, epoch: string): void => {
  if (state && state.epoch !== epoch)
    throw new CatalogError(
      'BadRequestException',
      'Invalid page token: the mounts of this warehouse have changed since it was issued, list again',
    )
}

/** One page of one source, as a listing. */
export const listOne = async <T>(
  source: ListSource,
  request: ListRequest & { readonly epoch: string },
  ask: (page: PageRequest) => Promise<{
    readonly page: Page<T>
    readonly out?: OutSource
  }>,
): Promise<Listing<T>> => {
  const { state, size, granted } = request
  const token = state?.token
  const { page, out } = await ask({
    size,
    ...(token === undefined ? {} : { token }),
    ...(granted === undefined ? {} : { granted }),
  })
  const next = page.next === undefined ? undefined : nextOf(source.name, page.next, request.epoch)
  const { items, examined } = page
  return {
    items,
    partial: out ? [out] : [],
    ...(next ? { next } : {}),
    ...(examined === undefined ? {} : { examined }),
  }
}

const nextOf = (source: string, token: string, epoch: string): ListState => ({ source, token, epoch })

/** The level below `parent` of each mount under it, each once, in configured order. */
export const mountedChildren = (parent: Namespace, points: readonly Namespace[]): readonly Namespace[] => {
  const children = new Map<string, Namespace>()
  for (const point of points) {
    const level = point[parent.length]
    const below = point.length > parent.length && parent.every((own, i) => own === point[i])
    if (below && level !== undefined && !children.has(level)) children.set(level, [...parent, level])
  }
  return [...children.values()]
}

/**
 * Appends the names of mounts where the owner's pages end. A name that the owner also has is left out of the
 * owner's pages, so that it is listed once whatever page it would have been on.
 */
export const withMountedChildren = (
  listing: Listing<Namespace>,
  children: readonly Namespace[],
  request: ListRequest & { readonly epoch: string },
): Listing<Namespace> => {
  const mounted = new Set(children.map((child) => child.at(-1)))
  const own = listing.items.filter((item) => !mounted.has(item.at(-1)))
  if (listing.next) return { ...listing, items: own }
  return joinChildren({ ...listing, items: own }, children, request)
}

const joinChildren = (
  listing: Listing<Namespace>,
  children: readonly Namespace[],
  request: ListRequest & { readonly epoch: string },
): Listing<Namespace> => {
  const skip = request.state?.skip ?? 0
  const room = Math.max(0, request.size - listing.items.length)
  const taken = children.slice(skip, skip + room)
  const rest = skip + taken.length < children.length
  const next: ListState = { source: null, skip: skip + taken.length, epoch: request.epoch }
  return {
    items: [...listing.items, ...taken],
    partial: listing.partial,
    ...(rest ? { next } : {}),
  }
}

/** For messages: the mount as the caller would name it. */
export const formatMount = (mount: Namespace): string => (mount.length === 0 ? '/' : formatNamespace(mount))
