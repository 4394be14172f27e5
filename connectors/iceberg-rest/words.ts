/** What differs between tables and views: the specification's words. */
import type { ErrorType } from '#model/errors.ts'
import { formatIdentifier, type Identifier } from '#model/identifier.ts'
import type { Expectation } from './translate.ts'

/** The specification's words for one of the two kinds. */
export interface Words {
  readonly space: 'tables' | 'views'
  readonly kind: 'table' | 'view'
  readonly title: 'Table' | 'View'
  readonly missing: ErrorType
  readonly create: string
  readonly commit: string
  readonly drop: string
  readonly rename: string
  readonly register: string
  readonly registerPath: string
  readonly exists: string
}

export const tableWords: Words = {
  space: 'tables',
  kind: 'table',
  title: 'Table',
  missing: 'NoSuchTableException',
  create: 'createTable',
  commit: 'updateTable',
  drop: 'dropTable',
  rename: 'renameTable',
  register: 'registerTable',
  registerPath: 'register',
  exists: 'tableExists',
}

export const viewWords: Words = {
  space: 'views',
  kind: 'view',
  title: 'View',
  missing: 'NoSuchViewException',
  create: 'createView',
  commit: 'replaceView',
  drop: 'dropView',
  rename: 'renameView',
  register: 'registerView',
  registerPath: 'register-view',
  exists: 'viewExists',
}

/** Of an operation on one table or view: it is named as missing also where its namespace is. */
export const expectOne = (words: Words, id: Identifier): Expectation => ({
  missing: words.missing,
  alsoMissing: 'NoSuchNamespaceException',
  conflict: 'AlreadyExistsException',
  message: `${words.title} does not exist: ${formatIdentifier(id)}`,
})
