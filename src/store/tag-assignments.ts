/** Which object has which tag. Whatever sets or takes one raises the epoch of policy: a rule may look at it. */
import { namespaceKey } from '#model/identifier.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import type { GrantPlace } from './grants.ts'
import { storable } from './outbox.ts'
import { raiseGovernanceEpoch } from './server.ts'

export interface TagAssignment {
  readonly object: ObjectKey
  readonly tagId: string
  /** Of the tag. */
  readonly name: string
  /** Empty for a marker. */
  readonly value: string
  readonly valueKind: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `t.object, t.tag_id as "tagId", d.name, t.value, d.value_kind as "valueKind",
  t.created_at as "createdAt", t.updated_at as "updatedAt"`

const upsert = statement(`
  insert into tag_assignment as t (object, tag_id, value, project_id, warehouse_id, content_id, ns, name, set_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (object, tag_id) do update set value = excluded.value, set_by = excluded.set_by, updated_at = now()`)

const selectOne = statement(`
  select ${columns} from tag_assignment t join tag_definition d on d.id = t.tag_id
  where t.object = $1 and t.tag_id = $2`)

export interface TagSetting {
  readonly tagId: string
  readonly value: string
  /** The principal's id. */
  readonly by: string
}

/** In a transaction that holds the definition and the object. */
export const setTag = async (
  tx: Transaction,
  place: GrantPlace,
  { tagId, value, by }: TagSetting,
): Promise<TagAssignment> => {
  await raiseGovernanceEpoch(tx)
  const { object, projectId, warehouseId = null, contentId = null, namespace, name = null } = place
  const ns = namespace === undefined ? null : namespaceKey(namespace)
  const at = [projectId, warehouseId, contentId, ns, name]
  await tx.execute(upsert, [object, tagId, storable(value), ...at, storable(by)])
  const [row] = await tx.query<TagAssignment>(selectOne, [object, tagId])
  if (row === undefined) throw new Error('no row came back from an insert')
  return row
}

const deleteOne = statement('delete from tag_assignment where object = $1 and tag_id = $2')

/** False where the object does not have it. */
export const removeTag = async (tx: Transaction, object: ObjectKey, tagId: string): Promise<boolean> => {
  await raiseGovernanceEpoch(tx)
  return (await tx.execute(deleteOne, [object, tagId])) > 0
}

const selectOfObjects = statement(`
  select ${columns} from tag_assignment t join tag_definition d on d.id = t.tag_id
  where t.object = any($1::text[]) order by d.name`)

export const listTagsOf = (sql: Sql, objects: readonly ObjectKey[]): Promise<readonly TagAssignment[]> =>
  sql.query<TagAssignment>(selectOfObjects, [objects])

const selectOfWarehouse = statement(`
  select t.object, d.name, t.value from tag_assignment t join tag_definition d on d.id = t.tag_id
  where t.warehouse_id = $1`)

/** Every tag in the warehouse: what decisions are made with. */
export const loadWarehouseTags = (
  sql: Sql,
  warehouseId: string,
): Promise<readonly Pick<TagAssignment, 'object' | 'name' | 'value'>[]> =>
  sql.query(selectOfWarehouse, [warehouseId])

export interface TagAttachment extends TagAssignment {
  readonly warehouseId: string
  readonly contentId: string | null
}

export interface AttachmentPage {
  readonly value?: string
  /** The type of `type:id`. */
  readonly kind?: string
  readonly warehouseId?: string
  readonly after?: string
  readonly limit: number
}

const selectAttachments = statement(`
  select ${columns}, t.warehouse_id as "warehouseId", t.content_id as "contentId"
  from tag_assignment t join tag_definition d on d.id = t.tag_id
  where t.tag_id = $1 and t.object > $2 and ($3::text is null or t.value = $3)
    and ($4::text is null or starts_with(t.object, $4 || ':'))
    and ($5::uuid is null or t.warehouse_id = $5::uuid)
  order by t.object limit $6`)

export const listAttachments = (
  sql: Sql,
  tagId: string,
  { value, kind, warehouseId, after = '', limit }: AttachmentPage,
): Promise<readonly TagAttachment[]> =>
  sql.query<TagAttachment>(selectAttachments, [
    ...[tagId, storable(after), value === undefined ? null : storable(value)],
    ...[kind ?? null, warehouseId ?? null, limit],
  ])
