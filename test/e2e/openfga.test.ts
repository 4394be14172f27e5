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

/** A few a world, each of what a relation leads to, of all objects of a type: most of some that lead anywhere. */
const picks = fc.array(fc.nat(), { minLength: 4, maxLength: 4 })

const picked = (pick: readonly number[], allowed: readonly Asked[]): readonly Asked[] =>
  pick.map((n, i) => {
    const from = i === 0 || allowed.length === 0 ? questions : allowed
    return from[n % from.length] as Asked
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
  const count = { allowed: 0, listed: 0, lists: 0, forGood: 0 }
  const property = fc.asyncProperty(
    worldsOf(authorizationModel),
    subjects,
    picks,
    async (world, subject, pick) => {
      await engines.show(world)
      const ours = await engines.embedded(subject, questions)
      const theirs = await engines.server(subject, questions)
      expect(questions.filter((_, i) => theirs[i]).map(named)).toEqual(
        questions.filter((_, i) => ours[i]).map(named),
      )
      // The same by another clock: not of each world, since it is as much again.
      if ((pick[0] ?? 0) % 8 === 0) {
        const [ourEnd, theirEnd] = await engines.forGood(subject, questions)
        expect(theirEnd).toEqual(ourEnd)
        count.forGood += questions.length
      }
      const allowed = questions.filter((_, i) => ours[i])
      count.allowed += allowed.length
      for (const { type, relation } of picked(pick, allowed)) {
        const found = allowed
          .filter((one) => one.type === type && one.relation === relation)
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
      `${count.lists} listings of ${count.listed} objects, ${count.forGood} checks of what is held for good; none differs`,
  )
  expect(count.allowed).toBeGreaterThan(runs)
  expect(count.listed).toBeGreaterThan(runs)
})
