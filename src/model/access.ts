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
  /** The trusted engine that acts for it: its own credentials were the engine's. */
  readonly engine?: { readonly name: string; readonly id: string }
}

/** What a commit does to a table or view: each kind of its updates needs one of these (`#authz/commit-needs.ts`). */
export type CommitAction =
  | 'append'
  | 'overwrite'
  | 'change-refs'
  | 'expire-snapshots'
  | 'change-schema'
  | 'change-layout'
  | 'set-properties'
  | 'set-location'
  | 'upgrade-format'

/**
 * What can be asked for. One verb an operation family; on a table or view `write` is every commit action at once, and
 * is what an update of unknown kind needs.
 */
export type Action =
  | 'get-config'
  | 'list'
  | 'describe'
  | 'read'
  | 'create'
  | 'write'
  | CommitAction
  | 'drop'
  | 'rename'
  | 'register'
  | 'manage'
  /** Of a connection: to mount it. */
  | 'use'
  /** On a project: less than to create warehouses in it. */
  | 'create-role'
  /** To see, and to give and take, the grants on an object. */
  | 'read-grants'
  | 'grant'
  /** To read, export and verify the audit log of a project, or of the server. */
  | 'audit'
  /** To set governed tags on an object; of a tag: to be the one that is set. */
  | 'tag'

export type Resource =
  | { readonly kind: 'server' }
  | { readonly kind: 'project'; readonly project: string }
  | { readonly kind: 'warehouse'; readonly project: string; readonly warehouse: string }
  | { readonly kind: 'connection'; readonly project: string; readonly connection: string }
  /** The definition of a governed tag; rules know it by its name. */
  | { readonly kind: 'tag'; readonly project: string; readonly tag: string; readonly name: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'service-account'; readonly project: string; readonly serviceAccount: string }
  | { readonly kind: 'role'; readonly project: string; readonly role: string }
  | {
      readonly kind: 'namespace'
      readonly warehouse: string
      readonly namespace: Namespace
      /** Name of the connection behind the mount that it lies in; absent in the local catalog. */
      readonly mount?: string
    }
  | {
      readonly kind: 'table' | 'view'
      readonly warehouse: string
      readonly namespace: Namespace
      readonly name: string
      /** Known for local objects: grants bind to it, so that they survive a rename. */
      readonly contentId?: string
      /** Name of the connection behind the mount that it lies in; absent in the local catalog. */
      readonly mount?: string
    }

/** A table or a view. */
export type ContentResource = Extract<Resource, { kind: 'table' | 'view' }>

export const isContent = (resource: Resource): resource is ContentResource =>
  resource.kind === 'table' || resource.kind === 'view'

/** One pair to be allowed. An operation declares all of its needs before anything is reached. */
export interface Need {
  readonly action: Action
  readonly resource: Resource
  /** The Iceberg snapshot refs that a commit moves, makes or removes: for rules to look at. */
  readonly refs?: readonly string[]
}

/** Those to whom something may have been granted: one who asks, by itself and by its roles. */
export interface Grantees {
  /** Absent while it acts with one role instead of all that it has. */
  readonly principal?: string
  readonly roles: ReadonlySet<string>
}

/** What a reader must not see of a table: to be applied by an engine that is trusted to, or no data is handed out. */
export interface ReadRestriction {
  /** An Iceberg expression (specification: ReadRestrictions.required-row-filter), as JSON text. */
  readonly rowFilter?: string
  /** Ids of the fields that must not be read, or are to be masked. */
  readonly columns?: readonly { readonly fieldId: number; readonly mask?: string }[]
}

/** A mounted table or view, and the uuid of the one that was granted on. */
export interface ExpectedUuid {
  readonly resource: ContentResource
  readonly uuid: string
}

/** What goes with an allowed decision, and has to be kept by whoever executes it. */
export interface Obligations {
  /**
   * Of those objects of the needs that were allowed by grants on themselves: before a byte leaves, or a change is sent,
   * each one's own uuid is compared with the one that the grants stand for. Absent: there are none.
   */
  readonly expectUuids?: readonly ExpectedUuid[]
  /** How far credentials and signatures for the data may go; `none`: metadata only. Absent: nobody has asked. */
  readonly data?: 'none' | 'read' | 'write'
  readonly restriction?: ReadRestriction
}

export interface Decision {
  readonly allow: boolean
  /** May the asker know that the objects exist? False turns a denial into the answer for a missing object. */
  readonly visible: boolean
  /** For the audit log, never for the asker. */
  readonly reason: string
  /** Ids of the rules, and of the grants where the engine tells them, that decided. For the audit log. */
  readonly by?: readonly string[]
  /** Ids of the roles that the asker had when grants allowed it, through which they may have. For the audit log. */
  readonly roles?: readonly string[]
  /** On a denial, the first need that was refused: the answer speaks of this one and of no other. */
  readonly denied?: Need
  readonly obligations?: Obligations
}
