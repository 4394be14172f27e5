import { defineConfig } from 'vitest/config'

/** Where the run of everything collects figures; each vitest process adds a file of its own. */
const reports = process.env['LAKEGATE_REPORTS']

/** Three suites: pure logic (a minute), real services on this machine (minutes), real clients (long). */
export default defineConfig({
  test: {
    reporters:
      reports === undefined
        ? ['default']
        : ['default', ['json', { outputFile: `${reports}/vitest-${process.pid}.json` }]],
    // The search for secrets comes last.
    teardownTimeout: 120_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts', 'test/policies/**/*.test.ts'],
          // Not a bound on speed: properties over many cases take seconds where others work too.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/wire/**/*.test.ts', 'test/contract/**/*.test.ts'],
          globalSetup: ['test/support/leaks/run.ts'],
          setupFiles: ['test/support/leaks/name-test.ts', 'test/support/watch-answers.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/leaks/run.ts'],
          setupFiles: ['test/support/leaks/name-test.ts', 'test/support/watch-answers.ts'],
          testTimeout: 1_200_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
