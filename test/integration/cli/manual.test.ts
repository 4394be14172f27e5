/** The manual against the table of commands. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { signatureOf } from '#cli/command.ts'
import { exitCodes } from '#cli/exit.ts'
import { createRows } from '#cli/run.ts'
import { processCommands } from '../../../src/process-commands.ts'
import { untried } from '../../support/fake-terminal.ts'

const manual = await readFile(resolve(import.meta.dirname, '../../../docs/cli.md'), 'utf8')

test('every command is in the manual, and the manual has no other', () => {
  const said = manual.slice(manual.indexOf('## Commands')).match(/^\| `.*$/gm)
  const rows = createRows(processCommands, untried).map((row) => `| \`${signatureOf(row)}\` | ${row.about} |`)
  expect(said).toEqual(rows)
})

test('every exit code is in the manual', () => {
  const said = [...manual.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code))
  expect(said).toEqual(Object.values(exitCodes))
})
