/** Turns the needs of a request into one list of questions for the engine, and finds its answers in it again. */
import { type Action, type ContentResource, isContent, type Need, type Resource } from '#model/access.ts'
import type { CompiledModel } from './compiled-model.ts'
import type { Level } from './data-levels.ts'
import type { GovernedObject, GovernedObjects } from './governed.ts'
import type { Question } from './grants.ts'
import { chainOf, type ObjectKey, type Tree } from './objects.ts'

/** A need, and where in the list it is answered; -1: the model knows no such permission. */
export interface AskedNeed {
  readonly need: Need
  readonly chain: readonly ObjectKey[]
  readonly allowed: number
  /** May the asker know of the object? */
  readonly seen: number
  /** Of a mounted object that is known by a uuid: by what it lies in alone. */
  readonly above?: { readonly place: number; readonly uuid: string }
}

export interface Asking {
  readonly questions: readonly Question[]
  readonly asked: readonly AskedNeed[]
  /** How far data may be handed out, where that was asked: of what was known before, -1 for the rest. */
  readonly data?: { readonly read: number; readonly write: number; readonly chain: readonly ObjectKey[] }
}

export interface AskingDeps {
  readonly model: Pick<CompiledModel, 'has'>
  readonly tree: Tree
}

export type GovernedByKey = ReadonlyMap<ObjectKey, GovernedObject>

const permissions = new Map<Action, string>()

/** The permission of the model that an action needs: `change-schema` is `can_change_schema`. */
export const permissionOf = (action: Action): string => {
  const known = permissions.get(action)
  if (known !== undefined) return known
  const permission = `can_${action.replaceAll('-', '_')}`
  permissions.set(action, permission)
  return permission
}

const isMounted = (resource: Resource): resource is ContentResource =>
  isContent(resource) && resource.mount !== undefined

const nothingGoverned: GovernedByKey = new Map()

/** What is known of those that are mounted tables and views. At once where there are none, or it is remembered. */
export const governedAmong = (
  resources: readonly Resource[],
  { tree, governed }: { readonly tree: Tree; readonly governed: GovernedObjects },
): GovernedByKey | Promise<GovernedByKey> => {
  const keys = resources.filter(isMounted).flatMap((resource) => chainOf(resource, tree).slice(0, 1))
  return keys.length === 0 ? nothingGoverned : governed.of(keys)
}

/** Without the object itself where no grant on it counts. */
export const countingChain = (
  resource: Resource,
  tree: Tree,
  governed: GovernedByKey,
): readonly ObjectKey[] => {
  const chain = chainOf(resource, tree)
  const [own] = chain
  return isMounted(resource) && own !== undefined && governed.get(own)?.suspended ? chain.slice(1) : chain
}

/** Whose data is handed out along with an answer: the table that is loaded. */
const isLoad = ({ action, resource }: Need): boolean =>
  resource.kind === 'table' && (action === 'describe' || action === 'read')

type LevelOf = (chain: readonly ObjectKey[]) => Level | undefined

export const createAsking = ({ model, tree }: AskingDeps, governed: GovernedByKey) => {
  const questions: Question[] = []
  const push = (relation: string, type: Resource['kind'], chain: readonly ObjectKey[]): number => {
    if (!model.has(type, relation)) return -1
    questions.push({ relation, type, chain })
    return questions.length - 1
  }
  const aboveOf = ({ action, resource }: Need, chain: readonly ObjectKey[]): Pick<AskedNeed, 'above'> => {
    const [own] = chain
    const uuid = isMounted(resource) && own !== undefined ? governed.get(own)?.uuid : undefined
    if (uuid === undefined) return {}
    return { above: { uuid, place: push(permissionOf(action), resource.kind, chain.slice(1)) } }
  }
  const ask = (need: Need): AskedNeed => {
    const { action, resource } = need
    const chain = countingChain(resource, tree, governed)
    const allowed = push(permissionOf(action), resource.kind, chain)
    const seen = action === 'describe' ? allowed : push('can_describe', resource.kind, chain)
    return { need, chain, allowed, seen, ...aboveOf(need, chain) }
  }
  return {
    /** `levelOf`: what is known of the data of the table that is loaded; absent where nobody wants any. */
    of: (needs: readonly Need[], levelOf?: LevelOf): Asking => {
      const asked = needs.map(ask)
      const load = levelOf && asked.find(({ need }) => isLoad(need))
      if (load === undefined) return { questions, asked }
      const { chain } = load
      const level = levelOf?.(chain)
      const read = level === 'none' ? -1 : push('can_read', 'table', chain)
      const write = level === undefined ? push('can_write', 'table', chain) : -1
      return { questions, asked, data: { read, write, chain } }
    },
  }
}
