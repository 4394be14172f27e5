/** OpenFGA's form of an authorization model (schema 1.1), as far as `policies/model.fga` makes use of it. */

interface ObjectRelation {
  readonly relation: string
}

/** How a relation comes about; one member each. */
export interface Userset {
  /** By a tuple on the object itself. */
  readonly this?: Readonly<Record<string, never>>
  /** By another relation to the same object. */
  readonly computedUserset?: ObjectRelation
  /** By a relation to what the object lies in. */
  readonly tupleToUserset?: { readonly tupleset: ObjectRelation; readonly computedUserset: ObjectRelation }
  readonly union?: { readonly child: readonly Userset[] }
  readonly intersection?: { readonly child: readonly Userset[] }
  readonly difference?: { readonly base: Userset; readonly subtract: Userset }
}

/** Who may stand in a tuple of a relation: `principal`, `principal:*`, `role#assignee`, each perhaps on a condition. */
interface RelationReference {
  readonly type: string
  readonly relation?: string
  readonly wildcard?: Readonly<Record<string, never>>
  readonly condition?: string
}

interface RelationMetadata {
  readonly directly_related_user_types?: readonly RelationReference[]
}

export interface TypeDefinition {
  readonly type: string
  readonly relations?: Readonly<Record<string, Userset>>
  readonly metadata?: { readonly relations?: Readonly<Record<string, RelationMetadata>> } | null
}

interface Condition {
  readonly name: string
  readonly expression: string
  readonly parameters?: Readonly<Record<string, { readonly type_name: string }>>
}

export interface AuthorizationModel {
  readonly schema_version: string
  readonly type_definitions: readonly TypeDefinition[]
  readonly conditions?: Readonly<Record<string, Condition>>
}
