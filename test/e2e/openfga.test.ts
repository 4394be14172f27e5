import fc from 'fast-check'
import { expect, test } from 'vitest'
import { authorizationModel } from '#authz/model.ts'
import type { ObjectKey } from '#authz/objects.ts'
import { objectName } from '#authz/openfga/names.ts'
import { startOpenFga } from '../support/openfga.ts'
import { openBothEngines } from '../support/policy/both-engines.ts'
import { everyQuestion, subjects, worldsOf } from '../support/policy/worlds.ts'

/** What both engines are asked at the least. */
const leastChecks = Number(process.env['LAKEGATE_POLICY_CHECKS'] ?? 100_000)

const questions = everyQuestion(authorizationModel)
const runs = Math.ceil(leastChecks / questions.length)

/** A few of them a world: each lists what a relation leads to, of all objects of a type. */
const listings = fc.uniqueArray(fc.constantFrom(...questions), {
  minLength: 5,
  maxLength: 5,
  selector: ({ type, relation }) => `${type} ${relation}`,
})

type Asked = (typeof questions)[number]

const named = ({ relation, chain: [object] }: Asked): string => `${relation} ${object}`

const open = async () => {
  const server = await startOpenFga()
  const access = { url: server.url, token: server.token, storeName: 'differential', timeoutMs: 60_000 }
  const engines = await openBothEngines(access)
  return { engines, [Symbol.asyncDispose]: server.stop }
}

test('an OpenFGA server answers as the embedded evaluator does, checks and listings', async () => {
  await using parts = await open()
  const { engines } = parts
  const count = { allowed: 0, listed: 0, lists: 0 }
  const property = fc.asyncProperty(
    worldsOf(authorizationModel),
    subjects,
    listings,
    async (world, subject, lists) => {
      await engines.show(world)
      const ours = await engines.embedded(subject, questions)
      const theirs = await engines.server(subject, questions)
      expect(questions.filter((_, i) => theirs[i]).map(named)).toEqual(
        questions.filter((_, i) => ours[i]).map(named),
      )
      count.allowed += ours.filter(Boolean).length
      for (const { type, relation } of lists) {
        const found = questions
          .filter((one, i) => ours[i] === true && one.type === type && one.relation === relation)
          .map(({ chain }) => objectName(chain[0] as ObjectKey))
        expect(await engines.listed(subject, { type, relation })).toEqual(found.sort())
        count.listed += found.length
        count.lists += 1
      }
    },
  )
  await fc.assert(property, { numRuns: runs, endOnFailure: true })
  console.log(
    `${runs * questions.length} checks in ${runs} worlds, ${count.allowed} allowed; ` +
      `${count.lists} listings of ${count.listed} objects; none differs`,
  )
  expect(count.allowed).toBeGreaterThan(runs)
  expect(count.listed).toBeGreaterThan(runs)
})
