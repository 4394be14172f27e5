/** `lakegate audit verify` and `audit anchor` of the database itself: whoever reaches it needs no gateway for them. */
import { reportText } from '#cli/commands-audit.ts'
import { type Anchor, formatAnchor, parseAnchor } from '#store/audit-blocks.ts'
import { findAuditKey } from '#store/audit-key.ts'
import { loadNewestBlock } from '#store/audit-sealer.ts'
import { verifyAudit } from '#store/audit-verify.ts'
import type { Database } from '#store/database.ts'
import { createSealing } from '#store/sealing.ts'
import { type DatabaseCall, openPrepared } from './database-commands.ts'
import { createSecretResolver, openServerKey, sealingKeyOf } from './secrets.ts'

/** Undefined where the configuration has no server key: seals cannot be looked at then, all else can. */
const keyOf = async ({ config, environment }: DatabaseCall, database: Database) => {
  const { server } = config
  if (server.key === undefined && server.database !== 'embedded') return undefined
  const serverKey = await openServerKey(server, createSecretResolver(environment))
  return findAuditKey(database, createSealing(sealingKeyOf(serverKey)))
}

const readAnchors = (text: string | undefined): readonly Anchor[] =>
  (text?.split(',') ?? []).map((said) => {
    const anchor = parseAnchor(said)
    if (!anchor) throw new Error(`${said} is no anchor: it is like 12:<hash>`)
    return anchor
  })

/** Resolves with whether nothing is amiss. */
export const verifyDatabase = async (call: DatabaseCall, anchors: string | undefined): Promise<boolean> => {
  await using parts = new AsyncDisposableStack()
  const kept = readAnchors(anchors)
  const database = await openPrepared(call, parts)
  const key = await keyOf(call, database)
  if (!key) call.print('Seals are not looked at: the configuration has no server key, or nothing is sealed.')
  const steps = verifyAudit(database, { key, anchors: kept })
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) call.print(step.value.message)
  const { tail, ...report } = step.value
  call.print(reportText({ ...report, tail: { ...tail, since: tail.since?.toISOString() ?? null } }))
  return report.findings === 0
}

export const printAnchor = async (call: DatabaseCall): Promise<void> => {
  await using parts = new AsyncDisposableStack()
  const block = await loadNewestBlock(await openPrepared(call, parts))
  if (block === undefined) throw new Error('Nothing has been sealed yet')
  call.print(formatAnchor({ number: block.number, hash: block.hash.toString('hex') }))
}
