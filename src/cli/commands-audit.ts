/** Commands on the audit log. What may be long is shown as it comes. */
import type { Call, Option, Outcome, OwnCommand } from './command.ts'
import { CommandError, usageError } from './exit.ts'

const filters: readonly Option[] = [
  { name: 'since', about: 'not before this moment, e.g. 2026-11-21 or 2026-11-21T10:00:00Z' },
  { name: 'until', about: 'before this moment' },
  { name: 'entry-kind', about: 'decision or change' },
  { name: 'principal', about: 'who asked, by id' },
  { name: 'operation', about: 'what was asked, e.g. loadTable; several with commas' },
  { name: 'decision', about: 'allowed, denied or failed; several with commas' },
  { name: 'status', about: 'of the answer', form: 'number' },
  { name: 'request-id', about: 'all that one request left behind' },
  { name: 'in-warehouse', about: 'id of a warehouse' },
  { name: 'resource-kind', about: 'of what it was about, e.g. table' },
  { name: 'resource', about: 'its name, e.g. sales.orders, or its id' },
  { name: 'all-projects', about: 'the whole log, not that of the project', form: 'switch' },
]

const parameters: Readonly<Record<string, string>> = {
  since: 'from',
  until: 'to',
  'entry-kind': 'kind',
  'request-id': 'requestId',
  'in-warehouse': 'warehouse',
  'resource-kind': 'resourceKind',
}

const momentOf = (name: string, text: string): string => {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw usageError(`--${name} must be a moment, not ${text}`)
  return at.toISOString()
}

const lists = new Set(['operation', 'decision'])

/** What a filter's text says to the server: one value, or several. */
const valuesOf = (name: string, text: string): readonly string[] => {
  if (name === 'since' || name === 'until') return [momentOf(name, text)]
  return lists.has(name) ? text.split(',') : [text]
}

const queryOf = ({ values }: Call): URLSearchParams => {
  const query = new URLSearchParams()
  for (const { name, form } of filters) {
    const text = form === 'switch' ? undefined : values.text(name)
    if (text === undefined) continue
    for (const one of valuesOf(name, text)) query.append(parameters[name] ?? name, one)
  }
  return query
}

const pathOf = ({ values }: Call, rest = ''): string =>
  `/management/v1/${values.isSet('all-projects') ? 'server/' : ''}audit${rest}`

interface Entries {
  readonly entries: readonly unknown[]
  readonly 'next-page-token'?: string | null
  readonly count?: number
  readonly 'count-is-exact'?: boolean
}

const usualLimit = 100

const limitOf = ({ values }: Call): number => {
  const limit = Number(values.text('limit') ?? usualLimit)
  if (!Number.isInteger(limit) || limit < 1) throw usageError('--limit must be a number, 1 or more')
  return limit
}

const countText = ({ count, 'count-is-exact': exact }: Entries): string =>
  `${exact ? '' : 'about '}${count} ${count === 1 ? 'entry' : 'entries'} in all`

/** Pages may be short where what is asked for is rare. */
const runSearch = async (call: Call): Promise<Outcome> => {
  const query = queryOf(call)
  const limit = limitOf(call)
  const entries: unknown[] = []
  if (call.values.isSet('count')) query.set('count', 'true')
  let token: string | null | undefined = ''
  do {
    query.set('pageSize', String(Math.min(limit - entries.length, 1000)))
    query.set('pageToken', token)
    const { text } = await call.session.send({ method: 'GET', path: pathOf(call), query })
    const page = JSON.parse(text) as Entries
    if (page.count !== undefined) call.terminal.tell(countText(page))
    query.delete('count')
    entries.push(...page.entries)
    token = page['next-page-token']
  } while (token && entries.length < limit)
  return {
    answer: { entries },
    view: {
      list: 'entries',
      columns: ['at', 'kind', 'decision', 'status', 'principal', 'operation', 'request-id'],
    },
  }
}

/** Whole lines, each as it ends; blank ones say only that the server is still there. */
const byLine = (take: (line: string) => void): ((text: string) => void) => {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') take(line)
  }
}

const runExport = async (call: Call): Promise<Outcome> => {
  const receive = byLine((line) => call.terminal.print(line))
  await call.session.send({ method: 'GET', path: pathOf(call, '/export'), query: queryOf(call), receive })
  return { shown: true }
}

interface Report {
  readonly entries: number
  readonly blocks: number
  readonly retired: number
  readonly findings: number
  readonly tail: { readonly entries: number; readonly since: string | null }
  readonly newest: { readonly number: number; readonly hash: string } | null
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** The last lines of a verification, for people. */
export const reportText = ({ entries, blocks, retired, findings, tail, newest }: Report): string =>
  [
    `${plural(entries, 'entry', 'entries')} in ${plural(blocks, 'block', 'blocks')}${retired > 0 ? `, ${retired} of them retired` : ''}; not sealed yet: ${tail.entries}${tail.since === null ? '' : ` since ${tail.since}`}`,
    ...(newest ? [`Newest block, to be kept elsewhere: ${newest.number}:${newest.hash}`] : []),
    findings === 0 ? 'Nothing was altered.' : `${plural(findings, 'thing is', 'things are')} amiss.`,
  ].join('\n')

const runVerify = async (call: Call): Promise<Outcome> => {
  const { values, session, terminal } = call
  const query = new URLSearchParams()
  for (const anchor of values.text('anchor')?.split(',') ?? []) query.append('anchor', anchor)
  let report: Report | undefined
  const asJson = values.isSet('json')
  const receive = byLine((line) => {
    const item = JSON.parse(line) as { readonly message?: string; readonly report?: Report }
    report = item.report ?? report
    if (asJson) terminal.print(line)
    else if (item.message !== undefined) terminal.print(item.message)
  })
  await session.send({ method: 'GET', path: '/management/v1/audit/verify', query, receive })
  if (report === undefined) throw new CommandError('The verification broke off')
  if (!asJson) terminal.print(reportText(report))
  return { shown: true, failed: report.findings > 0 }
}

const runAnchor = async ({ session }: Call): Promise<Outcome> => {
  const { text } = await session.send({ method: 'GET', path: '/management/v1/audit/anchor' })
  const answer = JSON.parse(text) as { readonly anchor: string | null }
  return { answer, view: { columns: ['anchor', 'sealed-at'] } }
}

export const auditCommands: readonly OwnCommand[] = [
  {
    name: 'audit search',
    about: 'show entries of the audit log, newest first',
    options: [
      ...filters,
      { name: 'limit', about: `at most so many (default ${usualLimit})`, form: 'number' },
      { name: 'count', about: 'also tell how many there are', form: 'switch' },
    ],
    lines: ['GET /v1/audit', 'GET /v1/server/audit'],
    run: runSearch,
  },
  {
    name: 'audit export',
    about: 'print entries of the audit log, oldest first, a line of JSON each',
    options: filters,
    lines: ['GET /v1/audit/export', 'GET /v1/server/audit/export'],
    run: runExport,
  },
  {
    name: 'audit verify',
    about: 'tell what has been altered in the audit log; fails where anything has',
    options: [
      { name: 'anchor', about: 'kept from earlier, 12:<hash>; several with commas' },
      { name: 'database', about: 'read the database itself, as --config names it', form: 'switch' },
      { name: 'config', about: 'lakegate.yaml, with --database' },
      { name: 'data', about: 'data folder, with --database' },
    ],
    lines: ['GET /v1/audit/verify'],
    run: runVerify,
  },
  {
    name: 'audit anchor',
    about: 'print the newest block of the audit log, to be kept elsewhere',
    options: [
      { name: 'database', about: 'read the database itself, as --config names it', form: 'switch' },
      { name: 'config', about: 'lakegate.yaml, with --database' },
      { name: 'data', about: 'data folder, with --database' },
    ],
    lines: ['GET /v1/audit/anchor'],
    run: runAnchor,
  },
]
