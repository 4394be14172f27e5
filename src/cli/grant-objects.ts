/** Objects of grants as people write them: `table:lake/sales/orders`, `warehouse:lake`, `project`, `server`. */
import { usageError } from './exit.ts'
import type { Wire } from './management-client.ts'
import { findId, findMember } from './naming.ts'
import type { Session } from './session.ts'

export const objectWords =
  'server, project, warehouse:NAME, namespace:WAREHOUSE/a/b, table:WAREHOUSE/a/b/NAME, view:…, role:NAME, connection:NAME, tag:NAME'

export interface GrantObject {
  readonly type: string
  /** Below `/v1/permissions/`, with the ids filled in. */
  readonly path: string
  /** Below `/v1/`: where its operations are asked about. */
  readonly actionsPath: string
}

const inWarehouse = new Set(['namespace', 'table', 'view'])
const byName = new Set(['warehouse', 'role', 'connection', 'tag'])

const resolveContent = async (
  { send }: Session,
  type: string,
  text: string,
): Promise<{ readonly warehouse: string; readonly id: string }> => {
  const [first = '', ...levels] = text.split('/')
  const named = type === 'namespace' ? levels : levels.slice(0, -1)
  if (named.length === 0) throw usageError(`${type}:${text} is no ${type}: say ${type}:WAREHOUSE/a/b…`)
  const warehouse = await findId(send, 'warehouse', first)
  const body = {
    kind: type,
    namespace: named,
    ...(type === 'namespace' ? {} : { name: levels.at(-1) ?? '' }),
  }
  const path = `/management/v1/warehouse/${warehouse}/objects`
  const answer = await send({ method: 'POST', path, body })
  return { warehouse, id: String((JSON.parse(answer.text) as Wire)['id']) }
}

const findContent = async (session: Session, type: string, text: string): Promise<GrantObject> => {
  const { warehouse, id } = await resolveContent(session, type, text)
  const long = `warehouse/${warehouse}/${type}/${id}`
  return { type, path: type === 'namespace' ? `namespace/${id}` : long, actionsPath: long }
}

export const findObject = async (session: Session, text: string): Promise<GrantObject> => {
  if (text === 'server' || text === 'project') return { type: text, path: text, actionsPath: text }
  const at = text.indexOf(':')
  const [type, name] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)]
  if (inWarehouse.has(type)) return findContent(session, type, name)
  if (!byName.has(type) || name === '') throw usageError(`${text} is no object: say ${objectWords}`)
  const id = await findId(session.send, type as 'warehouse' | 'role' | 'connection' | 'tag', name)
  const actionsPath = type === 'tag' ? `tag-definition/${id}` : `${type}/${id}`
  return { type, path: `${type}/${id}`, actionsPath }
}

/** `user` or `role` with the id. */
export const findGrantee = async ({ send }: Session, text: string): Promise<Wire> => {
  const { type, id } = await findMember(send, text)
  return type === 'role' ? { role: id } : { user: id }
}
