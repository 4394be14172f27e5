/** The completion scripts in the shells that are there. */
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { completionOf } from '#cli/completion.ts'
import { createRows } from '#cli/run.ts'
import { processCommands } from '../../../src/process-commands.ts'
import { untried } from '../../support/fake-terminal.ts'

const rows = createRows(processCommands, untried)

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'exit']).status === 0

const run = (shell: string, script: string): readonly string[] =>
  execFileSync(shell, ['-c', `${completionOf(rows, shell)}\n${script}`], { encoding: 'utf8' })
    .split(/\s+/)
    .filter((word) => word !== '')
    .sort()

const bash = (...words: string[]): readonly string[] => {
  const typed = words.map((word) => `'${word}'`).join(' ')
  return run(
    'bash',
    `COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _lakegate; echo "\${COMPREPLY[@]}"`,
  )
}

describe.skipIf(!isThere('bash'))('bash', () => {
  test('completes words, words below words, and options', () => {
    expect(bash('lakegate', 'warehou')).toEqual(['warehouse'])
    expect(bash('lakegate', 'role', 'members', '')).toEqual(['add', 'all', 'list', 'remove'])
    expect(bash('lakegate', 'migrate-schema', '--')).toEqual(['--config', '--data'])
    expect(bash('lakegate', 'role', 'members', 'add', '--pro')).toEqual(['--profile', '--project'])
  })

  test('does not take the value of an option for a word', () => {
    expect(bash('lakegate', '--profile', 'role', 'warehou')).toEqual(['warehouse'])
  })
})

describe.skipIf(!isThere('zsh'))('zsh', () => {
  test('offers what may come next', () => {
    const script = `compadd() { shift; print -- "$@" }; words=(lakegate role members ''); CURRENT=4; _lakegate`
    const stubbed = `compdef() { : }\n${completionOf(rows, 'zsh')}\n${script}`
    const offered = execFileSync('zsh', ['-f', '-c', stubbed], { encoding: 'utf8' })
    expect(offered.trim().split(' ')).toEqual(['list', 'all', 'add', 'remove'])
  })
})

describe.skipIf(!isThere('fish'))('fish', () => {
  test('completes words, and options with what they are for', () => {
    expect(run('fish', 'complete -C "lakegate --profile role warehou"')).toEqual(['warehouse'])
    expect(run('fish', 'complete -C "lakegate migrate-schema --co"').join(' ')).toContain('--config')
  })
})
