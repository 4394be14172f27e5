/** Grants as an explanation tells them: what somebody holds on an object and on what it lies in, and through whom. */
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement } from './database.ts'
import type { GrantSubject } from './grants.ts'

export interface HeldGrantRow {
  readonly object: ObjectKey
  readonly relation: string
  readonly subject: GrantSubject
  readonly expiresAt?: Date
}

interface Row {
  readonly object: ObjectKey
  readonly relation: string
  readonly kind: GrantSubject['kind']
  readonly id: string
  readonly expiresAt: Date | null
}

const selectHeld = statement(`
  select object, relation, subject_kind as kind, subject_id as id, expires_at as "expiresAt"
  from relation_tuple
  where object = any($1::text[]) and (expires_at is null or expires_at > now())
    and ((subject_kind = 'principal' and subject_id = $2) or (subject_kind = 'role' and subject_id = any($3::text[]))
      or subject_kind = 'anyone')`)

/** In force. */
export const listHeldGrants = async (
  sql: Sql,
  { principal, roles }: { readonly principal?: string; readonly roles: readonly string[] },
  objects: readonly ObjectKey[],
): Promise<readonly HeldGrantRow[]> => {
  const rows = await sql.query<Row>(selectHeld, [objects, principal ?? null, roles])
  return rows.map(({ object, relation, kind, id, expiresAt }) => ({
    ...{ object, relation, subject: { kind, id } },
    ...(expiresAt === null ? {} : { expiresAt }),
  }))
}
