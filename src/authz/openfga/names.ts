/**
 * How our objects and askers are called in OpenFGA, whose ids are short, without spaces, `:` and `#`: by their own ids
 * where those fit, by a digest otherwise, which begins with a sign that no id of ours that fits can have. Capital letters
 * do not fit: a server on MySQL took two ids for one that differ in letter case alone (GHSA-cf98-j28v-49v6).
 */
import { hash } from 'node:crypto'
import type { ObjectKey } from '../objects.ts'

const fitting = /^[a-z0-9_.~@|/+=-]{1,200}$/

const idOf = (id: string): string => (fitting.test(id) ? id : `!${hash('sha256', id, 'base64url')}`)

export const objectName = (key: ObjectKey): string => {
  const colon = key.indexOf(':')
  return `${key.slice(0, colon)}:${idOf(key.slice(colon + 1))}`
}

export const principalName = (id: string): string => `principal:${idOf(id)}`

/** Whoever acts with one role alone: holds nothing by himself. */
export const roleBearer = 'principal:!role'

/** An object of the type on which nobody holds anything. */
export const absentName = (type: string): string => `${type}:!absent`

export const roleName = (id: string): string => `role:${idOf(id)}`

/** Whoever has the role. */
export const holdersName = (id: string): string => `${roleName(id)}#assignee`

/** Managed access is granted to it. */
export const anyoneName = 'principal:*'
