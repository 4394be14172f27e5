/** What a change at an upstream is recorded as, in the caller's words. A local catalog records its own. */
import type { Loaded, TableChange } from '#catalog/catalog.ts'
import { assignedUuid } from '#iceberg/assigned-uuid.ts'
import { assertsCreate } from '#iceberg/requirements.ts'
import type { EventDraft } from '#model/event.ts'
import { type Identifier, sameNamespace } from '#model/identifier.ts'
import type { AtNamespace, AtRelation, RelationKind, RoutedPlace, WithBody } from './place.ts'

/** Types as the local catalog has them; the object is the warehouse, whose content ids end at its mounts. */
const eventOf = (
  { warehouse, route }: RoutedPlace<unknown>,
  type: string,
  data: EventDraft['data'],
): EventDraft => ({
  type,
  object: warehouse.id,
  warehouse: warehouse.id,
  data: { connection: route.source.name, ...data },
})

const inWords = ({ namespace, name }: Identifier) => ({ namespace, name })

export const namespaceEvents =
  (what: 'created' | 'dropped' | 'properties-updated') =>
  (target: RoutedPlace<AtNamespace>): readonly EventDraft[] => [
    eventOf(target, `namespace.${what}`, { namespace: target.input.namespace }),
  ]

/** Grants on it stand for this uuid. */
type Made = Pick<Loaded, 'uuid'>

const uuidOf = ({ uuid }: Made = {}): EventDraft['data'] => (uuid === undefined ? {} : { uuid })

/** Of what its body names. Nothing where it is only staged. */
export const madeEvents =
  <Input extends AtNamespace>(
    kind: RelationKind,
    what: 'created' | 'registered',
    nameOf: (input: Input) => Identifier,
  ) =>
  (target: RoutedPlace<Input>, made?: Made): readonly EventDraft[] =>
    target.repeatable
      ? []
      : [eventOf(target, `${kind}.${what}`, { ...inWords(nameOf(target.input)), ...uuidOf(made) })]

export const relationEvents =
  (kind: RelationKind, what: 'created' | 'committed' | 'dropped' | 'unregistered') =>
  (target: RoutedPlace<AtRelation>, made?: Made): readonly EventDraft[] => {
    const uuid = what === 'created' ? uuidOf(made) : {}
    return [eventOf(target, `${kind}.${what}`, { ...inWords(target.input.id), ...uuid })]
  }

export const renameEvents =
  (kind: RelationKind) =>
  (
    target: RoutedPlace<{ readonly source: Identifier; readonly destination: Identifier }>,
  ): readonly EventDraft[] => {
    const { source, destination } = target.input
    if (source.name === destination.name && sameNamespace(source.namespace, destination.namespace)) return []
    const from = { 'source-namespace': source.namespace, 'source-name': source.name }
    return [eventOf(target, `${kind}.renamed`, { ...inWords(destination), ...from })]
  }

export const metricsEvents = (target: RoutedPlace<AtRelation & WithBody>): readonly EventDraft[] => {
  const { id, body } = target.input
  const report = Buffer.from(body.bytes).toString()
  return [eventOf(target, 'metrics.reported', { ...inWords(id), report })]
}

/** Of what a transaction makes nothing is answered: its uuid is the one that the client gives it. */
const transactionEvent = (
  target: RoutedPlace<unknown>,
  { id, requirements, updates }: TableChange,
): EventDraft => {
  if (!assertsCreate(requirements)) return eventOf(target, 'table.committed', inWords(id))
  const uuid = assignedUuid(updates)
  return eventOf(target, 'table.created', { ...inWords(id), ...uuidOf(uuid === undefined ? {} : { uuid }) })
}

export const transactionEvents = (
  target: RoutedPlace<unknown> & { readonly changes: readonly TableChange[] },
): readonly EventDraft[] => target.changes.map((change) => transactionEvent(target, change))
