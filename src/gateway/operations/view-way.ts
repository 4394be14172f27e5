/** The views through which an engine loads something (specification: `referenced-by`), found in our own records. */
import type { TrustedEngine } from '#authn/engines.ts'
import { refersTo } from '#iceberg/view-references.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, type Identifier } from '#model/identifier.ts'
import { isJsonObject, type JsonObject, parseJsonObjectInSlices } from '#model/json.ts'
import type { Link, Target } from '../operation.ts'
import {
  type AtRelation,
  checkLookupOf,
  findRelationPlace,
  type IcebergDeps,
  need,
  type RelationKind,
  type RoutedPlace,
  relationResource,
} from './place.ts'

export interface ThroughViews extends AtRelation {
  /** As the client says it; read only where its word counts. BadRequest where it is malformed. */
  readonly referencedBy?: () => readonly Identifier[]
}

/** Each one is a decision, and may be a request to an upstream. */
const mostViews = 10

const invalid = (what: string): CatalogError =>
  new CatalogError('BadRequestException', `Invalid referenced-by: ${what}`)

const keyOf = ({ namespace, name }: Identifier): string => JSON.stringify([...namespace, name])

const checkChain = (kind: RelationKind, id: Identifier, views: readonly Identifier[]): void => {
  if (views.length > mostViews) throw invalid(`more than ${mostViews} views`)
  views.forEach(checkLookupOf)
  const keys = [...views, ...(kind === 'view' ? [id] : [])].map(keyOf)
  if (new Set(keys).size < keys.length) throw invalid('a view that leads to itself')
}

type Place = RoutedPlace<AtRelation>

/** In a mount an object has two names: the caller's, and the one that its upstream knows. */
const namesOf = ({ route, input }: Place, view: Place): readonly (readonly string[])[] => {
  const whole = [...input.id.namespace, input.id.name]
  const together = !route.source.local && route.source === view.route.source
  return together ? [whole, [...route.relative, input.id.name]] : [whole]
}

const inCatalog =
  ({ catalogs }: TrustedEngine, { warehouse }: Place) =>
  (catalog: string): boolean => {
    const named = Object.entries(catalogs).find(([name]) => name.toLowerCase() === catalog)
    return named === undefined || named[1] === warehouse.id || named[1] === warehouse.name
  }

const definerIn = ({ properties }: JsonObject, property: string | undefined): string | undefined => {
  if (property === undefined || !isJsonObject(properties)) return undefined
  const { [property]: definer } = properties
  return typeof definer === 'string' ? definer : undefined
}

const connectionOf = ({ route: { source } }: Place): string | undefined =>
  source.local ? undefined : source.name

const linkOf = (view: Place, next: Place, engine: TrustedEngine): Link => {
  const resource = relationResource('view', view, view.input.id)
  const { catalog } = view.route
  const missing = () =>
    new CatalogError('NoSuchViewException', `View does not exist: ${formatIdentifier(view.input.id)}`)
  return {
    name: formatIdentifier(view.input.id),
    needs: [need('describe', resource), need('read', resource)],
    target: view,
    source: connectionOf(view),
    define: async (context) => {
      if (!catalog.views) throw missing()
      const loaded = await catalog.views.load(context, view.input.id, { snapshots: 'all' })
      if (loaded === 'not-modified') throw new Error('not-modified was not asked for')
      const metadata = await parseJsonObjectInSlices(Buffer.concat(loaded.metadata))
      const referred = { names: namesOf(next, view), inCatalog: inCatalog(engine, view) }
      return { refers: refersTo(metadata, referred), definer: definerIn(metadata, engine.ownerProperty) }
    },
  }
}

/** The newest epoch that any of them was found with: nothing remembered of an older one may lead the way. */
const newestEpoch = (places: readonly Target[]): Pick<Target, 'policyEpoch'> => {
  const epochs = places.flatMap(
    ({ entries }) => entries?.flatMap(({ policyEpoch }) => policyEpoch ?? []) ?? [],
  )
  return epochs.length === 0 ? {} : { policyEpoch: Math.max(...epochs) }
}

/** Where a trusted engine that knows definers says through which views; of everybody else that is not looked at. */
export const findPlaceThrough = async <Input extends ThroughViews>(
  deps: IcebergDeps,
  kind: RelationKind,
  { input, asker }: { readonly input: Input; readonly asker: Principal },
): Promise<RoutedPlace<Input>> => {
  const engine = deps.engines?.of(asker)
  const views = engine?.ownerProperty === undefined ? [] : (input.referencedBy?.() ?? [])
  if (engine === undefined || views.length === 0) return findRelationPlace(deps, input)
  checkChain(kind, input.id, views)
  const [place, ...found] = await Promise.all([
    findRelationPlace(deps, input),
    ...views.map((id) => findRelationPlace(deps, { warehouse: input.warehouse, id })),
  ])
  const links = found.map((view, i) => linkOf(view, found[i + 1] ?? place, engine))
  const definer = (name: string) => deps.engines?.definer(asker, name)
  const way = { links, source: connectionOf(place), definer }
  return { ...place, ...newestEpoch([place, ...found]), way }
}
