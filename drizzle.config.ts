import { defineConfig } from 'drizzle-kit'

/** `npx drizzle-kit generate` writes the next schema change; see src/store/README.md for what is edited by hand. */
export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/store/schema.ts',
    './src/store/schema-identity.ts',
    './src/store/schema-operations.ts',
    './src/store/schema-policy.ts',
  ],
  out: './src/store/changes',
})
