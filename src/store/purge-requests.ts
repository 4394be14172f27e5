/** A drop that asked for its files to go: durable with the drop, executed later by reachability. */
import { statement, type Transaction } from './database.ts'

export interface PurgeDraft {
  readonly warehouseId: string
  readonly contentId: string
  readonly pointer: number
  readonly metadataLocation: string
  readonly location: string
  readonly requestedBy: string
}

const insertRequest = statement(`
  insert into purge_request (warehouse_id, content_id, pointer, metadata_location, location, requested_by)
  values ($1, $2, $3, $4, $5, $6)`)

export const writePurgeRequest = async (tx: Transaction, draft: PurgeDraft): Promise<void> => {
  await tx.execute(insertRequest, [
    draft.warehouseId,
    draft.contentId,
    draft.pointer,
    draft.metadataLocation,
    draft.location,
    draft.requestedBy,
  ])
}
