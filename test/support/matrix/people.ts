/** Those who ask in the matrix: what each has been granted, on what, and what the rules say of them. */
import type { StoredGrant } from '../policy/naive.ts'
import type { Content } from './content.ts'

export interface Person {
  readonly name: string
  /** What has gone wrong with its token; such a one is nobody. */
  readonly token?: 'none' | 'expired' | 'of another audience'
  readonly member?: true
  readonly serverAdmin?: true
  readonly grants?: (content: Content) => readonly Pick<StoredGrant, 'object' | 'relation'>[]
  /** What the rules forbid: everything, or everything that is more than to look. */
  readonly forbidden?: 'everything' | 'changes'
}

const on = (relation: string, ...objects: readonly StoredGrant['object'][]) =>
  objects.map((object) => ({ object, relation }))

export const people: readonly Person[] = [
  { name: 'anonymous', token: 'none' },
  { name: 'expired token', token: 'expired' },
  { name: 'wrong audience', token: 'of another audience' },
  { name: 'no grant' },
  { name: 'modify on the parent', grants: ({ parent }) => on('modify', parent) },
  { name: 'select on the parent', grants: ({ parent }) => on('select', parent) },
  { name: 'create on the parent', grants: ({ parent }) => on('create', parent) },
  { name: 'describe on the objects', grants: ({ table, view }) => on('describe', table, view) },
  { name: 'append on the objects', grants: ({ table }) => on('append', table) },
  { name: 'ownership of the siblings', grants: ({ siblings }) => on('ownership', ...siblings) },
  { name: 'invisible parent', grants: ({ elsewhere }) => on('ownership', elsewhere) },
  { name: 'deny rule on changes', member: true, forbidden: 'changes' },
  { name: 'deny rule on everything', member: true, forbidden: 'everything' },
  { name: 'owner of the warehouse', grants: ({ warehouse }) => on('ownership', warehouse) },
  { name: 'server administrator', serverAdmin: true },
  { name: 'member of the project', member: true },
]

export const subjectOf = ({ name }: Person): string => name.replaceAll(' ', '-')
