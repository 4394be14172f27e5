import { describe, expect, it } from 'vitest'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { checkMount } from '../../../src/catalog/mounts-check.ts'
import { CatalogError } from '../../../src/model/errors.ts'
import type { Namespace } from '../../../src/model/identifier.ts'
import { newCall } from '../../contract/catalog/kit.ts'

const unused = async (): Promise<never> => {
  throw new Error('a check of a mount does not come here')
}

const catalogWith = (namespaces: readonly string[], supported?: Catalog['supported']): Catalog => ({
  kind: 'fake',
  namespaces: {
    list: async () => ({ items: namespaces.map((one) => [one]) }),
    exists: async (_context, namespace) => {
      if (!namespaces.includes(namespace.join('.')))
        throw new CatalogError('NoSuchNamespaceException', 'missing')
    },
    create: unused,
    load: unused,
    drop: unused,
    updateProperties: unused,
  },
  tables: {
    list: unused,
    create: unused,
    load: unused,
    exists: unused,
    commit: unused,
    drop: unused,
    rename: unused,
  },
  ...(supported ? { supported } : {}),
  [Symbol.asyncDispose]: async () => {},
})

const outcomeOf = async (namespace: Namespace, catalog = catalogWith([])): Promise<string> => {
  const mount = { namespace, catalog, existing: [['taken']], local: catalogWith(['home', 'a.b']) }
  return checkMount(newCall(), mount).then(
    () => 'allowed',
    (error: unknown) => (error instanceof CatalogError ? error.type : String(error)),
  )
}

const failing = (type: 'BadRequestException' | 'ServiceUnavailableException'): Catalog =>
  catalogWith([], async () => {
    throw new CatalogError(type, 'the upstream said so')
  })

describe('a new mount', () => {
  it('is allowed where nothing is, also beside and above local content', async () => {
    expect(await outcomeOf(['free'])).toBe('allowed')
    expect(await outcomeOf(['home', 'free'])).toBe('allowed')
  })

  it('is refused at the place of another one', async () => {
    expect(await outcomeOf(['taken'])).toBe('AlreadyExistsException')
  })

  it('is refused over local content, at the root too', async () => {
    expect(await outcomeOf(['home'])).toBe('ConflictException')
    expect(await outcomeOf(['a', 'b'])).toBe('ConflictException')
    expect(await outcomeOf([])).toBe('ConflictException')
  })

  it('is refused under a name that no namespace may have', async () => {
    expect(await outcomeOf([''])).toBe('BadRequestException')
    expect(await outcomeOf(['a\u001fb'])).toBe('BadRequestException')
  })

  it('is refused where the upstream leads back, and allowed where it is merely out', async () => {
    expect(await outcomeOf(['free'], failing('BadRequestException'))).toBe('BadRequestException')
    expect(await outcomeOf(['free'], failing('ServiceUnavailableException'))).toBe('allowed')
  })
})
