/** What a store's failures are called on the wire. */
import { CatalogError } from '#model/errors.ts'

const retryAfterSeconds = 2

/** Java clients and their tests know this text. */
export const notFound = (location: string, cause?: unknown): CatalogError =>
  new CatalogError('NotFoundException', `Failed to open input stream for file: ${location}`, { cause })

export const alreadyExists = (location: string): CatalogError =>
  new CatalogError('AlreadyExistsException', `File already exists: ${location}`)

export const tooLarge = (location: string, maxBytes: number): CatalogError =>
  new CatalogError('BadRequestException', `File is larger than ${maxBytes} bytes: ${location}`)

export const outside = (location: string): CatalogError =>
  new CatalogError(
    'BadRequestException',
    `Location is outside the warehouse's allowed locations: ${location}`,
  )

/** Try later: full disk, no answer, throttled. */
export const unavailable = (location: string, cause: unknown): CatalogError =>
  new CatalogError('ServiceUnavailableException', `The store cannot be reached for ${location}`, {
    cause,
    retryAfterSeconds,
  })

/** Trying again will not help: a setting, right or bucket is missing. */
export const refused = (location: string, cause: unknown): CatalogError =>
  new CatalogError('InternalServerErrorException', `The store refused access to ${location}`, { cause })
