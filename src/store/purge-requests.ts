/** Drops that asked for their files to go: recorded with the drop, executed later by reachability. */
import { statement, type Transaction } from './database.ts'

export interface PurgeRequest {
  readonly warehouseId: string
  readonly contentId: string
  /** `pointer.id` of the dropped state. */
  readonly pointer: number
  readonly metadataLocation: string
  readonly location: string
  /** The principal's id. */
  readonly requestedBy: string
}

const insert = statement(`
  insert into purge_request (warehouse_id, content_id, pointer, metadata_location, location, requested_by)
  values ($1, $2, $3, $4, $5, $6)`)

export const recordPurgeRequest = async (tx: Transaction, request: PurgeRequest): Promise<void> => {
  await tx.execute(insert, [
    ...[request.warehouseId, request.contentId, request.pointer],
    ...[request.metadataLocation, request.location, request.requestedBy],
  ])
}
