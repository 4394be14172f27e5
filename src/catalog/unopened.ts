/** What stands at a mount whose connection does not open: its content is out, and never taken for missing. */
import { CatalogError } from '#model/errors.ts'
import type { Catalog, Relations } from './catalog.ts'

const retryAfterSeconds = 30

/** Reads are told 503, changes 429: nothing of them has been sent (`CommitStateUnknown` is what clients make of 503). */
export const createUnopenedCatalog = (connection: string): Catalog => {
  const message = `Connection ${connection}: it cannot be opened, the log of the gateway says why`
  const out = async (): Promise<never> => {
    throw new CatalogError('ServiceUnavailableException', message, { retryAfterSeconds })
  }
  const refuse = async (): Promise<never> => {
    throw new CatalogError('SlowDownException', message, { retryAfterSeconds })
  }
  const relations: Required<Relations> = {
    ...{ list: out, load: out, exists: out },
    ...{ create: refuse, register: refuse, commit: refuse, drop: refuse, rename: refuse },
  }
  return {
    kind: 'unopened',
    namespaces: {
      ...{ list: out, load: out, exists: out },
      ...{ create: refuse, drop: refuse, updateProperties: refuse },
    },
    tables: { ...relations, unregister: refuse, reportMetrics: refuse },
    views: relations,
    transactions: { commit: refuse },
    supported: out,
    [Symbol.asyncDispose]: async () => {},
  }
}
