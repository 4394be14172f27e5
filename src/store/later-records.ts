/**
 * Changes at upstreams that are recorded later than they were made: their answer was lost, or whoever got it could not
 * record it any more. Meanwhile others may have made changes that were recorded: those are newer, and stay.
 */
import type { AuditDraft, EventDraft } from '#model/event.ts'
import { statement, type Transaction } from './database.ts'
import { holdMounted } from './grant-places.ts'
import { type Followed, follow, placesOf } from './mounted-grants.ts'
import { writeChanges } from './receipt.ts'
import { takeTurn } from './server.ts'

/** What a change is recorded as once it is known to have happened. */
export interface ChangeRecord {
  readonly audit: AuditDraft
  readonly events: readonly EventDraft[]
}

type Told = Pick<AuditDraft, 'requestId' | 'operation' | 'principal' | 'warehouse' | 'project'>

/** As it is kept with its intent. */
export interface KeptRecord extends Told {
  readonly startedAt: string
  readonly events: readonly EventDraft[]
  /** Of what it has made, where that was learnt after it was sent. */
  readonly uuid?: string | null
}

/** Needs and sender stand with the decision, which is on record already. */
export const encodeRecord = ({ audit, events }: ChangeRecord): string => {
  const { requestId, operation, principal, warehouse, project, startedAt } = audit
  return JSON.stringify({ requestId, operation, principal, warehouse, project, startedAt, events })
}

const auditOf = ({ events: _events, uuid: _uuid, startedAt, ...told }: KeptRecord): AuditDraft => ({
  ...told,
  startedAt: new Date(startedAt),
  ...{ needs: [], decision: 'allowed', reason: '', status: 200, errorType: null },
})

const learns = /^(?:table|view)\.(?:created|registered|renamed)$/

/** With the uuid that a look, or the lost answer, has told. */
const eventsOf = ({ events, uuid }: KeptRecord): readonly EventDraft[] =>
  events.map((event) =>
    uuid != null && learns.test(event.type) && event.data['uuid'] === undefined
      ? { ...event, data: { ...event.data, uuid } }
      : event,
  )

interface Bound {
  readonly uuid: string | null
  readonly owned: boolean
  readonly newer: boolean
}

const selectBound = statement(`
  select lower(g.table_uuid) as uuid, g.updated_at > $2 and g.table_uuid is not null as newer,
    exists (select 1 from relation_tuple t where t.object = g.object and t.relation = 'ownership') as owned
  from governed_object g where g.object = $1`)

const unbound: Bound = { uuid: null, owned: false, newer: false }

const isMade = /\.(?:created|registered)$/

const nothing: Followed = { events: [], steps: [] }

/** What follows for grants, unless the name is mounted no more, or something newer holds on it by now. */
const followLater = async (
  tx: Transaction,
  event: EventDraft,
  { principal, sent }: { readonly principal: AuditDraft['principal']; readonly sent: Date },
): Promise<Followed> => {
  const { place, source } = placesOf(event)
  if (place === undefined) return nothing
  await takeTurn(tx)
  if (!(await holdMounted(tx, place))) return nothing
  const boundOf = async (object: string): Promise<Bound> =>
    (await tx.query<Bound>(selectBound, [object, sent]))[0] ?? unbound
  const bound = await boundOf(place.object)
  const { uuid } = event.data
  const isSame = typeof uuid === 'string' && bound.uuid === uuid.toLowerCase()
  if (isMade.test(event.type) && isSame) return bound.owned ? nothing : follow(principal, event, 'own')
  if (bound.newer) return nothing
  if (source === undefined) return follow(principal, event)
  const before = await boundOf(source.object)
  return typeof uuid === 'string' && before.uuid === uuid.toLowerCase() ? follow(principal, event) : nothing
}

/** In the transaction that ends the intent. */
export const recordLater = async (
  tx: Transaction,
  record: KeptRecord,
  sent: Date,
): Promise<readonly EventDraft[]> => {
  const audit = auditOf(record)
  const events = eventsOf(record)
  const followed: Followed[] = []
  for (const event of events)
    followed.push(await followLater(tx, event, { principal: audit.principal, sent }))
  const told = [...events, ...followed.flatMap((one) => one.events)]
  await writeChanges(tx, audit, told)
  for (const step of followed.flatMap(({ steps }) => steps)) await step(tx)
  return told
}
