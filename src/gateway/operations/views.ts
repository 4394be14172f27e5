import type { IcebergDeps } from './place.ts'
import { createRelationOperations } from './relations.ts'
import { guardingOwners } from './view-owners.ts'

export const createViewOperations = (deps: IcebergDeps) => {
  const relations = createRelationOperations(deps, 'view', {
    list: 'listViews',
    create: 'createView',
    register: 'registerView',
    load: 'loadView',
    exists: 'viewExists',
    commit: 'replaceView',
    drop: 'dropView',
    rename: 'renameView',
  })
  const guarding = guardingOwners(deps.engines)
  return {
    listViews: relations.list,
    createView: guarding(relations.create),
    registerView: guarding(relations.register),
    loadView: relations.load,
    viewExists: relations.exists,
    replaceView: guarding(relations.commit),
    dropView: relations.drop,
    renameView: relations.rename,
  }
}
