/** Whether two refusals are of one fault, told by their messages: Lakegate's begin as those of the reference do. */
import type { Outcome } from './compare.ts'

export const badRequests: ReadonlySet<string> = new Set(['IllegalArgumentException', 'ValidationException'])

export const missing: ReadonlySet<string> = new Set(['NoSuchNamespaceException', 'NoSuchTableException'])

/** Errors that say: this can not be, whatever is tried again. */
const final: ReadonlySet<string> = new Set([
  ...badRequests,
  'BadRequestException',
  'UnsupportedOperationException',
  'NoSuchNamespaceException',
  'NoSuchTableException',
  'NoSuchViewException',
  'NotFoundException',
  'AlreadyExistsException',
  'UnprocessableEntityException',
])

/** Both refuse for good, with messages that do not even begin alike. */
export const areOtherFaults = (reference: Outcome, other: Outcome): boolean =>
  final.has(reference.type ?? '') &&
  final.has(other.type ?? '') &&
  reference.message?.slice(0, 12) !== other.message?.slice(0, 12)

/** We take it, or refuse it for a later fault. */
export const isNotRefusedAlike = (reference: Outcome, other: Outcome): boolean =>
  other.status < 300 || other.message?.slice(0, 12) !== reference.message?.slice(0, 12)

/** In a transaction another table may be the first to be looked at: then one fault may be for good, the other not. */
export const areOtherFaultsOfTables = (reference: Outcome, other: Outcome): boolean =>
  reference.type === 'CommitFailedException' && final.has(other.type ?? '')
