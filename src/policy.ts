/** Policy: who decides on access, and who has to hear of it when grants, rules or tags change. */
import type { Authorizer } from '#authz/authorizer.ts'
import { createMembershipAuthorizer } from '#authz/membership-authorizer.ts'
import type { PolicyMemory } from '#authz/policy-memory.ts'
import type { Standings } from '#authz/standing.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'

export interface PolicyDeps {
  readonly database: Database
  readonly serverId: string
  readonly standings: Standings
  /** From memory; undefined where no such warehouse is open. */
  readonly projectOf: (warehouseId: string) => string | undefined
  readonly report: (event: string, error: unknown) => void
}

export interface Policy {
  readonly authorizer: Authorizer
  /** As `GET /management/v1/info` names the authorizer. */
  readonly authorizerName: string
  /** Takes part in what is forgotten from here on. */
  remember(memory: PolicyMemory): void
  /** Of whatever kind: those of policy are picked out. What they tell of is in force here when it returns. */
  tell(events: readonly Pick<EventDraft, 'type'>[]): void
  /** Events may have been missed. */
  clear(): void
}

const isPolicyEvent = ({ type }: Pick<EventDraft, 'type'>): boolean =>
  /^(grant|rule|tag|managed-access)\./.test(type)

export const createPolicy = ({ standings, projectOf }: PolicyDeps): Policy => {
  const memories: PolicyMemory[] = []
  const clear = (): void => {
    for (const memory of memories) memory.forget()
  }
  return {
    authorizer: createMembershipAuthorizer({ standings, projectOf }),
    authorizerName: 'membership',
    remember: (memory) => {
      memories.push(memory)
    },
    tell: (events) => {
      if (events.some(isPolicyEvent)) clear()
    },
    clear,
  }
}
