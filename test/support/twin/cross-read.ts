/** Lets the reference server read what the other one has written: its files must be readable in Java, and say the same. */
import { isJsonObject, type JsonObject } from '../../../src/model/json.ts'
import { differences, outcomeOf } from './compare.ts'
import { namespacesOf } from './names.ts'
import type { Exchange } from './run.ts'
import type { Answer, Side } from './side.ts'
import type { Kind, TwinIdentifier, TwinRequest, World } from './world.ts'

interface Written {
  readonly kind: Kind
  readonly id: TwinIdentifier
}

const identifiers = (answer: Answer): readonly TwinIdentifier[] =>
  (answer.body?.['identifiers'] ?? []) as unknown as readonly TwinIdentifier[]

const written = async (side: Side, world: World): Promise<Written[]> => {
  const all: Written[] = []
  for (const namespace of namespacesOf(world))
    for (const kind of ['table', 'view'] as const) {
      const path = ['namespaces', namespace, `${kind}s`]
      const answer = await side.send({ name: 'list', method: 'GET', path })
      all.push(...identifiers(answer).map((id) => ({ kind, id })))
    }
  return all
}

const load = ({ kind, id }: Written): TwinRequest => ({
  name: `load ${kind} to be read by the reference`,
  method: 'GET',
  path: ['namespaces', id.namespace, `${kind}s`, id.name],
})

/** Under a new name in the reference's own catalog; the file stays where it is. */
const register = (world: World, kind: Kind, metadataLocation: string): TwinRequest => ({
  name: `reads ${kind}`,
  method: 'POST',
  path: ['namespaces', [world.root], kind === 'table' ? 'register' : 'register-view'],
  body: { name: `read ${world.counter++}`, 'metadata-location': metadataLocation },
})

const metadataLocation = (body: JsonObject | undefined): string => {
  const location = body?.['metadata-location']
  return typeof location === 'string' ? location : ''
}

const metadata = (answer: Answer): Answer => {
  const held = answer.body?.['metadata']
  return answer.status === 200 && isJsonObject(held) ? { status: 200, body: held } : answer
}

/** One exchange an object: what the other server shows, and what the reference reads from its file. */
export const readByReference = async (
  { reference, other }: { readonly reference: Side; readonly other: Side },
  world: World,
): Promise<Exchange[]> => {
  const exchanges: Exchange[] = []
  for (const object of await written(other, world)) {
    const shown = await other.send(load(object))
    const request = register(world, object.kind, metadataLocation(shown.body))
    const read = await reference.send(request)
    // Paths and uuids are the other server's in both.
    const [a, b] = [read, shown].map((answer) => outcomeOf(other, metadata(answer), world.startedAt))
    if (a !== undefined && b !== undefined)
      exchanges.push({ request, reference: a, other: b, divergences: differences(a, b) })
  }
  return exchanges
}
