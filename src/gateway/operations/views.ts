import type { IcebergDeps } from './place.ts'
import { createRelationOperations } from './relations.ts'

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
  return {
    listViews: relations.list,
    createView: relations.create,
    registerView: relations.register,
    loadView: relations.load,
    viewExists: relations.exists,
    replaceView: relations.commit,
    dropView: relations.drop,
    renameView: relations.rename,
  }
}
