import { CatalogError, type CatalogErrorOptions, type ErrorType } from '#model/errors.ts'

/** The words of RFC 7644, 3.12, table 9. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidVers'

/** A refusal that a provisioning client is told the kind of. */
export class ScimRefusal extends CatalogError {
  readonly scimType: ScimType

  constructor(scimType: ScimType, message: string, options: CatalogErrorOptions & { type?: ErrorType } = {}) {
    super(options.type ?? 'BadRequestException', message, options)
    this.scimType = scimType
  }
}
