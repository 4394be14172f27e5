/** The table of commands against itself and against the operations of the management face. */
import { describe, expect, test } from 'vitest'
import { type CallCommand, type Option, optionsOf } from '#cli/command.ts'
import { callCommands, createRows } from '#cli/run.ts'
import { processCommands } from '../../../src/process-commands.ts'
import { faces } from '../../support/api-document.ts'
import { untried } from '../../support/fake-terminal.ts'

const rows = createRows(processCommands, untried)

/** The name of a parameter is the server's own affair. */
const bare = (line: string): string => line.replaceAll(/\{[^}]+\}/g, '{}')

const served = faces
  .filter(({ base }) => base === '/management')
  .flatMap(({ endpoints }) => endpoints.map(({ method, template }) => bare(`${method} ${template}`)))

/** `lakegate bootstrap` speaks to the database, so that it also works before anybody can sign in. */
const elsewhere = ['POST /v1/bootstrap']

const linesOf = ({ line, also = [] }: CallCommand): readonly string[] => [line, ...also].map(bare)

const ownLines = rows.flatMap((row) => ('lines' in row ? (row.lines ?? []) : [])).map(bare)

describe('the table of commands', () => {
  test('reaches every operation of the management API', () => {
    const reached = new Set([...callCommands.flatMap(linesOf), ...ownLines, ...elsewhere])
    expect(served.filter((line) => !reached.has(line))).toEqual([])
  })

  test('asks for nothing that is not served', () => {
    const asked = [...callCommands.flatMap(linesOf), ...ownLines]
    expect(asked.filter((line) => !served.includes(line))).toEqual([])
  })

  test('has each command once, and none that begins with another one’s arguments', () => {
    const names = rows.map(({ name }) => name)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    const withArguments = rows.filter((row) => (row.arguments ?? []).length > 0).map(({ name }) => name)
    expect(withArguments.filter((name) => names.some((other) => other.startsWith(`${name} `)))).toEqual([])
  })

  test('gives a name of an option one meaning everywhere: with a value, or without', () => {
    const forms = new Map<string, Set<boolean>>()
    for (const { name, form } of rows.flatMap((row): readonly Option[] => optionsOf(row)))
      forms.set(name, (forms.get(name) ?? new Set()).add(form === 'switch'))
    expect([...forms].filter(([, meanings]) => meanings.size > 1).map(([name]) => name)).toEqual([])
  })

  test.each(callCommands.map((row) => [row.name, row] as const))(
    '%s fills every part of its path',
    (_, row) => {
      const wanted = [...row.line.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
      const given = (row.arguments ?? []).flatMap(({ to, kind }) => {
        if (!to?.startsWith('path.')) return []
        const name = to.slice('path.'.length)
        return kind === 'member' ? [`${name}_type`, `${name}_id`] : [name]
      })
      expect(given).toEqual(wanted)
    },
  )

  test.each(callCommands.map((row) => [row.name, row] as const))(
    '%s has optional arguments after the others, and many at the end',
    (_, row) => {
      const args = row.arguments ?? []
      const firstOptional = args.findIndex(({ optional }) => optional)
      if (firstOptional >= 0) expect(args.slice(firstOptional).every(({ optional }) => optional)).toBe(true)
      expect(args.slice(0, -1).some(({ many }) => many)).toBe(false)
    },
  )
})
