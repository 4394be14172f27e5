/** The second step: the request is read, and what it names is found in our own records; no upstream is reached. */
import type { Trail } from './audit.ts'
import type { Operation, Target } from './operation.ts'

export const resolve = async <Input, T extends Target, Output>(
  operation: Operation<Input, T, Output>,
  read: () => Input | Promise<Input>,
  trail: Trail,
): Promise<T> => {
  const input = read()
  // What has no body is read at once: a promise is not waited for where there is none.
  const target = await operation.resolve(input instanceof Promise ? await input : input, trail.principal)
  trail.warehouse = target.warehouse?.id ?? null
  trail.needs = operation.needs(target)
  return target
}
