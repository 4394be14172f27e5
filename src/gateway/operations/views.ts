import type { IcebergDeps } from './place.ts'
import { type CommitRelation, createRelationOperations } from './relations.ts'
import { guardingOwners, type Look } from './view-owners.ts'

const present: Look<CommitRelation> = async ({ context, target: { route, input } }) => {
  const loaded = await route.catalog.views?.load(context, input.id, { snapshots: 'all' })
  return loaded === 'not-modified' ? undefined : loaded
}

const unseen = async (): Promise<undefined> => undefined

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
    registerView: guarding(relations.register, unseen),
    loadView: relations.load,
    viewExists: relations.exists,
    replaceView: guarding(relations.commit, present),
    dropView: relations.drop,
    renameView: relations.rename,
  }
}
