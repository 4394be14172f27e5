/** A run that leaks on purpose, and one that does not: `leaky` and `clean`. */
import { defineConfig } from 'vitest/config'

const project = (name: string) => ({
  test: {
    name,
    root: import.meta.dirname,
    include: [`${name}.test.ts`],
    globalSetup: ['../run.ts'],
    setupFiles: ['../name-test.ts'],
    testTimeout: 60_000,
  },
})

export default defineConfig({ test: { projects: [project('leaky'), project('clean')] } })
