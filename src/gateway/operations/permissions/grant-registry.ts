/**
 * The port: where grants are recorded. Every change writes its receipt in its own transaction, and is in force here
 * when it returns.
 */
import type { CallContext } from '#catalog/catalog.ts'
import type { ObjectKey } from '#model/object-key.ts'
import type { FoundObject } from '#store/governed-objects.ts'
import type { HeldGrant, HoldingsPage, ReachedGrant, ReachPage } from '#store/grant-listings.ts'
import type { GrantDraft, GrantKey, GrantPlace, GrantRecord } from '#store/grants.ts'

export interface GrantsChange {
  readonly place: GrantPlace
  /** Lies behind a connection: that it is there has been seen at its upstream. */
  readonly mounted: boolean
  /** Of a mounted table or view, as its upstream has told: what is granted stands for this one only. */
  readonly uuid?: string
  readonly writes: readonly GrantDraft[]
  readonly deletes: readonly GrantKey[]
  /** False for who may only hand on what he holds: then grants of others are neither taken nor changed. */
  readonly anyones: boolean
}

interface EmergencyChange extends Pick<GrantsChange, 'place' | 'mounted' | 'uuid'> {
  readonly draft: GrantDraft
}

interface ManagedAccessChange {
  readonly place: GrantPlace
  readonly mounted: boolean
  readonly managed: boolean
}

export interface GrantRegistry {
  /** By the ids that the management API has for them: without those that nobody has been told, or whose object is gone. */
  findObjects(ids: readonly string[]): Promise<ReadonlyMap<string, FoundObject>>
  /** So that their ids are found again. */
  rememberObjects(places: readonly GrantPlace[]): Promise<void>
  /** In force; of some relations, or of all. */
  listGrants(object: ObjectKey, relations?: readonly string[]): Promise<readonly GrantRecord[]>
  /**
   * All or none; who holds one already keeps it, and what is not there is passed over. NotFound or NoSuchRole for unknown
   * subjects, NotFound for an object that has gone; Forbidden for grants of others; Conflict for the last server admin.
   */
  changeGrants(context: CallContext, change: GrantsChange): Promise<void>
  /** Grants that stood for what had the name before stand for what has it now. */
  confirmObject(context: CallContext, place: GrantPlace, uuid: string): Promise<void>
  /** Those of the objects that managed access is set on. */
  findManaged(objects: readonly ObjectKey[]): Promise<readonly string[]>
  setManaged(context: CallContext, change: ManagedAccessChange): Promise<void>
  listHoldings(page: HoldingsPage): Promise<readonly HeldGrant[]>
  listReach(page: ReachPage): Promise<readonly ReachedGrant[]>
  /** Opened in an emergency, and in force. */
  listReasoned(projectId: string): Promise<readonly GrantRecord[]>
  /** AlreadyExists where the principal holds as much for good. */
  openEmergency(context: CallContext, emergency: EmergencyChange): Promise<void>
  endEmergency(context: CallContext, grant: GrantRecord): Promise<void>
}
