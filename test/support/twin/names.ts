/** Names that collide often: tables and views share them. */
import type { Random } from './random.ts'
import type { TwinIdentifier, World } from './world.ts'

const names = ['a', 'b', 'c', 'd e', 'ünï']

/** The namespaces of a sequence; the last one is never created. */
export const namespacesOf = (world: World): readonly (readonly string[])[] => [
  [world.root],
  [world.root, 'inner'],
  [world.root, 'inner', 'most deeply'],
  [world.root, 'void'],
]

export const someNamespace = (random: Random, world: World): readonly string[] =>
  random.weighted([
    [6, [world.root]],
    [3, [world.root, 'inner']],
    [1, [world.root, 'inner', 'most deeply']],
    [0.3, [world.root, 'void']],
  ])

/** Mostly one that exists, so that requests meet each other. */
export const someIdentifier = (random: Random, world: World): TwinIdentifier => ({
  namespace: someNamespace(random, world),
  name: random.pick(names),
})
