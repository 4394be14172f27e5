import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AuditEntry,
  bindEntries,
  changeEntry,
  decisionEntry,
  digestEntry,
  encodeEntry,
} from '#store/audit-entries.ts'
import { encodeEvents } from '#store/outbox.ts'
import { auditDraft, eventDraft } from '../../support/drafts.ts'

const fields = [
  ...(['at', 'id', 'kind', 'request_id', 'operation', 'principal_kind'] as const),
  ...(['principal', 'warehouse', 'detail', 'decision', 'status'] as const),
  ...(['project', 'latency_ms'] as const),
] satisfies (keyof AuditEntry)[]

const anyText = fc.string({ unit: 'binary' })

describe('an audit entry', () => {
  it('has another digest when any of its columns is changed', () => {
    const entry = decisionEntry(auditDraft())
    for (const field of fields)
      expect(digestEntry({ ...entry, [field]: 'changed' }), field).not.toBe(digestEntry(entry))
  })

  it('names the reason that the client did not see', () => {
    const entry = decisionEntry(auditDraft({ decision: 'denied', reason: 'no grant', status: 404 }))
    expect(entry).toMatchObject({ kind: 'decision', decision: 'denied', status: 404 })
    expect(JSON.parse(entry.detail)).toMatchObject({ reason: 'no grant', errorType: null })
  })

  it('names where the request came from, where one did', () => {
    const sender = { address: '10.1.2.3', agent: 'spark/4.0' }
    expect(JSON.parse(decisionEntry(auditDraft({ sender })).detail)).toMatchObject(sender)
    expect(JSON.parse(decisionEntry(auditDraft()).detail)).not.toHaveProperty('address')
  })

  it('stays small whatever a client names, and says how much it leaves out', () => {
    const resource = { kind: 'namespace', warehouse: 'w', namespace: ['n'.repeat(1_000)] } as const
    const needs = Array.from({ length: 10_000 }, () => ({ action: 'write', resource }) as const)
    const { detail } = decisionEntry(auditDraft({ needs }))
    expect(detail.length).toBeLessThan(70_000)
    const kept = JSON.parse(detail) as { needs: unknown[]; needsOmitted: number }
    expect(kept.needs.length).toBeGreaterThan(10)
    expect(kept.needs.length + kept.needsOmitted).toBe(10_000)
  })

  it('is joined to the changes of its request by the request id', () => {
    const draft = auditDraft()
    const change = changeEntry(draft, eventDraft('t1'))
    expect(change.request_id).toBe(decisionEntry(draft).request_id)
    expect(JSON.parse(change.detail)).toEqual(eventDraft('t1'))
  })

  it('is encoded with text that Postgres can hold, and the digest of what is stored', () => {
    fc.assert(
      fc.property(anyText, anyText, (requestId, warehouse) => {
        const text = encodeEntry(decisionEntry(auditDraft({ requestId, warehouse })))
        const row = JSON.parse(text) as (string | number | null)[]
        const entry = Object.fromEntries(fields.map((field, i) => [field, row[i]])) as unknown as AuditEntry
        expect(hash('sha256', text, 'base64')).toBe(digestEntry(entry))
        expect(bindEntries([text, text]).split('\n')).toEqual([text, text])
        expect(entry.request_id).not.toContain('\u0000')
        expect(entry.request_id.isWellFormed()).toBe(true)
      }),
    )
  })
})

it('events are encoded with text that Postgres can hold', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const text = encodeEvents([eventDraft(value, { value, list: [value] })])
      expect(text).not.toContain('\\u0000')
      expect(text).not.toMatch(/\\ud[89a-f]/i)
    }),
  )
})
