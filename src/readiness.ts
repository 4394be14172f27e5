import type { Database } from '#store/database.ts'
import { loadEpoch } from '#store/server.ts'

/** What is wrong with the house right now, by name; the store is asked, since nothing works without it. */
export const createReadiness = (database: Database) => {
  const state = { prepared: false, stopping: false }
  const ready = async (): Promise<readonly string[]> => {
    if (state.stopping) return ['stopping']
    if (!state.prepared) return ['preparing']
    return loadEpoch(database).then(
      () => [],
      () => ['database'],
    )
  }
  return { state, ready }
}
