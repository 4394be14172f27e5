import { describe, expect, it } from 'vitest'
import { runClient } from './clients.ts'
import { type SetUpName, setUps } from './set-ups.ts'

/** Switched off in the kit by itself: an empty namespace (5), unique table locations (1). */
const perfect = { passed: 151, failed: 0, skipped: 6 }

/** On S3 one test more is skipped, which moves a local file. */
const expected: readonly (readonly [SetUpName, typeof perfect])[] = [
  ['embedded', perfect],
  ['postgres', perfect],
  ['s3', { passed: 150, failed: 0, skipped: 7 }],
  ['throughLakegate', perfect],
  // With a client secret, for tokens that are renewed several times meanwhile.
  ['renewedTokens', perfect],
  // The upstream can do neither dots nor slashes in names: four tests.
  ['throughReference', { passed: 147, failed: 0, skipped: 10 }],
]

describe("Iceberg's Java compatibility kit", () => {
  it.each(expected)('passes, with nested namespaces, dots and slashes: %s', async (name, figures) => {
    await using setUp = await setUps[name]()
    expect(await runClient(`rck-${name}`, 'rck', setUp.target)).toEqual(figures)
  })
})
