/** What the record of a run cannot lack: with less, the search would find nothing because there was nothing. */
import type { EmittedKind, SecretKind } from './record.ts'

export interface Expected {
  /** Of a run of all its files, or of one that any of these is in. */
  readonly of: 'every file' | readonly string[]
  readonly secrets: Readonly<Partial<Record<SecretKind, number>>>
  /** In thousands of characters. */
  readonly emitted: Readonly<Partial<Record<EmittedKind, number>>>
}

/** By suite; about half of what a run of all files has. A gateway without tokens seals nothing. */
export const expectedOf: Readonly<Record<string, Expected>> = {
  integration: {
    of: 'every file',
    secrets: {
      ...{ 'basic credential': 1, 'bearer token': 150, 'database password': 1, 'form member': 20 },
      ...{ 'json member': 5, 'private key': 10, sealed: 50, 'server key': 25, 'shown once': 10 },
      ...{ 'token given': 150, variable: 5 },
    },
    emitted: {
      ...{ answer: 40_000, database: 20_000, 'database log': 40, event: 500, log: 30, metrics: 1_000 },
      ...{ output: 200, trace: 30 },
    },
  },
  e2e: {
    // CI runs each by itself. Files that are not here start no gateway, or one that says little.
    of: ['engines', 'identity', 'keycloak', 'pyiceberg', 'rck', 'readme', 'security', 'spark'],
    secrets: { 'server key': 1 },
    emitted: { answer: 10, database: 1, 'database log': 0.1, output: 0.1 },
  },
}
