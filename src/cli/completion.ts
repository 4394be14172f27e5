/** Completion scripts for bash, zsh and fish, written from the rows: nothing runs while somebody types. */
import { type Command, type Option, optionsOf } from './command.ts'
import { usageError } from './exit.ts'
import { nextWords } from './parse.ts'

interface Level {
  /** Words typed so far, with spaces between; empty at the start. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly about: string }[]
  readonly options: readonly Option[]
}

const levelsOf = (rows: readonly Command[]): readonly Level[] => {
  const paths = new Set([''])
  for (const { name } of rows)
    for (const [i] of name.split(' ').entries())
      paths.add(
        name
          .split(' ')
          .slice(0, i + 1)
          .join(' '),
      )
  return [...paths].sort().map((path) => {
    const typed = path === '' ? [] : path.split(' ')
    const own = rows.find(({ name }) => name === path)
    return {
      path,
      words: nextWords(rows, typed).map((word) => ({
        word,
        about: rows.find(({ name }) => name === [...typed, word].join(' '))?.about ?? '',
      })),
      options: own === undefined ? [] : optionsOf(own),
    }
  })
}

/** Options that a value follows, so that the value is not taken for a word. */
const valueOptions = (rows: readonly Command[]): readonly string[] => [
  ...new Set(
    rows
      .flatMap(optionsOf)
      .filter(({ form }) => form !== 'switch')
      .map(({ name }) => `--${name}`),
  ),
]

const candidates = ({ words, options }: Level): string =>
  [...words.map(({ word }) => word), ...options.map(({ name }) => `--${name}`)].join(' ')

const shellCases = (levels: readonly Level[]): string =>
  levels.map((level) => `    '${level.path}') candidates='${candidates(level)}' ;;`).join('\n')

/** Shared by bash and zsh: walks the words to the row that is being typed. */
const walk = (rows: readonly Command[], words: string): string => `  local at='' word='' skip='' candidates=''
  for word in ${words}; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
      ${valueOptions(rows).join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }$word" in
      ${levelsOf(rows)
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case $at in
${shellCases(levelsOf(rows))}
  esac`

const bash = (rows: readonly Command[]): string => `# bash completion for lakegate
_lakegate() {
${walk(rows, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _lakegate lakegate`

const zsh = (rows: readonly Command[]): string => `#compdef lakegate
_lakegate() {
${walk(rows, `"\${(@)words[2,CURRENT-1]}"`)}
  compadd -- \${=candidates} || _files
}
compdef _lakegate lakegate`

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const fishLines = ({ path, words, options }: Level): readonly string[] => {
  const here = `-n '__lakegate_at ${fishQuoted(path).replaceAll("'", '"')}'`
  return [
    ...words.map(({ word, about }) => `complete -c lakegate -f ${here} -a ${word} -d ${fishQuoted(about)}`),
    ...options.map(
      ({ name, about, form }) =>
        `complete -c lakegate ${here} -l ${name}${form === 'switch' ? '' : ' -r'} -d ${fishQuoted(about)}`,
    ),
  ]
}

const fish = (rows: readonly Command[]): string => {
  const levels = levelsOf(rows)
  const known = levels.filter(({ path }) => path !== '').map(({ path }) => fishQuoted(path))
  return `# fish completion for lakegate
function __lakegate_at
    set -l at ''
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
            continue
        end
        if contains -- $word ${valueOptions(rows).join(' ')}
            set skip 1
            continue
        end
        set -l next (string trim "$at $word")
        if contains -- $next ${known.join(' ')}
            set at $next
        end
    end
    test "$at" = "$argv[1]"
end
${levels.flatMap(fishLines).join('\n')}`
}

const shells = { bash, zsh, fish } as const

export const completionOf = (rows: readonly Command[], shell: string): string => {
  if (shell === 'bash' || shell === 'zsh' || shell === 'fish') return shells[shell](rows)
  throw usageError(`There is completion for bash, zsh and fish, not for ${shell}`)
}
