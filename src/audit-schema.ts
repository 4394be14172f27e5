/** The form of `server.audit`: how long the audit log is kept. */
import { type Static, Type } from 'typebox'

export const auditSchema = Type.Object(
  {
    'retention-days': Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 36_500,
        description:
          'Entries may go once they are older; a month goes as a whole, when its last day may. Their seals stay. Default: all are kept.',
      }),
    ),
  },
  { additionalProperties: false },
)

export interface AuditRules {
  /** Null: for ever. */
  readonly retentionDays: number | null
}

export const auditRulesOf = (keys: Static<typeof auditSchema> = {}): AuditRules => ({
  retentionDays: keys['retention-days'] ?? null,
})
