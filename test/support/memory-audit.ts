/** An audit log in memory, for tests that ask nothing about the real one: it has what it is given. */
import type { AuditRegistry } from '#gateway/operations/management/audit.ts'
import type { AuditRecord } from '#store/audit-search.ts'

export const createMemoryAudit = (records: readonly AuditRecord[] = []): AuditRegistry => {
  const of = (project: string | undefined): readonly AuditRecord[] =>
    records.filter((record) => project === undefined || record.project === project)
  return {
    search: async ({ project }, { limit }) => ({ records: of(project).slice(0, limit) }),
    count: async ({ project }) => ({ count: of(project).length, exact: true }),
    newest: async () => undefined,
    verify: async function* () {
      yield* []
      return {
        ...{ entries: records.length, blocks: 0, retired: 0, findings: 0 },
        tail: { entries: 0, since: null },
        newest: null,
      }
    },
  }
}
