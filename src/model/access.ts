/** Who asks, for what, and the answer: principal, action, resource, need, decision. */
import type { Namespace } from './identifier.ts'

/** The authenticated asker. `anonymous` exists in development mode only. */
export interface Principal {
  readonly kind: 'anonymous' | 'token' | 'user' | 'service-account' | 'system'
  /** Stable and unique within the server, e.g. `anonymous`, `token:static`, `oidc~alice`. Never a secret. */
  readonly id: string
  /** Roles that its token claims, as `provider~source-id`: members of a role of that origin while the token says so. */
  readonly groups?: readonly string[]
  /** Id of the one role that it acts with (`x-assume-role`), instead of all that it has. */
  readonly assumedRole?: string
}

/** Verbs that a grant can name. One verb an operation family; finer commit actions come with the policy room. */
export type Action =
  | 'get-config'
  | 'list'
  | 'describe'
  | 'read'
  | 'create'
  | 'write'
  | 'drop'
  | 'rename'
  | 'register'
  | 'manage'

export type Resource =
  | { readonly kind: 'server' }
  | { readonly kind: 'project'; readonly project: string }
  | { readonly kind: 'warehouse'; readonly project: string; readonly warehouse: string }
  | { readonly kind: 'connection'; readonly project: string; readonly connection: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'service-account'; readonly project: string; readonly serviceAccount: string }
  | { readonly kind: 'role'; readonly project: string; readonly role: string }
  | { readonly kind: 'namespace'; readonly warehouse: string; readonly namespace: Namespace }
  | {
      readonly kind: 'table' | 'view'
      readonly warehouse: string
      readonly namespace: Namespace
      readonly name: string
      /** Known for local objects: grants bind to it, so that they survive a rename. */
      readonly contentId?: string
    }

/** One pair to be allowed. An operation declares all of its needs before anything is reached. */
export interface Need {
  readonly action: Action
  readonly resource: Resource
}

export interface Decision {
  readonly allow: boolean
  /** May the asker know that the objects exist? False turns a denial into the answer for a missing object. */
  readonly visible: boolean
  /** For the audit log, never for the asker. */
  readonly reason: string
  /** On a denial, the first need that was refused: the answer speaks of this one and of no other. */
  readonly denied?: Need
}
