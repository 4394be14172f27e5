/** The one error table: Iceberg's type names and the HTTP status that each carries (specification, "IcebergErrorResponse"). */
export const errorTable = {
  BadRequestException: 400,
  IllegalArgumentException: 400,
  ValidationException: 400,
  ManagedRoleImmutable: 400,
  TermsOfUseNotAccepted: 400,
  CatalogAlreadyBootstrapped: 400,
  NotAuthorizedException: 401,
  ForbiddenException: 403,
  NoSuchWarehouseException: 404,
  NoSuchNamespaceException: 404,
  NoSuchTableException: 404,
  NoSuchViewException: 404,
  NoSuchConnectionException: 404,
  NoSuchRoleException: 404,
  NotFoundException: 404,
  MethodNotAllowedException: 405,
  UnsupportedOperationException: 406,
  RequestTimeoutException: 408,
  AlreadyExistsException: 409,
  CommitFailedException: 409,
  NamespaceNotEmptyException: 409,
  ConflictException: 409,
  RoleMembershipCycle: 409,
  RoleMembershipDepthExceeded: 409,
  PreconditionFailedException: 412,
  PayloadTooLargeException: 413,
  UnsupportedMediaTypeException: 415,
  UnprocessableEntityException: 422,
  SlowDownException: 429,
  InternalServerErrorException: 500,
  CommitStateUnknownException: 500,
  BadGatewayException: 502,
  ServiceUnavailableException: 503,
} as const

export type ErrorType = keyof typeof errorTable

export interface CatalogErrorOptions {
  readonly cause?: unknown
  /** Seconds a client should wait; becomes `Retry-After`. Every 429 and 503 carries one. */
  readonly retryAfterSeconds?: number
}

/** A client's own words come back in messages: beyond this they are cut, or one request would fill log and audit. */
const longestMessage = 5_000

const cut = (message: string): string =>
  message.length <= longestMessage ? message : `${message.slice(0, longestMessage)}…`.toWellFormed()

/**
 * The only error that a face renders as it stands. `message` is public: it names what the caller named
 * and never a secret, an internal address or another tenant's object. The cause is for the log alone.
 */
export class CatalogError extends Error {
  readonly type: ErrorType
  readonly retryAfterSeconds: number | undefined

  constructor(type: ErrorType, message: string, options: CatalogErrorOptions = {}) {
    super(cut(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CatalogError'
    this.type = type
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number {
    return errorTable[this.type]
  }
}

/** True for our own error, of the given type when one is named. */
export const isCatalogError = (error: unknown, type?: ErrorType): error is CatalogError =>
  error instanceof CatalogError && (type === undefined || error.type === type)
