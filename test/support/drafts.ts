/** Builders of what travels with a request: audit drafts, events, idempotency claims, receipts. */
import { randomUUID } from 'node:crypto'
import type { AuditDraft, EventDraft, IdempotencyClaim, Receipt } from '#model/event.ts'

export const auditDraft = (over: Partial<AuditDraft> = {}): AuditDraft => ({
  requestId: randomUUID(),
  operation: 'updateTable',
  principal: { kind: 'token', id: 'token:static' },
  warehouse: 'w',
  project: 'p',
  needs: [{ action: 'write', resource: { kind: 'table', warehouse: 'w', namespace: ['a'], name: 't' } }],
  decision: 'allowed',
  reason: 'allow-all',
  status: 200,
  errorType: null,
  startedAt: new Date(),
  ...over,
})

export const eventDraft = (object: string, data: EventDraft['data'] = {}): EventDraft => ({
  type: 'table.committed',
  object,
  warehouse: 'w',
  data,
})

export const idempotencyClaim = (over: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
  scope: 'token:static w',
  key: randomUUID(),
  digest: 'digest-of-request',
  ...over,
})

export const receiptOf = (idempotency?: IdempotencyClaim): Receipt => ({
  audit: auditDraft(),
  ...(idempotency && { idempotency }),
  written: false,
})
