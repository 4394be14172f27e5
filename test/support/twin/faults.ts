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

/** As far as tells faults apart: "Cannot set dev" speaks of a ref, "Cannot set def" of a default. */
const beginning = 14

const beginAlike = (reference: Outcome, other: Outcome): boolean =>
  reference.message?.slice(0, beginning) === other.message?.slice(0, beginning)

/** Both refuse for good, with messages that do not even begin alike. */
export const areOtherFaults = (reference: Outcome, other: Outcome): boolean =>
  final.has(reference.type ?? '') && final.has(other.type ?? '') && !beginAlike(reference, other)

/** We take it, or refuse it for a later fault. */
export const isNotRefusedAlike = (reference: Outcome, other: Outcome): boolean =>
  other.status < 300 || !beginAlike(reference, other)

/** In a transaction another table may be the first to be looked at: then one fault may be for good, the other not. */
export const areOtherFaultsOfTables = (reference: Outcome, other: Outcome): boolean =>
  reference.type === 'CommitFailedException' && final.has(other.type ?? '')
