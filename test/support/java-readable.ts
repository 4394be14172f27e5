/** The checks on times that Iceberg's Java reader makes when it opens table metadata: what fails them is unreadable there. */

const oneMinuteMs = 60_000

type Entry = Readonly<Record<string, unknown>>

const times = (entries: unknown): number[] =>
  ((entries ?? []) as Entry[]).map((entry) => Number(entry['timestamp-ms']))

const disorder = (log: string, entries: readonly number[]): string[] =>
  entries.flatMap((time, i) => {
    const before = entries[i - 1]
    return before !== undefined && time - before < -oneMinuteMs
      ? [`${log}: entry ${i} is older than the one before it`]
      : []
  })

const late = (log: string, entries: readonly number[], updated: number): string[] => {
  const last = entries.at(-1)
  return last !== undefined && updated - last < -oneMinuteMs ? [`last-updated-ms is behind ${log}`] : []
}

/** Reasons why Java would refuse to read the document; empty where it reads it. */
export const timeFaults = (metadata: Readonly<Record<string, unknown>>): string[] => {
  const updated = Number(metadata['last-updated-ms'])
  return ['snapshot-log', 'metadata-log'].flatMap((log) => {
    const entries = times(metadata[log])
    return [...disorder(log, entries), ...late(log, entries, updated)]
  })
}
