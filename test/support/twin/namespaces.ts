/** Random requests around namespaces, and those that tables and views have in common. */
import type { JsonObject } from '../../../src/model/json.ts'
import { namespacesOf, someIdentifier, someNamespace } from './names.ts'
import type { Random } from './random.ts'
import { wire } from './tables.ts'
import { type Kind, nameKey, ofKind, type TwinRequest, type World } from './world.ts'

const keys = ['owner', 'comment', 'ünï', 'a.b']

const properties = (random: Random): JsonObject =>
  Object.fromEntries(random.some(keys).map((key) => [key, random.pick(['x', 'y', '', 'zürich'])]))

/** The requests with which every sequence begins. */
export const createParents = (world: World): TwinRequest[] =>
  namespacesOf(world)
    .slice(0, 2)
    .map((namespace) => ({
      name: 'createNamespace',
      method: 'POST',
      path: ['namespaces'],
      body: { namespace },
    }))

export const createNamespace = (random: Random, world: World): TwinRequest => {
  const namespace = random.pick(namespacesOf(world).slice(0, 3))
  const sent = random.chance(0.7) ? { properties: properties(random) } : {}
  return { name: 'createNamespace', method: 'POST', path: ['namespaces'], body: { namespace, ...sent } }
}

export const loadNamespace = (random: Random, world: World): TwinRequest => ({
  name: 'loadNamespaceMetadata',
  method: random.pick(['GET', 'HEAD']),
  path: ['namespaces', someNamespace(random, world)],
})

export const dropNamespace = (random: Random, world: World): TwinRequest => ({
  name: 'dropNamespace',
  method: 'DELETE',
  path: ['namespaces', random.pick(namespacesOf(world).slice(1))],
})

export const updateNamespace = (random: Random, world: World): TwinRequest => ({
  name: 'updateProperties',
  method: 'POST',
  path: ['namespaces', someNamespace(random, world), 'properties'],
  body: {
    ...(random.chance(0.8) ? { updates: properties(random) } : {}),
    ...(random.chance(0.5) ? { removals: random.some(keys, 0.3) } : {}),
  },
})

export const list = (random: Random, world: World): TwinRequest => {
  const what = random.pick(['tables', 'views', 'namespaces'])
  if (what === 'namespaces') {
    const parent = random.pick(namespacesOf(world))
    return { name: 'listNamespaces', method: 'GET', path: ['namespaces'], parent }
  }
  return { name: `list ${what}`, method: 'GET', path: ['namespaces', someNamespace(random, world), what] }
}

const someKind = (random: Random): Kind => random.pick(['table', 'view'])

export const exists = (random: Random, world: World): TwinRequest => {
  const id = someIdentifier(random, world)
  const kind = someKind(random)
  return { name: `${kind}Exists`, method: 'HEAD', path: ['namespaces', id.namespace, `${kind}s`, id.name] }
}

export const drop = (random: Random, world: World): TwinRequest => {
  const kind = someKind(random)
  const known = ofKind(world, kind)
  const id = known.length > 0 && random.chance(0.8) ? random.pick(known).id : someIdentifier(random, world)
  const query =
    kind === 'table' && random.chance(0.3) ? { purgeRequested: random.pick(['false', 'False']) } : undefined
  return {
    name: `drop ${kind}`,
    method: 'DELETE',
    path: ['namespaces', id.namespace, `${kind}s`, id.name],
    ...(query === undefined ? {} : { query }),
    settle: (into) => {
      const object = into.live.get(nameKey(id))
      into.live.delete(nameKey(id))
      if (object !== undefined) into.dropped.push(object)
    },
  }
}

export const rename = (random: Random, world: World): TwinRequest => {
  const kind = someKind(random)
  const known = ofKind(world, kind)
  const source =
    known.length > 0 && random.chance(0.85) ? random.pick(known).id : someIdentifier(random, world)
  const destination = someIdentifier(random, world)
  return {
    name: `rename ${kind}`,
    method: 'POST',
    path: [`${kind}s`, 'rename'],
    body: { source: wire(source), destination: wire(destination) },
    settle: (into) => {
      const object = into.live.get(nameKey(source))
      if (object === undefined) return
      into.live.delete(nameKey(source))
      into.live.set(nameKey(destination), { ...object, id: destination })
    },
  }
}
