/** Source text without its comments, and without the text of its strings where only code counts. */

const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n*[])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\/[dgimsuvy]*/g

export const codeOf = (text: string, strings: 'keep-strings' | 'drop-strings'): string =>
  text.replace(tokens, (token) => {
    if (token.startsWith('//') || token.startsWith('/*')) return token.replace(/[^\n]/g, ' ')
    if (strings === 'keep-strings') return token
    return token.startsWith('`') ? '``' : "''"
  })
