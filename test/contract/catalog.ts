/**
 * The contract of the Catalog port as a suite: what every catalog meets, black-box. An implementation's test file
 * says how one is opened and in which traits it differs; a member that is absent skips its cases by itself.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { describeCommits } from './catalog/commits.ts'
import { type CatalogTraits, defaultTraits, type OpenedCatalog, type Subject } from './catalog/kit.ts'
import { describeLocations } from './catalog/locations.ts'
import { describeMoves } from './catalog/moves.ts'
import { describeNamespaces } from './catalog/namespaces.ts'
import { describeTables } from './catalog/tables.ts'
import { describeViews } from './catalog/views.ts'

export interface ContractOptions extends CatalogTraits {
  /** Views are part of what is promised. Default true. */
  readonly views?: boolean
}

/** Opens one catalog for the whole suite; every case makes names of its own, so the catalog need not be empty. */
export const describeCatalog = (
  name: string,
  open: () => Promise<OpenedCatalog>,
  options: ContractOptions = {},
): void => {
  let opened: OpenedCatalog | undefined
  const current = (): OpenedCatalog => {
    if (opened === undefined) throw new Error('the catalog is not open')
    return opened
  }
  const subject: Subject = {
    get catalog() {
      return current().catalog
    },
    get location() {
      return current().location
    },
    traits: { ...defaultTraits, ...options },
  }

  describe(`the catalog contract: ${name}`, () => {
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(async () => {
      await opened?.close()
    })

    describeNamespaces(subject)
    describeTables(subject)
    describeMoves(subject)
    describeCommits(subject)
    describeLocations(subject)
    if (options.views !== false) describeViews(subject)
  })
}
