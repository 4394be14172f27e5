/** Conditions of a caller's own making as SQL: columns and operators are ours, values are parameters. */
import { storable } from './outbox.ts'

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'present'; readonly column: string }
  | {
      readonly kind: 'compare'
      readonly column: string
      readonly comparison: Comparison
      readonly value: string | boolean | null
    }

export interface Column {
  readonly sql: string
  /** `folded`: text in any letter case. */
  readonly type: 'folded' | 'exact' | 'boolean' | 'time'
  /** Equality in a form that an index serves, where that is another one. */
  readonly equals?: (parameter: string) => string
}

export interface Where {
  readonly text: string
  readonly values: readonly unknown[]
}

const casts: Readonly<Record<Column['type'], string>> = {
  folded: 'text',
  exact: 'text',
  boolean: 'boolean',
  time: 'timestamptz',
}

const ordered: Readonly<Partial<Record<Comparison, string>>> = { gt: '>', ge: '>=', lt: '<', le: '<=' }

const compared = (column: Column, comparison: Comparison, parameter: string): string => {
  const fold = (sql: string): string => (column.type === 'folded' ? `lower(${sql})` : sql)
  const [left, right] = [fold(column.sql), fold(parameter)]
  switch (comparison) {
    case 'eq':
      return column.equals?.(parameter) ?? `${left} = ${right}`
    case 'ne':
      return `${left} is distinct from ${right}`
    case 'co':
      return `strpos(${left}, ${right}) > 0`
    case 'sw':
      return `starts_with(${left}, ${right})`
    case 'ew':
      return `right(${left}, length(${right})) = ${right}`
    default:
      return `${left} ${ordered[comparison]} ${right}`
  }
}

const absence = (column: Column, comparison: Comparison): string =>
  `${column.sql} is ${comparison === 'eq' ? '' : 'not '}null`

/** Parameters are numbered after those that are there already. The caller knows every column and its operators. */
export const whereOf = (
  condition: Condition | undefined,
  columns: Readonly<Record<string, Column>>,
  taken: readonly unknown[],
): Where => {
  const values = [...taken]
  const columnOf = (name: string): Column => {
    const column = columns[name]
    if (column === undefined) throw new Error(`no such column: ${name}`)
    return column
  }
  const leaf = (asked: Extract<Condition, { kind: 'compare' }>): string => {
    const column = columnOf(asked.column)
    if (asked.value === null) return absence(column, asked.comparison)
    values.push(typeof asked.value === 'string' ? storable(asked.value) : asked.value)
    return compared(column, asked.comparison, `$${values.length}::${casts[column.type]}`)
  }
  const textOf = (asked: Condition): string => {
    switch (asked.kind) {
      case 'not':
        // What is unknown of an absent value is false. Said here and not of each comparison, which an index may serve.
        return `not coalesce(${textOf(asked.of)}, false)`
      case 'present':
        return `${columnOf(asked.column).sql} is not null`
      case 'compare':
        return leaf(asked)
      default:
        return `(${asked.of.map(textOf).join(` ${asked.kind} `)})`
    }
  }
  const text = condition === undefined ? 'true' : textOf(condition)
  return { text, values }
}

/** Pages by number: the first row is 0. */
export interface OffsetPage {
  readonly offset: number
  readonly limit: number
}

export interface Counted<T> {
  readonly total: number
  readonly items: readonly T[]
}
