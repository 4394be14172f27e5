/** One call of a generated client, and what calls are made of. */
export type Json = Readonly<Record<string, unknown>>

/** Ids that earlier calls have made, by a name of ours. */
export type Found = Record<string, string>

export interface Step {
  readonly operation: string
  /** Path and query parameters by name. */
  readonly args?: (found: Found) => Json
  readonly body?: (found: Found) => unknown
  readonly headers?: (found: Found) => Readonly<Record<string, string>>
  /** What later calls need of the answer. */
  readonly keep?: (answer: Json) => Found
}

type Rest = Omit<Step, 'operation'>

export const step = (operation: string, rest: Rest = {}): Step => ({ operation, ...rest })

export const text = (value: unknown): string => String(value)
export const keepId =
  (name: string, member = 'id') =>
  (answer: Json): Found => ({ [name]: text(answer[member]) })
export const at =
  (name: string, more: Json = {}) =>
  (found: Found): Json => ({ id: found[name], ...more })
export const saying = (body: unknown) => () => body
