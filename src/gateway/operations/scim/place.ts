/** What the operations of SCIM have in common: whose users and groups they are about, and who may ask. */
import type { Need } from '#model/access.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Counted, OffsetPage } from '#store/conditions.ts'
import type { Database } from '#store/database.ts'
import type { Target } from '../../operation.ts'
import type { LastingDeps } from '../management/lasting.ts'
import type { Change } from '../management/store-change.ts'
import { ScimRefusal } from './refusal.ts'

interface ScimRules {
  /** Its tokens are those of the users that are provisioned: their ids are `provider~subject`. */
  readonly provider: string
  /** Which attribute is the subject that the provider's tokens name. */
  readonly subject: 'externalId' | 'userName'
  /** Id of the project whose roles the groups are. */
  readonly project: string
}

export interface ScimDeps extends LastingDeps {
  readonly rules: ScimRules
  readonly database: Database
  /** In force on this process before it is answered. */
  readonly change: Change
}

export interface ScimTarget<Input> extends Target {
  readonly warehouse: null
  readonly input: Input
}

/** Whoever provisions says who may enter: administrators of the server, and nobody else. */
export const onServer = (action: Need['action']) => (): readonly Need[] => [
  { action, resource: { kind: 'server' } },
]

export const aim = async <Input>(input: Input): Promise<ScimTarget<Input>> => ({ warehouse: null, input })

export interface ById {
  readonly id: string
}

export interface Versioned extends ById {
  /** From `If-Match`. */
  readonly version?: number
}

export interface ListAsked {
  readonly filter?: string | undefined
  /** From 1 on. */
  readonly startIndex?: number | undefined
  readonly count?: number | undefined
}

const usualCount = 100
export const mostCount = 200

/** RFC 7644, 3.4.2.4: what is too small is taken for the smallest. */
export const pageOf = ({ startIndex = 1, count = usualCount }: ListAsked): OffsetPage => ({
  offset: Math.max(1, Math.min(startIndex, Number.MAX_SAFE_INTEGER)) - 1,
  limit: Math.min(Math.max(0, count), mostCount),
})

export interface Listed<T> extends Counted<T> {
  readonly startIndex: number
}

export const listed = <T>({ total, items }: Counted<T>, page: OffsetPage): Listed<T> => ({
  ...{ total, items },
  startIndex: page.offset + 1,
})

export const missing = (what: 'User' | 'Group', id: string): CatalogError =>
  new CatalogError('NotFoundException', `${what} does not exist: ${id}`)

/** What is taken already is told in SCIM's word for it, which clients look at. */
export const tellingUniqueness = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!isCatalogError(error, 'AlreadyExistsException')) throw error
    throw new ScimRefusal('uniqueness', error.message, { cause: error, type: 'AlreadyExistsException' })
  }
}
