/** Answers for people: a list as a table, one object as lines. */
import type { View } from './command.ts'
import type { Wire } from './management-client.ts'

const isObject = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One line, without what a terminal would obey. */
const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}')

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return '-'
  if (typeof value === 'string') return value === '' ? '-' : plain(value)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return plain(value.join('/')) || '.'
  return typeof value === 'object' ? plain(JSON.stringify(value)) : String(value)
}

const valueAt = (row: Wire, path: string): unknown =>
  path.split('.').reduce<unknown>((value, member) => (isObject(value) ? value[member] : undefined), row)

/** `a|b.c`: the first that is there. */
const cellOf = (row: Wire, column: string): unknown =>
  column
    .split('|')
    .map((path) => valueAt(row, path))
    .find((value) => value !== undefined)

const headOf = (column: string): string => {
  const [first = ''] = column.split('|')
  return first.replaceAll(/[.-]/g, ' ').toUpperCase()
}

const tableOf = (rows: readonly unknown[], columns: readonly string[]): string => {
  const cells = rows.map((row) => columns.map((column) => shown(isObject(row) ? cellOf(row, column) : row)))
  const lines = [columns.map(headOf), ...cells]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const cardOf = (row: Wire, columns: readonly string[]): string => {
  const names = columns.length > 0 ? columns : Object.keys(row)
  const width = Math.max(...names.map((name) => headOf(name).length))
  return names
    .filter((name) => cellOf(row, name) !== undefined)
    .map((name) => `${headOf(name).toLowerCase().padEnd(width)}  ${shown(cellOf(row, name))}`)
    .join('\n')
}

const noView: View = { columns: [] }

/** Empty for an answer without content. */
export const textOf = (answer: unknown, view: View = noView): string => {
  if (!isObject(answer)) return answer === undefined ? '' : JSON.stringify(answer, undefined, 2)
  const list = view.list === undefined ? undefined : answer[view.list]
  if (Array.isArray(list)) return list.length === 0 ? 'None.' : tableOf(list, view.columns)
  return Object.keys(answer).length === 0 ? '' : cardOf(answer, view.columns)
}
