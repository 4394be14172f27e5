/** Arithmetic on 64-bit values that are numbers while safe and bigints beyond. */
import { canonicalId, type Id } from '#model/json-read.ts'
import { illegal } from './errors.ts'

export const largerOf = (a: Id, b: Id): Id => (b > a ? b : a)

/** The exact sum; 400 where it leaves 64 bits. */
export const sumOf = (a: Id, b: Id): Id => {
  const sum = BigInt(a) + BigInt(b)
  if (BigInt.asIntN(64, sum) !== sum) throw illegal(`Integer overflow: ${a} + ${b}`)
  return canonicalId(sum)
}
