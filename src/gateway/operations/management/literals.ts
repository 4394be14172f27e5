/** Literal secrets of a call become references to sealed ones, before anything else is done with them. */
import type { TSchema } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import { isReference, mapSecrets, sealedIdOf, sealedIdsIn, sealedReference } from '#model/secret.ts'
import type { SealedSecret, Sealing, SecretScope } from '#store/sealing.ts'

export interface Sealed<T> {
  /** With references only. */
  readonly value: T
  /** What it refers to and is not recorded yet. */
  readonly secrets: readonly SealedSecret[]
}

/** Where a storage's secrets are found while it is checked. */
export interface StorageSecrets {
  readonly projectId: string
  /** Not recorded yet. */
  readonly secrets: readonly SealedSecret[]
}

export interface LiteralsOf {
  readonly schema: TSchema
  readonly scope: SecretScope
  /** As recorded until now: its sealed secrets may be referred to again, and nobody else's. */
  readonly before: unknown
}

/** BadRequest for a sealed secret of another object: whoever names it would have it sent to an upstream of his own. */
export const sealLiterals = <T>(
  sealing: Pick<Sealing, 'seal'>,
  value: T,
  { schema, scope, before }: LiteralsOf,
): Sealed<T> => {
  const own = new Set(sealedIdsIn(before))
  const secrets: SealedSecret[] = []
  const referring = mapSecrets(schema, value, (text) => {
    const id = sealedIdOf(text)
    if (id !== undefined && !own.has(id))
      throw new CatalogError('BadRequestException', `Cannot resolve the secret ${text}`)
    if (isReference(text)) return text
    const secret = sealing.seal(text, scope)
    secrets.push(secret)
    return sealedReference(secret.id)
  })
  return { value: referring, secrets }
}
