/** What the record of a whole run cannot lack: with less, the search would find nothing because there was nothing. */
import type { EmittedKind, SecretKind } from './record.ts'

export interface Expected {
  readonly secrets: Readonly<Partial<Record<SecretKind, number>>>
  /** In thousands of characters. */
  readonly emitted: Readonly<Partial<Record<EmittedKind, number>>>
}

/** Well below what a run has. */
export const expectedOf: Readonly<Record<string, Expected>> = {
  integration: { secrets: {}, emitted: {} },
}
